//! Certificates: good, expired, for another name, from an unknown authority, and the client's own.

use std::net::SocketAddr;
use std::sync::Arc;

use everlink::dial::{Hint, Io, Phase, Roots, TlsOptions, TlsVersions};
use everlink_engine::Cause;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::support::{Answers, dial_url, drain, failure, listen, options, serve_websocket};

/// A certificate authority of the tests.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// Issues a certificate for `name`, changed by `change`; returns it and its key in PEM.
    pub(crate) fn issue(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> (String, String) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// Makes a server that shows a certificate for `name`, and asks for one of `clients`, if any.
    pub(crate) fn acceptor(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
        clients: Option<&Self>,
    ) -> TlsAcceptor {
        let (certificate, key) = self.issue(name, change);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = rustls::RootCertStore::empty();
                roots.add(authority.0.der().clone()).unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let mut config = builder.with_single_cert(chain, key).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A WebSocket server behind `acceptor`.
pub(crate) async fn tls_server(acceptor: TlsAcceptor) -> SocketAddr {
    listen(move |stream: TcpStream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                serve_websocket(stream, "", b"hello").await;
            }
        }
    })
    .await
}

fn trusting(authority: &Authority) -> TlsOptions {
    TlsOptions::new().roots(Roots::OnlyExtra).extra_ca_pem(authority.pem())
}

fn url(address: SocketAddr) -> String {
    format!("wss://server.test:{}/", address.port())
}

async fn check_rejected(
    acceptor: TlsAcceptor,
    tls: TlsOptions,
    cause: Cause,
) -> everlink::dial::DialError {
    let address = tls_server(acceptor).await;
    let options = options().tls(tls).resolver(Answers::always(&[address]));
    let (error, _) = failure(&url(address), options).await;
    assert_eq!((error.failure.cause, error.phase), (cause, Phase::Tls), "{error}");
    error
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_given_whatever_the_other_roots_are() {
    let authority = Authority::new();
    let address = tls_server(authority.acceptor("server.test", |_| {}, None)).await;
    for roots in [Roots::System, Roots::Bundled, Roots::Both, Roots::OnlyExtra] {
        let tls = trusting(&authority).roots(roots);
        let options = options().tls(tls).resolver(Answers::always(&[address]));
        let opened = dial_url(&url(address), options).await.unwrap();
        assert!(matches!(opened.io, Io::Tls(_)));
        let tls = opened.tls.expect("facts about TLS");
        assert_eq!((tls.version.as_str(), tls.alpn.as_deref()), ("TLSv1_3", Some("http/1.1")));
        assert_eq!((tls.certificates.len(), tls.resumed), (1, false));
        assert!(opened.timings.tls.is_some());
    }
}

#[tokio::test]
async fn fault_07_an_unknown_authority_is_invalid_whatever_the_roots_are() {
    let authority = Authority::new();
    for roots in [Roots::System, Roots::Bundled, Roots::Both] {
        let acceptor = authority.acceptor("server.test", |_| {}, None);
        let tls = TlsOptions::new().roots(roots);
        let error = check_rejected(acceptor, tls, Cause::CertificateInvalid).await;
        assert_eq!(error.hint, None);
    }
}

#[tokio::test]
async fn fault_07_an_expired_certificate_suggests_to_check_the_clock() {
    let authority = Authority::new();
    let past = |params: &mut CertificateParams| {
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
    };
    let acceptor = authority.acceptor("server.test", past, None);
    let error = check_rejected(acceptor, trusting(&authority), Cause::CertificateExpired).await;
    assert_eq!(error.hint, Some(Hint::ClockSkew));
}

#[tokio::test]
async fn fault_07_a_certificate_of_the_future_suggests_to_check_the_clock() {
    let authority = Authority::new();
    let future = |params: &mut CertificateParams| params.not_before = date_time_ymd(2200, 1, 1);
    let acceptor = authority.acceptor("server.test", future, None);
    let error = check_rejected(acceptor, trusting(&authority), Cause::CertificateExpired).await;
    assert_eq!(error.hint, Some(Hint::ClockSkew));
}

#[tokio::test]
async fn fault_07_a_certificate_for_another_name_is_invalid() {
    let authority = Authority::new();
    let acceptor = authority.acceptor("other.test", |_| {}, None);
    let error = check_rejected(acceptor, trusting(&authority), Cause::CertificateInvalid).await;
    assert!(error.detail.contains("other.test"), "{error}");
}

#[tokio::test]
async fn the_name_to_verify_can_be_set() {
    let authority = Authority::new();
    let address = tls_server(authority.acceptor("other.test", |_| {}, None)).await;
    let tls = trusting(&authority).server_name("other.test");
    let options = options().tls(tls).resolver(Answers::always(&[address]));
    dial_url(&url(address), options).await.unwrap();
}

#[tokio::test]
async fn only_the_versions_that_were_asked_for_are_offered() {
    let authority = Authority::new();
    let address = tls_server(authority.acceptor("server.test", |_| {}, None)).await;
    for (versions, expected) in [(TlsVersions::Only12, "TLSv1_2"), (TlsVersions::Only13, "TLSv1_3")]
    {
        let tls = trusting(&authority).versions(versions);
        let options = options().tls(tls).resolver(Answers::always(&[address]));
        let opened = dial_url(&url(address), options).await.unwrap();
        assert_eq!(opened.tls.unwrap().version, expected);
    }
}

#[tokio::test]
async fn a_certificate_for_an_address_is_verified_too() {
    let authority = Authority::new();
    let address = tls_server(authority.acceptor("127.0.0.1", |_| {}, None)).await;
    let options = options().tls(trusting(&authority));
    dial_url(&format!("wss://{address}/"), options).await.unwrap();
}

#[tokio::test]
async fn a_client_certificate_opens_a_server_that_asks_for_one() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let address = tls_server(authority.acceptor("server.test", |_| {}, Some(&clients))).await;
    let resolver = Answers::always(&[address]);
    let (certificate, key) = clients.issue("client.test", |_| {});
    let tls = trusting(&authority).client_certificate_pem(certificate, key);
    dial_url(&url(address), options().tls(tls).resolver(Arc::clone(&resolver) as _)).await.unwrap();

    let without = options().tls(trusting(&authority)).resolver(resolver);
    let (error, _) = failure(&url(address), without).await;
    assert_eq!(error.failure.cause, Cause::TlsFailed, "{error}");
    assert!(error.detail.contains("CertificateRequired"), "{error}");
}

