//! Servers, resolvers and black holes that the tests dial.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use everlink::dial::{
    DialError, DialOptions, DialOptionsBuilder, Endpoint, HeaderMap, Opened, Proxy, ResolveError,
    Resolver, Resolving, dial,
};
use everlink_wire::ws::accept_key;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

/// Longest wait for anything that is expected to happen.
pub(crate) const SOON: Duration = Duration::from_secs(30);

pub(crate) fn options() -> DialOptionsBuilder {
    DialOptions::builder().proxy(Proxy::none())
}

pub(crate) async fn dial_url(url: &str, options: DialOptionsBuilder) -> Result<Opened, DialError> {
    let endpoint = Endpoint::parse(url).expect("a valid URL");
    let options = options.build().expect("valid options");
    let extra = HeaderMap::new();
    let dialing = dial(&endpoint, &options, &extra);
    timeout(SOON, dialing).await.expect("a dial ends by itself")
}

/// Dials and returns the error and the time that it took.
pub(crate) async fn failure(url: &str, options: DialOptionsBuilder) -> (DialError, Duration) {
    let started = Instant::now();
    let error = dial_url(url, options).await.expect_err("the dial fails");
    (error, started.elapsed())
}

/// Listens on a free port and gives each connection to `serve`.
pub(crate) async fn listen<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    listen_at("127.0.0.1:0", serve).await
}

pub(crate) async fn listen_at<F>(
    address: &str,
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// A server that answers every upgrade as RFC 6455 wants, with `lines` added and `extra` behind.
pub(crate) async fn websocket_server(lines: &'static str, extra: &'static [u8]) -> SocketAddr {
    listen(move |stream| async move {
        serve_websocket(stream, lines, extra).await;
    })
    .await
}

pub(crate) async fn serve_websocket<T>(mut stream: T, lines: &str, extra: &[u8])
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let request = read_head(&mut stream).await;
    let mut answer = switching(&request, lines).into_bytes();
    answer.extend_from_slice(extra);
    stream.write_all(&answer).await.unwrap();
    drain(stream).await;
}

/// The right answer to `request`, with `lines` added.
pub(crate) fn switching(request: &str, lines: &str) -> String {
    let accept = accept_key(header(request, "sec-websocket-key").expect("a key"));
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{lines}\r\n"
    )
}

/// A server that answers with what `answer` makes of the request, once, and tells what came after.
pub(crate) async fn scripted_server(
    answer: impl FnOnce(&str) -> String + Send + 'static,
) -> (SocketAddr, oneshot::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (report, reported) = oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_head(&mut stream).await;
        let answer = answer(&request);
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = report.send(drain(stream).await);
    });
    (address, reported)
}

/// Reads to the empty line that ends a head, which comes back without it.
pub(crate) async fn read_head<T: AsyncRead + Unpin>(stream: &mut T) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// Returns the value of a header in a head.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    Some(found.1.trim())
}

/// Reads until the peer is gone and returns what came.
pub(crate) async fn drain<T: AsyncRead + Unpin>(mut stream: T) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    bytes
}

/// A listener whose queue is full, so that further SYNs are dropped: a black hole without root.
#[derive(Debug)]
pub(crate) struct BlackHole {
    pub(crate) address: SocketAddr,
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl BlackHole {
    pub(crate) async fn at(address: &str) -> Self {
        let address: SocketAddr = address.parse().unwrap();
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4().unwrap(),
            SocketAddr::V6(_) => TcpSocket::new_v6().unwrap(),
        };
        socket.bind(address).unwrap();
        let listener = socket.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queued = Vec::new();
        // The clock may be paused: then this waits not at all, since loopback answers at once.
        while let Ok(Ok(stream)) =
            timeout(Duration::from_millis(100), TcpStream::connect(address)).await
        {
            queued.push(stream);
            assert!(queued.len() < 16, "the queue never fills");
        }
        Self { address, _listener: listener, _queued: queued }
    }
}

/// Returns an address where nobody listens.
pub(crate) async fn closed_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

/// A resolver that answers with the next of a list, the last one for ever.
#[derive(Debug)]
pub(crate) struct Answers {
    answers: Mutex<Vec<Result<Vec<SocketAddr>, ResolveError>>>,
    pub(crate) asked: AtomicUsize,
}

impl Answers {
    pub(crate) fn new(mut answers: Vec<Result<Vec<SocketAddr>, ResolveError>>) -> Arc<Self> {
        answers.reverse();
        Arc::new(Self { answers: Mutex::new(answers), asked: AtomicUsize::new(0) })
    }

    pub(crate) fn always(addresses: &[SocketAddr]) -> Arc<Self> {
        Self::new(vec![Ok(addresses.to_vec())])
    }
}

impl Resolver for Answers {
    fn resolve<'a>(&'a self, _name: &'a str, _port: u16) -> Resolving<'a> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut answers = self.answers.lock().unwrap();
        let answer = match &answers[..] {
            [last] => last.clone(),
            _ => answers.pop().expect("an answer"),
        };
        Box::pin(async move { answer })
    }
}

/// A resolver that never answers.
#[derive(Debug)]
pub(crate) struct Silent;

impl Resolver for Silent {
    fn resolve<'a>(&'a self, _name: &'a str, _port: u16) -> Resolving<'a> {
        Box::pin(std::future::pending())
    }
}
