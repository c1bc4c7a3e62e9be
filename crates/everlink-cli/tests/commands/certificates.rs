//! `everlink doctor` on TLS endpoints: certificates in order, soon to end, and expired.

use std::net::SocketAddr;
use std::sync::Arc;

use everlink_e2e::Program;
use everlink_testkit::server::ScriptedServer;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::Value;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::support::{SOON, everlink};

/// TLS in front of a server, and the file that makes it trusted.
struct Endpoint {
    url: String,
    authority: tempfile::NamedTempFile,
    _server: ScriptedServer,
}

impl Endpoint {
    async fn start(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let server = ScriptedServer::builder().build().await.unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let authority = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(authority.path(), certificate.pem()).unwrap();
        let builder =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = builder.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        let address = forward(TlsAcceptor::from(Arc::new(config)), server.local_addr()).await;
        let url = format!("wss://localhost:{}/", address.port());
        Self { url, authority, _server: server }
    }

    /// Returns the doctor's exit code and report.
    fn examine(&self) -> (i32, Value) {
        let mut command = everlink(&["doctor", &self.url, "--json", "--idle", "0s"]);
        command.args(["--tls-roots", "only_extra", "--tls-ca"]).arg(self.authority.path());
        let mut doctor = Program::start(&mut command).unwrap();
        let code = doctor.ended(SOON).unwrap();
        (code, serde_json::from_str(&doctor.output()[0]).unwrap())
    }
}

async fn forward(acceptor: TlsAcceptor, server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut inside = acceptor.accept(stream).await?;
                copy_bidirectional(&mut inside, &mut TcpStream::connect(server).await?).await
            });
        }
    });
    address
}

/// Returns the findings of one step: level and text.
fn findings(report: &Value, step: &str) -> Vec<(String, String)> {
    let all = report["findings"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    all.filter(|finding| finding["step"] == step)
        .map(|finding| (text(&finding["level"]), text(&finding["text"])))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn req_n06_a_certificate_in_order_is_shown_with_its_versions() {
    let (code, report) = Endpoint::start(|_| {}).await.examine();
    assert_eq!(code, 0, "{report:#}");
    let tls = findings(&report, "tls");
    assert!(tls.iter().all(|(level, _)| level == "good"), "{tls:?}");
    assert!(tls.iter().any(|(_, text)| text.contains("1.2 and 1.3")), "{tls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn req_n06_a_certificate_that_ends_soon_is_warned_of() {
    let soon = std::time::SystemTime::now() + std::time::Duration::from_secs(3 * 24 * 3600);
    let (code, report) = Endpoint::start(|params| params.not_after = soon.into()).await.examine();
    assert_eq!(code, 0, "{report:#}");
    let tls = findings(&report, "tls");
    let warned = tls.iter().any(|(level, text)| level == "warning" && text.contains("2 days left"));
    assert!(warned, "{tls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn req_n06_fault_07_an_expired_certificate_is_bad_and_the_clock_is_mentioned() {
    let expired = |params: &mut CertificateParams| {
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
    };
    let (code, report) = Endpoint::start(expired).await.examine();
    assert_eq!(code, 1, "{report:#}");
    let tls = findings(&report, "tls");
    let told = tls
        .iter()
        .any(|(level, text)| level == "bad" && text.contains("expired") && text.contains("clock"));
    assert!(told, "{tls:?}");
}
