//! A proxy in front of a plain listener, and bounded waits.

use everlink_testkit::chaos::{ChaosProxy, ChaosProxyBuilder, Counters};
use std::future::Future;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// No wait of these tests is longer. In virtual time this is hours, which cost nothing.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

pub(crate) async fn bounded<T>(what: impl Future<Output = T>) -> T {
    timeout(LIMIT, what).await.expect("did not happen in time")
}

pub(crate) struct Bed {
    pub(crate) proxy: ChaosProxy,
    pub(crate) upstream: TcpListener,
}

impl Bed {
    pub(crate) async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    pub(crate) async fn with(set: impl FnOnce(ChaosProxyBuilder) -> ChaosProxyBuilder) -> Self {
        let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let builder = ChaosProxy::builder().upstream(upstream.local_addr().unwrap());
        Self { proxy: set(builder).build().await.unwrap(), upstream }
    }

    /// Connects a client.
    pub(crate) async fn client(&self) -> TcpStream {
        let stream = bounded(TcpStream::connect(self.proxy.local_addr())).await.unwrap();
        // Otherwise the kernel may hold a second small write back, in real time.
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Takes the next connection that reaches the server.
    pub(crate) async fn server(&self) -> TcpStream {
        let stream = bounded(self.upstream.accept()).await.unwrap().0;
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Connects a client through to the server.
    pub(crate) async fn pair(&self) -> (TcpStream, TcpStream) {
        (self.client().await, self.server().await)
    }

    pub(crate) async fn until(&self, wanted: impl Fn(&Counters) -> bool) -> Counters {
        self.proxy.wait_until(LIMIT, wanted).await.unwrap()
    }
}

pub(crate) async fn send(stream: &mut TcpStream, bytes: impl AsRef<[u8]>) {
    bounded(stream.write_all(bytes.as_ref())).await.unwrap();
}

/// Reads exactly as many bytes as `expected` and compares.
pub(crate) async fn expect(stream: &mut TcpStream, expected: impl AsRef<[u8]>) {
    let expected = expected.as_ref();
    assert_eq!(read(stream, expected.len()).await, expected);
}

pub(crate) async fn read(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    bounded(stream.read_exact(&mut bytes)).await.unwrap();
    bytes
}

/// Checks that the stream has ended in order.
pub(crate) async fn expect_fin(stream: &mut TcpStream) {
    assert_eq!(bounded(stream.read(&mut [0])).await.unwrap(), 0);
}

/// Checks that the stream was reset.
pub(crate) async fn expect_rst(stream: &mut TcpStream) {
    let error = bounded(stream.read(&mut [0])).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

/// Checks that nothing has come and that the stream is open.
pub(crate) fn expect_silence(stream: &TcpStream) {
    let error = stream.try_read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
}
