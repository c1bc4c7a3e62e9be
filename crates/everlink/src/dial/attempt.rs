//! One attempt from beginning to end.

use core::future::Future;
use core::time::Duration;
use std::net::SocketAddr;

use bytes::Bytes;
use everlink_engine::Cause;
use everlink_wire::ws::DeflateParams;
use hyper::HeaderMap;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::connect::{ADDRESSES_MAX, Connected, connect};
use super::endpoint::Endpoint;
use super::error::{DialError, Phase};
use super::io::Io;
use super::options::DialOptions;
use super::proxy::{ProxyProtocol, ProxyServer};
use super::resolve::resolve;
use super::tls::TlsInfo;
use super::tunnel::{Tunnel, TunnelTarget, tunnel};
use super::upgrade::{UpgradeRequest, Upgraded, upgrade};

/// An open WebSocket on which nothing has been sent since the upgrade.
#[derive(Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The connection.
    pub io: Io,
    /// Bytes that came behind the answer: the first frames, to be read before `io`.
    pub leftover: Bytes,
    /// The subprotocol that the server chose.
    pub subprotocol: Option<String>,
    /// How messages may be compressed; none when that was not agreed on.
    pub deflate: Option<DeflateParams>,
    /// The address connected to: the server's, or the proxy's.
    pub peer: SocketAddr,
    /// The proxy between, if any.
    pub proxy: Option<ProxyServer>,
    /// What TLS agreed on with the server; none for `ws://`.
    pub tls: Option<TlsInfo>,
    /// How long each phase took.
    pub timings: Timings,
}

/// How long each phase of an attempt took; none for a phase that was not needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timings {
    /// Looking up the name of the server, or of the proxy.
    pub name: Option<Duration>,
    /// TCP.
    pub connect: Option<Duration>,
    /// The proxy's tunnel, its TLS included.
    pub proxy: Option<Duration>,
    /// The TLS hand-shake with the server.
    pub tls: Option<Duration>,
    /// The upgrade.
    pub upgrade: Option<Duration>,
    /// The whole attempt.
    pub whole: Duration,
}

/// Opens a WebSocket to `endpoint`: one attempt, without retries.
///
/// `extra` are headers of this attempt alone, such as a fresh `Authorization`; they replace those
/// of the same name from the options. A redirect is not followed. Nothing is sent after the
/// upgrade request, so that a server which answers wrongly learns nothing.
///
/// # Errors
///
/// [`DialError`] with the phase that failed, the cause, and a text that holds no secret.
///
/// # Cancel safety
///
/// Dropping the future closes all its sockets. A name lookup in the operating system cannot be
/// interrupted; its answer is ignored.
pub async fn dial(
    endpoint: &Endpoint,
    options: &DialOptions,
    extra: &HeaderMap,
) -> Result<Opened, DialError> {
    let span = tracing::debug_span!("dial", %endpoint);
    // On the heap while it runs: the task that goes on to serve the connection would otherwise
    // keep room for all its hand-shakes for ever.
    let attempt = Box::pin(attempt(endpoint, options, extra));
    let opened = attempt.instrument(span.clone()).await;
    span.in_scope(|| match &opened {
        Ok(opened) => tracing::debug!(peer = %opened.peer, timings = ?opened.timings, "opened"),
        Err(error) => tracing::debug!(%error, cause = ?error.failure.cause, "failed"),
    });
    opened
}

async fn attempt(
    endpoint: &Endpoint,
    options: &DialOptions,
    extra: &HeaderMap,
) -> Result<Opened, DialError> {
    let request = UpgradeRequest::new(endpoint, options, extra)?;
    let mut watch = Watch::start(options.deadlines.whole);
    let proxy = options.proxy.for_endpoint(endpoint);
    let route = match &proxy {
        None => direct(endpoint, options, &mut watch).await?,
        Some(proxy) => through(proxy, endpoint, options, &mut watch).await?,
    };
    let (io, tls) = secure(route.tunnel, endpoint, options, &mut watch).await?;
    let asking = upgrade(io, &request, options.deadlines.upgrade);
    let Upgraded { io, leftover, subprotocol, deflate } =
        watch.time(Phase::Upgrade, asking).await?;
    Ok(Opened {
        io,
        leftover,
        subprotocol,
        deflate,
        peer: route.peer,
        proxy,
        tls,
        timings: watch.finish(),
    })
}

struct Route {
    tunnel: Tunnel,
    peer: SocketAddr,
}

async fn direct(
    endpoint: &Endpoint,
    options: &DialOptions,
    watch: &mut Watch,
) -> Result<Route, DialError> {
    let Connected { stream, peer } =
        reach(&endpoint.host(), endpoint.port(), options, watch).await?;
    let tunnel = Tunnel::Tcp(stream);
    Ok(Route { tunnel, peer })
}

