//! One connection, from accept to end.

use super::dice::Dice;
use super::direction::{End, Way};
use super::limits::DIAL_TIME_MAX;
use super::pump::{Holes, Pump};
use super::root::Shared;
use super::view::View;
use crate::socket;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// Carries one accepted connection until it ends.
pub(crate) async fn carry(client: TcpStream, number: u64, shared: Arc<Shared>) {
    let _open = shared.tally.opened();
    let view = View::new(number, shared.book.subscribe());
    let mut server = None;
    let end = tokio::select! {
        biased;
        end = view.clone().doom() => Err(end),
        end = travel(&client, &mut server, number, view, &shared) => end,
    };
    if let Err(end) = end {
        shared.tally.ended(end);
        for stream in [Some(&client), server.as_ref()].into_iter().flatten() {
            match end {
                End::Close => socket::close(stream),
                End::Reset => socket::reset(stream),
            }
        }
    }
}

/// Dials and pumps; an error says how the proxy ends the connection.
async fn travel(
    client: &TcpStream,
    server: &mut Option<TcpStream>,
    number: u64,
    mut view: View,
    shared: &Shared,
) -> Result<(), End> {
    enter(client, &mut view, shared).await?;
    let dialled = timeout(DIAL_TIME_MAX, dial(&shared.upstream, server)).await;
    let server =
        dialled.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(|error| {
            tracing::warn!(number, upstream = shared.upstream, %error, "upstream not reached");
            shared.tally.add(&shared.tally.upstream_failures, 1);
            End::Reset
        })?;
    let holes = Holes::default();
    let pump = |way, ends| {
        let dice = Dice::new(shared.seed, number, way);
        Pump::new(way, ends, view.clone(), &holes, &shared.tally, dice).run()
    };
    tokio::try_join!(pump(Way::Up, (client, server)), pump(Way::Down, (server, client)))?;
    Ok(())
}

/// Holds a new connection back for as long as it may not reach the upstream.
async fn enter(client: &TcpStream, view: &mut View, shared: &Shared) -> Result<(), End> {
    let mut swallowed = 0;
    let mut is_watched = true;
    loop {
        // Once bytes are lost, the rest of the stream makes no sense to anybody.
        let swallows = view.now().black_hole || swallowed > 0;
        if !swallows && !view.now().stalled && !view.now().frozen {
            return Ok(());
        }
        let reads = swallows && !view.now().frozen;
        tokio::select! {
            changed = view.changed() => changed?,
            count = swallow(client), if reads => {
                let count = count?;
                swallowed += count;
                shared.tally.swallowed(Way::Up, count);
            }
            gone = is_gone(client), if !reads && is_watched => {
                is_watched = false;
                if gone {
                    return Err(End::Close);
                }
            }
        }
    }
}

/// Reads and forgets; cancel safe.
async fn swallow(client: &TcpStream) -> Result<usize, End> {
    // Small, since it lives in the task of every connection.
    let mut bytes = [0; 1024];
    loop {
        client.readable().await.map_err(|_| End::Reset)?;
        match client.try_read(&mut bytes) {
            Ok(0) => return Err(End::Close),
            Ok(count) => return Ok(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return Err(End::Reset),
        }
    }
}

/// Waits for the first byte or the end of a stream that is not read, and says whether it was the end.
async fn is_gone(client: &TcpStream) -> bool {
    !matches!(client.peek(&mut [0]).await, Ok(1..))
}

/// Connects to the upstream. The socket stands in `server` from its first moment, so that an order
/// to end finds it also while it connects.
async fn dial<'a>(upstream: &str, server: &'a mut Option<TcpStream>) -> io::Result<&'a TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "no such address");
    for address in lookup_host(upstream).await? {
        let (stream, started) = start_connecting(address)?;
        match connected(server.insert(stream), started).await {
            Ok(()) => break,
            Err(error) => {
                *server = None;
                last = error;
            }
        }
    }
    server.as_ref().ok_or(last)
}

/// Starts to connect; what the system says at once is mostly "in progress".
fn start_connecting(address: SocketAddr) -> io::Result<(TcpStream, io::Result<()>)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    let started = socket.connect(&address.into());
    Ok((TcpStream::from_std(socket.into())?, started))
}

async fn connected(stream: &TcpStream, started: io::Result<()>) -> io::Result<()> {
    stream.writable().await?;
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        Ok(_) => Ok(()),
        Err(unconnected) => Err(started.err().unwrap_or(unconnected)),
    }
}
