//! Through a proxy: its TLS, if any, and the tunnel that it opens.

use core::fmt;
use core::time::Duration;
use std::net::SocketAddr;

use bytes::Bytes;
use everlink_engine::Cause;
use http_body_util::Empty;
use hyper::header::{HOST, PROXY_AUTHORIZATION};
use hyper::{Method, Request};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_socks::tcp::Socks5Stream;

use super::error::{DialError, Phase};
use super::http::{Rest, classify, exchange, facts};
use super::proxy::{ProxyCredentials, ProxyProtocol, ProxyServer};
use super::tls::TlsClient;

/// A way to the server on which nothing of ours has been sent yet.
#[derive(Debug)]
#[non_exhaustive]
pub enum Tunnel {
    /// TCP, to the server itself or through a proxy.
    Tcp(TcpStream),
    /// TLS with an `https://` proxy.
    Tls(Box<TlsStream<TcpStream>>),
}

/// Whom the proxy is asked to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TunnelTarget {
    /// A host, which the proxy resolves, and a port.
    Host(String, u16),
    /// An address.
    Address(SocketAddr),
}

impl fmt::Display for TunnelTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Host(host, port) => write!(f, "{host}:{port}"),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// The code with which a failed log-in at a SOCKS proxy is reported, which has none of its own:
/// that of HTTP (RFC 9110, section 15.5.8).
pub const PROXY_AUTHENTICATION_REQUIRED: u16 = 407;

/// Opens a tunnel to `target` over `stream`, a connection to `proxy`.
///
/// # Errors
///
/// [`Cause::ProxyRefused`] with the HTTP status or the SOCKS reply code (RFC 1928, section 6);
/// [`Cause::ProxyUnreachable`] when the proxy stays silent for `limit`, goes away, or speaks
/// something else.
///
/// # Cancel safety
///
/// Dropping the future closes `stream`.
pub async fn tunnel(
    stream: TcpStream,
    proxy: &ProxyServer,
    target: &TunnelTarget,
    tls: &TlsClient,
    limit: Duration,
) -> Result<Tunnel, DialError> {
    let opening = async {
        match proxy.protocol {
            ProxyProtocol::Http => connect(stream, proxy, target).await.map(Tunnel::Tcp),
            ProxyProtocol::Https => {
                let stream = shake_hands(stream, proxy, tls, limit).await?;
                let stream = connect(stream, proxy, target).await?;
                Ok(Tunnel::Tls(Box::new(stream)))
            }
            ProxyProtocol::Socks5 | ProxyProtocol::Socks5h => {
                socks(stream, proxy, target).await.map(Tunnel::Tcp)
            }
        }
    };
    let silent = |_elapsed| {
        let what = format!("proxy {proxy}: opening a tunnel to {target}");
        DialError::timed_out(Cause::ProxyUnreachable, Phase::Proxy, &what, limit)
    };
    let opened = timeout(limit, opening).await.map_err(silent)??;
    tracing::debug!(%proxy, %target, "tunnel stands");
    Ok(opened)
}

async fn shake_hands(
    stream: TcpStream,
    proxy: &ProxyServer,
    tls: &TlsClient,
    limit: Duration,
) -> Result<TlsStream<TcpStream>, DialError> {
    let shaken = tls.handshake_with_proxy(stream, &proxy.host, limit).await;
    shaken.map(|(stream, _)| stream).map_err(|error| error.at_proxy(proxy))
}

/// Asks an HTTP proxy (RFC 9110, section 9.3.6).
async fn connect<T>(io: T, proxy: &ProxyServer, target: &TunnelTarget) -> Result<T, DialError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let authority = target.to_string();
    let mut request =
        Request::builder().method(Method::CONNECT).uri(&authority).header(HOST, &authority);
    if let ProxyCredentials::Basic(value) = &proxy.credentials {
        request = request.header(PROXY_AUTHORIZATION, value.clone());
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| {
        DialError::new(Cause::Local, Phase::Proxy, format!("proxy {proxy}: {error}"))
    })?;
    let answered = exchange(io, request)
        .await
        .map_err(|error| classify(Phase::Proxy, "the tunnel", &error).at_proxy(proxy))?;
    let refused = |why: &str| {
        let detail = format!("proxy {proxy}: {} for {target}{why}", answered.status);
        let cause = Cause::ProxyRefused(answered.status.as_u16());
        let error = DialError::new(cause, Phase::Proxy, detail);
        error.with_http(facts(answered.status, &answered.headers))
    };
    match answered.rest {
        // Both TLS and HTTP wait for the client: who speaks already is not the server.
        Rest::Switched { leftover, .. } if !leftover.is_empty() => {
            Err(refused(", then bytes before the server was asked anything"))
        }
        Rest::Switched { io, .. } if answered.status.is_success() => Ok(io),
        Rest::Switched { .. } | Rest::Body(_) => Err(refused("")),
    }
}

/// Asks a SOCKS 5 proxy (RFC 1928, RFC 1929).
async fn socks(
    stream: TcpStream,
    proxy: &ProxyServer,
    target: &TunnelTarget,
) -> Result<TcpStream, DialError> {
    let to = match target {
        TunnelTarget::Host(host, port) => tokio_socks::TargetAddr::Domain(host.into(), *port),
        TunnelTarget::Address(address) => tokio_socks::TargetAddr::Ip(*address),
    };
    let opened = match &proxy.credentials {
        ProxyCredentials::Password(user, password) => {
            Socks5Stream::connect_with_password_and_socket(stream, to, user, password).await
        }
        ProxyCredentials::None | ProxyCredentials::Basic(_) => {
            Socks5Stream::connect_with_socket(stream, to).await
        }
    };
    let stream = opened.map_err(|error| {
        let detail = format!("proxy {proxy}: {error} for {target}");
        DialError::new(socks_cause(&error), Phase::Proxy, detail)
    })?;
    Ok(stream.into_inner())
}

/// Reply codes are those of RFC 1928, section 6.
fn socks_cause(error: &tokio_socks::Error) -> Cause {
    use tokio_socks::Error as Socks;
    match error {
        Socks::GeneralSocksServerFailure => Cause::ProxyRefused(1),
        Socks::ConnectionNotAllowedByRuleset => Cause::ProxyRefused(2),
        Socks::NetworkUnreachable => Cause::ProxyRefused(3),
        Socks::HostUnreachable => Cause::ProxyRefused(4),
        Socks::ConnectionRefused => Cause::ProxyRefused(5),
        Socks::TtlExpired => Cause::ProxyRefused(6),
        Socks::CommandNotSupported => Cause::ProxyRefused(7),
        Socks::AddressTypeNotSupported => Cause::ProxyRefused(8),
        Socks::NoAcceptableAuthMethods
        | Socks::PasswordAuthFailure(_)
        | Socks::AuthorizationRequired => Cause::ProxyRefused(PROXY_AUTHENTICATION_REQUIRED),
        Socks::InvalidAuthValues(_) | Socks::InvalidTargetAddress(_) => Cause::Local,
        Socks::Io(_)
        | Socks::ParseError(_)
        | Socks::ProxyServerUnreachable
        | Socks::InvalidResponseVersion
        | Socks::UnknownAuthMethod
        | Socks::UnknownError
        | Socks::InvalidReservedByte
        | Socks::UnknownAddressType
        | Socks::IdentdAuthFailure
        | Socks::InvalidUserIdAuthFailure => Cause::ProxyUnreachable,
    }
}
