//! What all parts of the test kit do to sockets.

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::convert::Infallible;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// Listens on a TCP address. The port of an earlier listener can be taken again at once.
pub(crate) fn listen(
    address: SocketAddr,
    receive_buffer_bytes: Option<u32>,
) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(cfg!(unix))?;
    socket.set_nonblocking(true)?;
    if let Some(bytes) = receive_buffer_bytes {
        // Accepted sockets inherit it; set later it could not shrink an announced window.
        socket.set_recv_buffer_size(bytes as usize)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Lets a stream be reset when it is dropped.
pub(crate) fn reset(stream: &TcpStream) {
    // A stream that is gone already needs no ending, so that an error is no news here.
    drop(SockRef::from(stream).set_linger(Some(Duration::ZERO)));
}

/// Sends FIN and empties the stream, so that dropping it does not reset it.
pub(crate) fn close(stream: &TcpStream) {
    drop(SockRef::from(stream).shutdown(Shutdown::Write));
    let mut bytes = [0; 16 * 1024];
    let mut reads_left = DRAIN_READS_MAX;
    while reads_left > 0 && matches!(stream.try_read(&mut bytes), Ok(1..)) {
        reads_left -= 1;
    }
}

/// Reads and forgets until the peer closes, and returns why that is over.
pub(crate) async fn drain(stream: &TcpStream) -> io::Result<Infallible> {
    let mut bytes = [0; 1024];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut bytes) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Connections that the kernel keeps until they are accepted.
const BACKLOG: i32 = 1024;

/// Most reads spent on emptying a stream that is being closed.
const DRAIN_READS_MAX: usize = 1024;
