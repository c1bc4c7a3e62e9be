//! Listening: sockets, TLS by files, and an orderly end.
//!
//! A server is a [`Router`] and can be mounted anywhere; this is for whoever has no
//! application of their own to mount it in. Connections stay cheap: no more than a small buffer each
//! before the upgrade, and nothing of it afterwards.

mod error;
mod files;
mod tls;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

pub use error::ListenError;
pub use files::{OpenFiles, raise_open_files};
pub use tls::TlsFiles;

/// Sockets that are bound and not yet served.
pub struct Listener {
    sockets: Vec<TcpListener>,
    tls: Option<TlsAcceptor>,
}

impl Listener {
    /// Binds addresses; port 0 stands for a free one.
    ///
    /// # Errors
    ///
    /// [`ListenError`] names the address that could not be bound, and why.
    pub fn bind(addresses: &[SocketAddr]) -> Result<Self, ListenError> {
        let sockets = addresses.iter().map(|address| bind(*address)).collect::<Result<_, _>>()?;
        Ok(Self { sockets, tls: None })
    }

    /// Speaks TLS on every address.
    ///
    /// # Errors
    ///
    /// [`ListenError`] names the file that cannot be read or used, and why.
    pub fn with_tls(mut self, files: &TlsFiles) -> Result<Self, ListenError> {
        self.tls = Some(files.acceptor()?);
        Ok(self)
    }

    /// Returns the addresses, with their ports.
    #[must_use]
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.sockets.iter().filter_map(|socket| socket.local_addr().ok()).collect()
    }

    /// Returns whether it speaks TLS.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Serves until `stop` is ready, then accepts nothing more, lets requests that are under way end,
    /// and returns. Connections that were upgraded live on: see [`Server::drain`](crate::Server::drain).
    ///
    /// # Cancel safety
    ///
    /// Cancelling closes the sockets; requests under way go on.
    pub async fn serve(self, router: Router, stop: impl Future<Output = ()>) {
        let (closing, _) = watch::channel(false);
        let shared = Arc::new(Shared { tls: self.tls, closing });
        let seats = Arc::new(Semaphore::new(OPENING_MAX));
        let loops: FuturesUnordered<_> =
            self.sockets.iter().map(|socket| accept(socket, &router, &shared, &seats)).collect();
        let mut stop = pin!(stop);
        tokio::select! {
            () = loops.for_each(|()| std::future::ready(())) => {}
            () = &mut stop => {}
        }
        drop(self.sockets);
        shared.closing.send_replace(true);
        let every_seat = u32::try_from(OPENING_MAX).unwrap_or(u32::MAX);
        // Late or not: whoever still holds a seat loses it with the process.
        let _in_time = tokio::time::timeout(CLOSING, seats.acquire_many(every_seat)).await;
    }
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener")
            .field("sockets", &self.sockets)
            .field("tls", &self.is_tls())
            .finish()
    }
}

/// The seat of a connection that is not upgraded, for a request that waits for long by its nature and is
/// bounded elsewhere.
#[derive(Clone)]
pub(crate) struct OpeningSeat(Arc<Mutex<Option<OwnedSemaphorePermit>>>);

impl OpeningSeat {
    /// Gives the seat to others.
    pub(crate) fn release(&self) {
        *self.0.lock() = None;
    }
}

struct Shared {
    tls: Option<TlsAcceptor>,
    closing: watch::Sender<bool>,
}

fn bind(address: SocketAddr) -> Result<TcpListener, ListenError> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    };
    let bound = socket.and_then(|socket| {
        // A server that restarts must not wait for connections of the one before.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    });
    bound.map_err(|error| ListenError::Bind { address, reason: error.to_string() })
}

async fn accept(
    socket: &TcpListener,
    router: &Router,
    shared: &Arc<Shared>,
    seats: &Arc<Semaphore>,
) {
    loop {
        // A seat first: what waits in the kernel's queue costs nothing here.
        let Ok(seat) = Arc::clone(seats).acquire_owned().await else {
            return;
        };
        match socket.accept().await {
            Ok((stream, peer)) => {
                tokio::spawn(open(stream, peer, router.clone(), Arc::clone(shared), seat));
            }
            Err(error) => {
                // Too many open files, or a peer that has gone already.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// One connection, until it is upgraded or has answered its last request.
async fn open(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    shared: Arc<Shared>,
    seat: OwnedSemaphorePermit,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "TCP_NODELAY not set");
    }
    let Some(tls) = &shared.tls else {
        return converse(stream, peer, router, &shared, seat).await;
    };
    match tokio::time::timeout(TLS_TIMEOUT, tls.accept(stream)).await {
        Ok(Ok(stream)) => converse(stream, peer, router, &shared, seat).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS hand-shake failed"),
        Err(_) => tracing::debug!(%peer, "TLS hand-shake took too long"),
    }
}

async fn converse<S>(
    stream: S,
    peer: SocketAddr,
    router: Router,
    shared: &Shared,
    seat: OwnedSemaphorePermit,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let seat = OpeningSeat(Arc::new(Mutex::new(Some(seat))));
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(seat.clone());
        router.clone().call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let mut closing = shared.closing.subscribe();
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = closed(&mut closing) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

async fn closed(closing: &mut watch::Receiver<bool>) {
    // An error says that serving has ended altogether.
    let _closed = closing.wait_for(|closing| *closing).await;
}

/// Connections that the kernel holds until they are accepted; it may hold fewer (`somaxconn`).
const BACKLOG: u32 = 65_535;

/// Most connections that are not upgraded yet, or ask by plain HTTP.
const OPENING_MAX: usize = 4096;

/// Longest TLS hand-shake.
const TLS_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest time for a request's header; also how long an idle connection is kept.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest header of a request (16 KiB, as for the client's reading of an answer).
const HEADER_BYTES_MAX: usize = 16 * 1024;

/// Pause after an accept that failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long requests under way may take when serving ends.
const CLOSING: Duration = Duration::from_secs(10);