#[tokio::test]
async fn a_second_connection_resumes_the_session_of_the_first() {
    let authority = Authority::new();
    let address = tls_server(authority.acceptor("server.test", |_| {}, None)).await;
    let options = options().tls(trusting(&authority)).resolver(Answers::always(&[address]));
    let options = options.build().unwrap();
    let endpoint = everlink::dial::Endpoint::parse(&url(address)).unwrap();
    for resumed in [false, true] {
        let mut opened =
            everlink::dial::dial(&endpoint, &options, &Default::default()).await.unwrap();
        assert_eq!(opened.tls.as_ref().map(|tls| tls.resumed), Some(resumed));
        // The session's ticket comes before the first bytes of the server.
        let mut byte = [0; 1];
        if opened.leftover.is_empty() {
            tokio::io::AsyncReadExt::read_exact(&mut opened.io, &mut byte).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_recognised() {
    let address = listen(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        drain(stream).await;
    })
    .await;
    let (error, _) = failure(&format!("wss://{address}/"), options()).await;
    assert_eq!((error.failure.cause, error.phase), (Cause::TlsFailed, Phase::Tls));
    assert_eq!(error.hint, Some(Hint::NotTls));
}

#[tokio::test]
async fn a_peer_that_goes_away_during_the_hand_shake_is_a_reset() {
    let address = listen(|stream| async move { drop(stream) }).await;
    let (error, _) = failure(&format!("wss://{address}/"), options()).await;
    assert_eq!((error.failure.cause, error.phase), (Cause::Reset, Phase::Tls));
}

#[test]
fn malformed_certificates_and_keys_are_found_before_any_dial() {
    let authority = Authority::new();
    let (certificate, key) = authority.issue("client.test", |_| {});
    let (_, other_key) = authority.issue("client.test", |_| {});
    let new = TlsOptions::new;
    for (tls, setting) in [
        (new().extra_ca_pem("no certificate"), "extra_ca_pem"),
        (new().roots(Roots::OnlyExtra), "extra_ca_pem"),
        (new().client_certificate_pem("", key.clone()), "client_certificate_pem"),
        (new().client_certificate_pem(certificate.clone(), ""), "client_certificate_pem"),
        (new().client_certificate_pem(certificate, other_key), "client_certificate_pem"),
        (new().server_name("not a name"), "server_name"),
    ] {
        let error = options().tls(tls).build().expect_err(setting);
        assert_eq!(error.setting, setting);
        assert!(!error.to_string().contains("PRIVATE KEY"), "{error}");
    }
    let shown = format!("{:?}", new().client_certificate_pem("", key.clone()));
    assert!(!shown.contains(&key[30..60]), "{shown}");
}
