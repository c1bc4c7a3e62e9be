//! TLS with the server, by rustls: versions 1.2 and 1.3, always verified.

use core::fmt;
use core::time::Duration;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use everlink_engine::Cause;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, HandshakeKind, InvalidMessage};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::error::{DialError, Hint, Phase};
use super::options::OptionsError;
use super::roots::verifier;
use super::tls_options::{Material, TlsOptions};

/// What the hand-shake agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsInfo {
    /// The version, such as `TLSv1_3`.
    pub version: String,
    /// The cipher suite, such as `TLS13_AES_256_GCM_SHA384`.
    pub cipher_suite: String,
    /// The application protocol agreed by ALPN (RFC 7301).
    pub alpn: Option<String>,
    /// Whether an earlier session was resumed.
    pub resumed: bool,
    /// The server's certificates in DER, its own first.
    pub certificates: Vec<Vec<u8>>,
}

/// Makes TLS connections, with settings checked once and sessions remembered for resumption.
#[derive(Clone)]
pub struct TlsClient {
    material: Arc<Material>,
    server_name: Option<ServerName<'static>>,
    configs: Arc<OnceCell<Configs>>,
}

/// One for servers and one for proxies, which must not be shown the client's certificate.
struct Configs {
    server: Arc<ClientConfig>,
    proxy: Arc<ClientConfig>,
}

impl fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsClient")
            .field("roots", &self.material.roots)
            .field("server_name", &self.server_name)
            .finish_non_exhaustive()
    }
}

impl TlsClient {
    /// Checks the settings. The system's certificates are read at the first hand-shake.
    ///
    /// # Errors
    ///
    /// [`OptionsError`] when a PEM text or the server name is not what it should be.
    pub fn new(options: &TlsOptions) -> Result<Self, OptionsError> {
        if options.is_default() {
            return Self::shared();
        }
        Self::own(options)
    }

    /// Returns what all clients without settings of their own have in common while any of them lives:
    /// the system's certificates are many, and sessions are worth remembering for each other.
    fn shared() -> Result<Self, OptionsError> {
        static SHARED: Mutex<(Weak<Material>, Weak<OnceCell<Configs>>)> =
            Mutex::new((Weak::new(), Weak::new()));
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(material), Some(configs)) = (shared.0.upgrade(), shared.1.upgrade()) {
            return Ok(Self { material, server_name: None, configs });
        }
        let made = Self::own(&TlsOptions::new())?;
        *shared = (Arc::downgrade(&made.material), Arc::downgrade(&made.configs));
        Ok(made)
    }

    fn own(options: &TlsOptions) -> Result<Self, OptionsError> {
        let material = Material::new(options)?;
        Ok(Self {
            server_name: options.name()?,
            material: Arc::new(material),
            configs: Arc::default(),
        })
    }

    /// Shakes hands with the server over `io`, asking for and verifying `host`, a name or an
    /// address, or else the name set in the options.
    ///
    /// # Errors
    ///
    /// [`Cause::TlsTimedOut`] after `limit`, [`Cause::CertificateExpired`] and
    /// [`Cause::CertificateInvalid`] for what their names say, [`Cause::Reset`] when the peer goes
    /// away, [`Cause::TlsFailed`] for all else.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes `io`.
    pub async fn handshake<T>(
        &self,
        io: T,
        host: &str,
        limit: Duration,
    ) -> Result<(TlsStream<T>, TlsInfo), DialError>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let name = match &self.server_name {
            Some(name) => name.clone(),
            None => host_name(host)?,
        };
        let config = Arc::clone(&self.configs().await?.server);
        shake_hands(config, io, name, limit).await
    }

    /// As [`TlsClient::handshake`], with a proxy: without client certificate and name override.
    pub(super) async fn handshake_with_proxy<T>(
        &self,
        io: T,
        host: &str,
        limit: Duration,
    ) -> Result<(TlsStream<T>, TlsInfo), DialError>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let name = host_name(host)?;
        let config = Arc::clone(&self.configs().await?.proxy);
        shake_hands(config, io, name, limit).await
    }

    async fn configs(&self) -> Result<&Configs, DialError> {
        let build = async || {
            let material = Arc::clone(&self.material);
            // The system's store is some hundred files.
            let built = tokio::task::spawn_blocking(move || material.configs()).await;
            built.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
        };
        let local = |text: String| {
            let detail = format!("the certificate authorities cannot be loaded: {text}");
            DialError::new(Cause::Local, Phase::Tls, detail)
        };
        self.configs.get_or_try_init(build).await.map_err(local)
    }
}

