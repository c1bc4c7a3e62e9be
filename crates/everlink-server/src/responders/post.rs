//! One `POST`, on a connection of its own.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What came of a `POST`.
#[derive(Debug)]
pub(super) enum Posted {
    /// 2xx.
    Answer {
        /// The body is JSON, as its type says.
        json: bool,
        body: Bytes,
    },
    /// It makes no sense to try again.
    Refused { status: StatusCode },
    /// It makes sense to try again.
    Busy { status: StatusCode, wait: Option<Duration> },
}

/// Posts JSON to a URL.
pub(super) async fn post(
    url: &Uri,
    authorization: Option<&HeaderValue>,
    key: &str,
    body: String,
) -> io::Result<Posted> {
    let request = request(url, authorization, key, body)?;
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    let secure = url.scheme_str() == Some("https");
    let port = url.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    if !secure {
        return exchange(stream, request).await;
    }
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    exchange(tls()?.connect(name, stream).await?, request).await
}

fn request(
    url: &Uri,
    authorization: Option<&HeaderValue>,
    key: &str,
    body: String,
) -> io::Result<Request<Full<Bytes>>> {
    let target = url.path_and_query().map_or("/", |target| target.as_str());
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(target)
        .header(header::HOST, url.authority().map_or("", |authority| authority.as_str()))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json, text/plain")
        .header(header::USER_AGENT, concat!("everlink/", env!("CARGO_PKG_VERSION")))
        .header("idempotency-key", key);
    if let Some(authorization) = authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    request.body(Full::new(Bytes::from(body))).map_err(io::Error::other)
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> io::Result<Posted>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut send, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let asked = async move {
        let response = send.send_request(request).await.map_err(io::Error::other)?;
        posted(response).await
    };
    let mut asked = std::pin::pin!(asked);
    // The connection is driven here, so that it ends with the one who asks.
    tokio::select! {
        posted = &mut asked => posted,
        ended = connection => {
            ended.map_err(io::Error::other)?;
            asked.await
        }
    }
}

async fn posted(response: hyper::Response<Incoming>) -> io::Result<Posted> {
    let status = response.status();
    if !status.is_success() {
        let wait = response.headers().get(header::RETRY_AFTER);
        let wait = wait.and_then(|wait| wait.to_str().ok()?.trim().parse().ok());
        let wait = wait.map(Duration::from_secs);
        return Ok(match status {
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
                Posted::Busy { status, wait }
            }
            status if status.is_server_error() => Posted::Busy { status, wait },
            status => Posted::Refused { status },
        });
    }
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let json = kind.is_none_or(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        kind == "application/json" || kind.ends_with("+json")
    });
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX);
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    Ok(Posted::Answer { json, body })
}

/// Returns TLS with the certificates that the system trusts.
fn tls() -> io::Result<TlsConnector> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(TlsConnector::from(Arc::clone(config)));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(io::Error::other)?
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::clone(CONFIG.get_or_init(|| Arc::new(config)))))
}

/// Largest answer of a worker.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
