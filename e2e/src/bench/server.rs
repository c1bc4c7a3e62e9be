//! The server that all clients talk to: as fast as we can make one, so that it is not what is measured.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use bytes::BytesMut;
use everlink::wire::ws::{Decoder, Encoder, Item, Limits, Role, Text, accept_key};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::measure::END;
use super::socket::Socket;
use super::usage::raise_open_files;

/// Addresses listened on; each gives as many connections as there are ports.
const ADDRESSES: u8 = 4;

/// Serves until standard input ends, having said in one line where.
pub(super) fn run() -> Result<()> {
    super::child::end_with_parent()?;
    raise_open_files()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve())
}

async fn serve() -> Result<()> {
    let (bursts, _) = watch::channel(0_usize);
    let bursts = Arc::new(bursts);
    let mut addresses = Vec::new();
    for last in 1..=ADDRESSES {
        let listener = TcpListener::bind((Ipv4Addr::new(127, 0, 0, last), 0)).await?;
        addresses.push(listener.local_addr()?.to_string());
        tokio::spawn(accept(listener, Arc::clone(&bursts)));
    }
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", serde_json::to_string(&addresses)?)?;
    stdout.flush()?;
    let ended =
        tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    ended.await??;
    Ok(())
}

async fn accept(listener: TcpListener, bursts: Arc<watch::Sender<usize>>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let bursts = Arc::clone(&bursts);
                tokio::spawn(async move {
                    // A client that goes away in the middle is its own affair: it reports what it missed.
                    let _gone = connection(stream, &bursts).await;
                });
            }
            // Too many open files, mostly: some are closed soon.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn connection(mut stream: TcpStream, bursts: &watch::Sender<usize>) -> Result<()> {
    stream.set_nodelay(true)?;
    let path = tokio::time::timeout(UPGRADE_MAX, upgrade(&mut stream)).await??;
    let decoder = Decoder::new(Role::Server, Limits::default());
    let socket = Socket::new(stream, decoder, Encoder::server());
    let (path, query) = path.split_once('?').unwrap_or((&path, ""));
    match path {
        "/echo" => echo(socket).await,
        "/up" => up(socket).await,
        "/down" => down(socket, query).await,
        "/cut" => cut(socket).await,
        "/idle" => idle(socket, bursts.subscribe()).await,
        "/burst" => burst(socket, bursts).await,
        other => bail!("no such path: {other}"),
    }
}

/// Reads the request up to its blank line; nothing may follow before our answer.
async fn upgrade(stream: &mut TcpStream) -> Result<String> {
    let mut head = BytesMut::with_capacity(1024);
    while !head.ends_with(b"\r\n\r\n") {
        anyhow::ensure!(head.len() < HEAD_MAX, "a request of {} bytes", head.len());
        anyhow::ensure!(stream.read_buf(&mut head).await? > 0, "no request");
    }
    let head = std::str::from_utf8(&head)?;
    let path = head.split(' ').nth(1).context("no path")?.to_owned();
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| accept_key(value.trim()))
    };
    let accept = head.lines().find_map(header).context("no key")?;
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await?;
    Ok(path)
}

async fn echo(mut socket: Socket<TcpStream>) -> Result<()> {
    loop {
        while let Some(item) = socket.take()? {
            if let Item::Text(text) = item {
                socket.queue(&text);
            }
        }
        anyhow::ensure!(socket.queued_bytes() <= QUEUED_MAX, "the client does not read");
        if !socket.turn().await? {
            return Ok(());
        }
    }
}

/// Counts; a short text asks for the count.
async fn up(mut socket: Socket<TcpStream>) -> Result<()> {
    let mut count = 0_u64;
    while let Some(item) = socket.recv().await? {
        if matches!(&item, Item::Text(text) if text.as_bytes() == END.as_bytes()) {
            socket.queue(&count.to_string().into());
            socket.flush().await?;
        } else {
            count += 1;
        }
    }
    Ok(())
}

/// Sends after the first message, for as long as the query says, and says when it is over.
async fn down(mut socket: Socket<TcpStream>, query: &str) -> Result<()> {
    let number = |name: &str| -> Result<u64> {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let value = pairs.find(|(key, _)| *key == name).context("a parameter is missing")?.1;
        Ok(value.parse()?)
    };
    let text = Text::from("d".repeat(usize::try_from(number("size")?)?.min(SIZE_MAX)));
    let time = Duration::from_millis(number("millis")?.min(MILLIS_MAX));
    if socket.recv().await?.is_none() {
        return Ok(());
    }
    let started = Instant::now();
    while started.elapsed() < time {
        while socket.queued_bytes() < BATCH {
            socket.queue(&text);
        }
        socket.flush().await?;
        tokio::task::yield_now().await;
    }
    socket.queue(&END.into());
    while socket.recv().await?.is_some() {}
    Ok(())
}

/// Closes the connection without a word after the first message.
async fn cut(mut socket: Socket<TcpStream>) -> Result<()> {
    socket.recv().await.map(drop)
}

/// Sends nothing but a large message when there is a burst.
async fn idle(mut socket: Socket<TcpStream>, mut bursts: watch::Receiver<usize>) -> Result<()> {
    loop {
        tokio::select! {
            more = socket.turn() => if !more? { return Ok(()) },
            changed = bursts.changed() => {
                changed?;
                let size = *bursts.borrow_and_update();
                socket.queue(&"b".repeat(size).into());
                socket.flush().await?;
            }
        }
        while socket.take()?.is_some() {}
    }
}

async fn burst(mut socket: Socket<TcpStream>, bursts: &watch::Sender<usize>) -> Result<()> {
    while let Some(item) = socket.recv().await? {
        if let Item::Text(text) = item {
            bursts.send_replace(text.as_str().parse::<usize>()?.min(SIZE_MAX));
        }
    }
    Ok(())
}

const UPGRADE_MAX: Duration = Duration::from_secs(10);
const HEAD_MAX: usize = 16 * 1024;
const QUEUED_MAX: usize = 32 * 1024 * 1024;
const SIZE_MAX: usize = 1024 * 1024;
const MILLIS_MAX: u64 = 10_000;
const BATCH: usize = 64 * 1024;
