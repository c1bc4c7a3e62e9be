//! A WebSocket of a client, opened as cheaply as can be.

use anyhow::{Result, ensure};
use bytes::BytesMut;
use everlink::wire::ws::{Decoder, Encoder, Item, Limits, Role, handshake_key};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::job::Speech;
use crate::bench::Socket;

pub(super) type Raw = Socket<TcpStream>;

/// Opens a connection to `/room`, or to `/publish` for who only publishes; where Everlink is spoken, to `/ws`.
pub(super) async fn open(address: &str, speech: Speech, path: &str) -> Result<Raw> {
    let (path, protocol) = match speech {
        Speech::Everlink => ("/ws", "Sec-WebSocket-Protocol: everlink.v1.json\r\n"),
        Speech::Plain => (path, ""),
    };
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let key = handshake_key([7; 16]);
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{protocol}\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut head = BytesMut::with_capacity(512);
    let end = loop {
        if let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        ensure!(head.len() < HEAD_MAX, "an answer of {} bytes", head.len());
        ensure!(stream.read_buf(&mut head).await? > 0, "no answer to the request for an upgrade");
    };
    ensure!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    let mut decoder = Decoder::new(Role::Client, Limits::default());
    decoder.read_buffer().extend_from_slice(&head[end..]);
    Ok(Socket::new(stream, decoder, Encoder::client(|| [1, 2, 3, 4])))
}

/// Says hello as everlink.v1 does, and waits until the channels are attached.
pub(super) async fn greet(raw: &mut Raw, client: &str, subs: &str) -> Result<()> {
    let hello = format!(
        r#"{{"t":"hello","v":1,"client":"{client}","producer":"{client}","subs":[{subs}]}}"#
    );
    raw.queue(&hello.into());
    let awaited = if subs.is_empty() { r#"{"t":"welcome""# } else { r#"{"t":"sub_ok""# };
    while let Some(item) = raw.recv().await? {
        if matches!(&item, Item::Text(text) if text.as_bytes().starts_with(awaited.as_bytes())) {
            return Ok(());
        }
    }
    anyhow::bail!("the server ended the connection of {client} before it was attached")
}

/// Returns the answer that a heartbeat of everlink.v1 wants.
pub(super) fn pong(text: &[u8]) -> Option<String> {
    let number = text.strip_prefix(br#"{"t":"ping","n":"#)?.strip_suffix(b"}")?;
    Some(format!(r#"{{"t":"pong","n":{}}}"#, std::str::from_utf8(number).ok()?))
}

pub(super) fn is_message(text: &[u8]) -> bool {
    text.starts_with(br#"{"t":"msg""#)
}

const HEAD_MAX: usize = 16 * 1024;
