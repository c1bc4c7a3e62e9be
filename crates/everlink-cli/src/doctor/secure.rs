//! TLS: versions, chain, expiry.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use everlink::dial::{
    DialError, DialOptions, Endpoint, TlsClient, TlsInfo, TlsOptions, TlsVersions, connect, resolve,
};
use serde_json::json;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::reach;
use super::report::{Level, Report};

/// A certificate that ends sooner than this is worth a warning.
const EXPIRY_WARNING: Duration = Duration::from_secs(14 * 24 * 3600);

/// Shakes hands with each version of TLS, and looks at what the server shows.
pub(super) async fn examine(
    endpoint: &Endpoint,
    options: &DialOptions,
    tls: &TlsOptions,
    report: &mut Report,
) {
    match shake(endpoint, options, options.tls()).await {
        Ok(info) => {
            let text = format!("{}, {}", info.version, info.cipher_suite);
            let data = json!({ "version": info.version, "cipher_suite": info.cipher_suite });
            report.add_with("tls", Level::Good, text, data);
            versions(endpoint, options, tls, report).await;
            chain(&info, report);
        }
        Err(error) => reach::failed("tls", &error, report),
    }
}

/// Asks for each version alone.
async fn versions(
    endpoint: &Endpoint,
    options: &DialOptions,
    tls: &TlsOptions,
    report: &mut Report,
) {
    let mut spoken = Vec::new();
    for (name, versions) in [("1.2", TlsVersions::Only12), ("1.3", TlsVersions::Only13)] {
        let Ok(client) = TlsClient::new(&tls.clone().versions(versions)) else { continue };
        if shake(endpoint, options, &client).await.is_ok() {
            spoken.push(name);
        }
    }
    let level = if spoken.contains(&"1.3") { Level::Good } else { Level::Note };
    let text = format!("versions: {}", spoken.join(" and "));
    report.add_with("tls", level, text, json!({ "versions": spoken }));
}

async fn shake(
    endpoint: &Endpoint,
    options: &DialOptions,
    tls: &TlsClient,
) -> Result<TlsInfo, DialError> {
    let limits = options.deadlines();
    let (host, port) = (endpoint.host(), endpoint.port());
    let addresses = resolve(options.resolver(), &host, port, limits.name).await?;
    let connected = connect(&addresses, options.tcp()).await?;
    let (_stream, info) = tls.handshake(connected.stream, &host, limits.tls).await?;
    Ok(info)
}

fn chain(info: &TlsInfo, report: &mut Report) {
    for (depth, der) in info.certificates.iter().enumerate() {
        match X509Certificate::from_der(der) {
            Ok((_, certificate)) => one(depth, &certificate, report),
            Err(error) => {
                let text = format!("certificate {depth} cannot be read: {error}");
                report.add("tls", Level::Warning, text);
            }
        }
    }
}

fn one(depth: usize, certificate: &X509Certificate<'_>, report: &mut Report) {
    let (subject, issuer) = (certificate.subject(), certificate.issuer());
    let ends = certificate.validity().not_after;
    let left = left(ends.timestamp());
    let (level, rest) = match left {
        None => (Level::Bad, "expired".to_owned()),
        Some(left) if left < EXPIRY_WARNING => (Level::Warning, format!("{} left", days(left))),
        Some(left) => (Level::Good, format!("{} left", days(left))),
    };
    let text = format!("certificate {depth}: {subject}, by {issuer}; until {ends}, {rest}");
    let data = json!({
        "depth": depth,
        "subject": subject.to_string(),
        "issuer": issuer.to_string(),
        "not_after_unix": ends.timestamp(),
    });
    report.add_with("tls", level, text, data);
}

/// Returns how long a moment lies ahead.
fn left(unix: i64) -> Option<Duration> {
    let end = UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(unix).ok()?))?;
    end.duration_since(SystemTime::now()).ok()
}

fn days(left: Duration) -> String {
    format!("{} days", left.as_secs() / (24 * 3600))
}