impl Material {
    fn configs(&self) -> Result<Configs, rustls::Error> {
        let verifier = verifier(self.roots, &self.extra, &self.provider)?;
        let start = || {
            let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider));
            let builder = builder.with_protocol_versions(&self.versions.supported())?;
            let verifier = Arc::clone(&verifier);
            Ok::<_, rustls::Error>(builder.dangerous().with_custom_certificate_verifier(verifier))
        };
        let mut server = match &self.identity {
            Some(identity) => start()?.with_client_cert_resolver(Arc::clone(identity) as _),
            None => start()?.with_no_client_auth(),
        };
        let mut proxy = start()?.with_no_client_auth();
        // A server that also speaks HTTP/2 must not choose it: RFC 6455 needs HTTP/1.1.
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        proxy.alpn_protocols = server.alpn_protocols.clone();
        Ok(Configs { server: Arc::new(server), proxy: Arc::new(proxy) })
    }
}

async fn shake_hands<T>(
    config: Arc<ClientConfig>,
    io: T,
    name: ServerName<'static>,
    limit: Duration,
) -> Result<(TlsStream<T>, TlsInfo), DialError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let text = name.to_str().into_owned();
    let connecting = TlsConnector::from(config).connect(name, io);
    let stream = match timeout(limit, connecting).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(classify(&text, &error)),
        Err(_elapsed) => {
            let what = format!("the TLS hand-shake with {text}");
            return Err(DialError::timed_out(Cause::TlsTimedOut, Phase::Tls, &what, limit));
        }
    };
    let info = info(&stream);
    tracing::debug!(name = text, version = info.version, resumed = info.resumed, "TLS stands");
    Ok((stream, info))
}

fn host_name(host: &str) -> Result<ServerName<'static>, DialError> {
    ServerName::try_from(host.to_owned()).map_err(|_| {
        let detail = format!("{host:?} is no name that a certificate can have");
        DialError::new(Cause::Local, Phase::Tls, detail)
    })
}

fn info<T>(stream: &TlsStream<T>) -> TlsInfo {
    let session = stream.get_ref().1;
    let suite = session.negotiated_cipher_suite();
    let alpn = session.alpn_protocol();
    let certificates = session.peer_certificates().unwrap_or_default();
    TlsInfo {
        version: session.protocol_version().map(|v| format!("{v:?}")).unwrap_or_default(),
        cipher_suite: suite.map(|s| format!("{:?}", s.suite())).unwrap_or_default(),
        alpn: alpn.map(|name| String::from_utf8_lossy(name).into_owned()),
        resumed: session.handshake_kind() == Some(HandshakeKind::Resumed),
        certificates: certificates.iter().map(|der| der.to_vec()).collect(),
    }
}

fn classify(name: &str, error: &io::Error) -> DialError {
    let what = format!("TLS with {name}");
    tls_error(error).map_or_else(
        || DialError::io(Phase::Tls, &what, error),
        |error| refused(Phase::Tls, &what, error),
    )
}

/// Returns the TLS error inside an I/O error, if it is one.
pub(super) fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// Classifies a TLS error; `phase` may be a later one, because a TLS 1.3 server judges the
/// client's certificate after the hand-shake.
#[expect(clippy::wildcard_enum_match_arm, reason = "the errors of rustls are not a closed set")]
pub(super) fn refused(phase: Phase, what: &str, error: &rustls::Error) -> DialError {
    use CertificateError as Bad;
    let detail = format!("{what}: {error}");
    match error {
        rustls::Error::InvalidCertificate(
            Bad::Expired
            | Bad::ExpiredContext { .. }
            | Bad::NotValidYet
            | Bad::NotValidYetContext { .. },
        ) => DialError::new(Cause::CertificateExpired, phase, detail).with_hint(Hint::ClockSkew),
        rustls::Error::InvalidCertificate(_) => {
            DialError::new(Cause::CertificateInvalid, phase, detail)
        }
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            DialError::new(Cause::TlsFailed, phase, detail).with_hint(Hint::NotTls)
        }
        _ => DialError::new(Cause::TlsFailed, phase, detail),
    }
}
