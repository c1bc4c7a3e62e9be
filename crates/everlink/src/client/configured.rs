//! From loaded configuration to a client.

use std::path::Path;

use everlink_wire::ws::DeflateConfig;
use url::Url;

use super::builder::ClientBuilder;
use super::error::BuildError;
use crate::config::{ClientSettings, Loaded, TlsSettings};
use crate::dial::{Proxy, Roots, TlsOptions, TlsVersions};
use crate::outbox::DurableOutbox;

impl ClientBuilder {
    /// Starts from configuration: arguments, environment, files and profile, as
    /// [`Loader`](crate::config::Loader) has put them together. Reads the files that it names, and
    /// opens the durable outbox if it has one. What is set on the builder afterwards goes before.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names what cannot be used.
    pub fn from_config(loaded: &Loaded) -> Result<Self, BuildError> {
        let settings = &loaded.client;
        let mut urls = settings.urls.iter().map(|url| with_path(url, settings.path.as_deref()));
        let mut builder = Self::new(urls.next().ok_or(BuildError::NoUrl)?);
        for url in urls {
            builder = builder.url(url);
        }
        builder = builder.engine(loaded.engine.clone());
        for name in &settings.subprotocols {
            builder = builder.subprotocol(name);
        }
        for (name, value) in &settings.headers {
            builder = builder.header(name, value);
        }
        if settings.compression == Some(true) {
            builder = builder.deflate(DeflateConfig::default());
        }
        if let Some(proxy) = proxy(settings)? {
            builder = builder.dial(move |dial| dial.proxy(proxy.clone()));
        }
        let tls = tls(&settings.tls)?;
        builder = timeouts(builder.dial(move |dial| dial.tls(tls.clone())), settings);
        if let Some(path) = &settings.outbox.path {
            builder = builder.outbox(DurableOutbox::open(path, settings.outbox.limits)?);
        }
        Ok(builder)
    }
}

/// A URL that cannot be parsed is left as it is: building the client says what is wrong with it.
fn with_path(url: &str, path: Option<&str>) -> String {
    match (path, Url::parse(url)) {
        (Some(path), Ok(mut url)) => {
            url.set_path(path);
            url.into()
        }
        (None, _) | (_, Err(_)) => url.to_owned(),
    }
}

fn proxy(settings: &ClientSettings) -> Result<Option<Proxy>, BuildError> {
    let exceptions = settings.no_proxy.as_deref();
    Ok(match (settings.proxy.as_deref(), exceptions) {
        (None | Some("env"), _) => None,
        (Some("none"), _) => Some(Proxy::none()),
        (Some(url), None) => Some(Proxy::url(url)?),
        (Some(url), Some(exceptions)) => Some(Proxy::url_except(url, exceptions)?),
    })
}

fn tls(settings: &TlsSettings) -> Result<TlsOptions, BuildError> {
    let mut tls = TlsOptions::new();
    tls = match settings.roots {
        Some("bundled") => tls.roots(Roots::Bundled),
        Some("both") => tls.roots(Roots::Both),
        Some("only_extra") => tls.roots(Roots::OnlyExtra),
        Some(_) | None => tls,
    };
    tls = match settings.versions {
        Some("1.2") => tls.versions(TlsVersions::Only12),
        Some("1.3") => tls.versions(TlsVersions::Only13),
        Some(_) | None => tls,
    };
    if let Some(path) = &settings.ca {
        tls = tls.extra_ca_pem(read("tls.ca", path)?);
    }
    if let (Some(certificate), Some(key)) = (&settings.client_certificate, &settings.client_key) {
        let certificate = read("tls.client_certificate", certificate)?;
        tls = tls.client_certificate_pem(certificate, read("tls.client_key", key)?);
    }
    if let Some(name) = &settings.server_name {
        tls = tls.server_name(name);
    }
    Ok(tls)
}

fn read(setting: &'static str, path: &Path) -> Result<Vec<u8>, BuildError> {
    std::fs::read(path).map_err(|error| BuildError::File {
        setting,
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

fn timeouts(mut builder: ClientBuilder, settings: &ClientSettings) -> ClientBuilder {
    if let Some(value) = settings.name_timeout {
        builder = builder.dial(move |dial| dial.name_timeout(value));
    }
    if let Some(value) = settings.address_timeout {
        builder = builder.dial(move |dial| dial.address_timeout(value));
    }
    if let Some(value) = settings.proxy_timeout {
        builder = builder.dial(move |dial| dial.proxy_timeout(value));
    }
    if let Some(value) = settings.tls_timeout {
        builder = builder.dial(move |dial| dial.tls_timeout(value));
    }
    if let Some(value) = settings.upgrade_timeout {
        builder = builder.dial(move |dial| dial.upgrade_timeout(value));
    }
    builder
}