async fn reach(
    host: &str,
    port: u16,
    options: &DialOptions,
    watch: &mut Watch,
) -> Result<Connected, DialError> {
    let looking_up = resolve(options.resolver(), host, port, options.deadlines.name);
    let addresses = watch.time(Phase::Name, looking_up).await?;
    watch.time(Phase::Connect, connect(&addresses, &options.tcp)).await
}

async fn through(
    proxy: &ProxyServer,
    endpoint: &Endpoint,
    options: &DialOptions,
    watch: &mut Watch,
) -> Result<Route, DialError> {
    let targets = targets(proxy, endpoint, options, watch).await?;
    let mut last = None;
    for target in targets {
        let reached = reach(&proxy.host, proxy.port, options, watch).await;
        let Connected { stream, peer } = reached.map_err(|error| error.at_proxy(proxy))?;
        let opening = tunnel(stream, proxy, &target, &options.tls, options.deadlines.proxy);
        match watch.time(Phase::Proxy, opening).await {
            Ok(tunnel) => return Ok(Route { tunnel, peer }),
            Err(error) if matches!(error.failure.cause, Cause::ProxyRefused(3..=6 | 8)) => {
                last = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    let none = || DialError::new(Cause::NameNotFound, Phase::Name, "the name has no address");
    Err(last.unwrap_or_else(none))
}

/// Returns what to ask the proxy for: the name, or, for `socks5://`, each address of it in turn.
async fn targets(
    proxy: &ProxyServer,
    endpoint: &Endpoint,
    options: &DialOptions,
    watch: &mut Watch,
) -> Result<Vec<TunnelTarget>, DialError> {
    let (host, port) = (endpoint.host(), endpoint.port());
    if let Ok(address) = host.parse() {
        return Ok(vec![TunnelTarget::Address(SocketAddr::new(address, port))]);
    }
    if proxy.protocol != ProxyProtocol::Socks5 {
        return Ok(vec![TunnelTarget::Host(host, port)]);
    }
    let looking_up = resolve(options.resolver(), &host, port, options.deadlines.name);
    let addresses = watch.time(Phase::Name, looking_up).await?;
    let tried = addresses.into_iter().take(ADDRESSES_MAX);
    Ok(tried.map(TunnelTarget::Address).collect())
}

async fn secure(
    tunnel: Tunnel,
    endpoint: &Endpoint,
    options: &DialOptions,
    watch: &mut Watch,
) -> Result<(Io, Option<TlsInfo>), DialError> {
    if !endpoint.is_tls() {
        let io = match tunnel {
            Tunnel::Tcp(stream) => Io::Tcp(stream),
            Tunnel::Tls(stream) => Io::Tls(stream),
        };
        return Ok((io, None));
    }
    let host = endpoint.host();
    let limit = options.deadlines.tls;
    let (io, info) = match tunnel {
        Tunnel::Tcp(stream) => {
            let shaking = options.tls.handshake(stream, &host, limit);
            let (stream, info) = watch.time(Phase::Tls, shaking).await?;
            (Io::Tls(Box::new(stream)), info)
        }
        Tunnel::Tls(stream) => {
            let shaking = options.tls.handshake(*stream, &host, limit);
            let (stream, info) = watch.time(Phase::Tls, shaking).await?;
            (Io::TlsInTls(Box::new(stream)), info)
        }
    };
    Ok((io, Some(info)))
}

/// Times the phases, and ends each at the deadline of the whole.
struct Watch {
    started: Instant,
    limit: Duration,
    timings: Timings,
}

impl Watch {
    fn start(limit: Duration) -> Self {
        let started = Instant::now();
        let timings = Timings::default();
        Self { started, limit, timings }
    }

    async fn time<T>(
        &mut self,
        phase: Phase,
        work: impl Future<Output = Result<T, DialError>>,
    ) -> Result<T, DialError> {
        let begun = Instant::now();
        let late = |_elapsed| {
            DialError::timed_out(Cause::DialTimedOut, phase, "the whole dial", self.limit)
        };
        let done = timeout_at(self.started + self.limit, work).await.map_err(late)?;
        *self.timings.of(phase) = Some(begun.elapsed());
        done
    }

    fn finish(mut self) -> Timings {
        self.timings.whole = self.started.elapsed();
        self.timings
    }
}

impl Timings {
    fn of(&mut self, phase: Phase) -> &mut Option<Duration> {
        match phase {
            Phase::Name => &mut self.name,
            Phase::Connect => &mut self.connect,
            Phase::Proxy => &mut self.proxy,
            Phase::Tls => &mut self.tls,
            Phase::Upgrade => &mut self.upgrade,
        }
    }
}
