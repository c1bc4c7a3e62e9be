//! A client that does one thing at a time, with every wait bounded.

use bytes::BytesMut;
use everlink_wire::ws::{Decoder, Encoder, Item, Limits, Role};
use serde_json::Value;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) async fn bounded<T>(what: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(20);
    tokio::time::timeout(limit, what).await.expect("did not happen in time")
}

/// Asks over HTTP; returns status and JSON.
pub(crate) async fn http(address: SocketAddr, method: &str, path: &str) -> (u16, Value) {
    let request = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let (status, _, body) = ask(address, &request).await;
    (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

/// Sends a request and reads until the server closes; returns status, head and body.
pub(crate) async fn ask(address: SocketAddr, request: &str) -> (u16, String, String) {
    let mut stream = bounded(TcpStream::connect(address)).await.unwrap();
    bounded(stream.write_all(request.as_bytes())).await.unwrap();
    let mut answer = String::new();
    bounded(stream.read_to_string(&mut answer)).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), head.to_ascii_lowercase(), body.to_owned())
}

/// Returns the text of a request for a WebSocket.
pub(crate) fn upgrade(path: &str, headers: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    )
}

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    encoder: Encoder,
    decoder: Decoder,
    /// Whether pings are answered while something else is waited for.
    pub(crate) answers_pings: bool,
}

/// How a connection ended.
#[derive(Debug, PartialEq)]
pub(crate) enum Lost {
    Closed(Option<u16>),
    Eof,
    Reset,
}

impl Client {
    pub(crate) async fn open(address: SocketAddr, path: &str) -> Self {
        Self::open_with(address, path, "").await
    }

    /// Connects and upgrades, with more headers.
    pub(crate) async fn open_with(address: SocketAddr, path: &str, headers: &str) -> Self {
        let mut stream = bounded(TcpStream::connect(address)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        bounded(stream.write_all(upgrade(path, headers).as_bytes())).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(bounded(stream.read_u8()).await.unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 101 "), "{head}");
        assert!(head.contains("s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        let decoder = Decoder::new(Role::Client, Limits::default());
        let encoder = Encoder::client(|| [1, 2, 3, 4]);
        Self { stream, encoder, decoder, answers_pings: true }
    }

    pub(crate) async fn send(&mut self, write: impl FnOnce(&mut Encoder, &mut BytesMut)) {
        let mut bytes = BytesMut::new();
        write(&mut self.encoder, &mut bytes);
        bounded(self.stream.write_all(&bytes)).await.unwrap();
    }

    pub(crate) async fn text(&mut self, text: &str) {
        self.send(|encoder, bytes| encoder.text(bytes, text)).await;
    }

    pub(crate) async fn ping(&mut self, payload: &str) {
        self.send(|encoder, bytes| encoder.ping(bytes, payload.as_bytes()).unwrap()).await;
    }

    /// Returns the next frame, pings excepted that are answered.
    pub(crate) async fn next(&mut self) -> Result<Item, Lost> {
        loop {
            match self.decoder.next_item().unwrap() {
                Some(Item::Ping(payload)) if self.answers_pings => {
                    self.send(|encoder, bytes| encoder.pong(bytes, &payload).unwrap()).await;
                    continue;
                }
                Some(Item::Close(close)) => {
                    return Err(Lost::Closed(close.map(|close| close.code)));
                }
                Some(item) => return Ok(item),
                None => {}
            }
            match bounded(self.stream.read_buf(self.decoder.read_buffer())).await {
                Ok(0) => return Err(Lost::Eof),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                    return Err(Lost::Reset);
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    pub(crate) async fn next_text(&mut self) -> Result<String, Lost> {
        loop {
            match self.next().await? {
                Item::Text(text) => return Ok(text.as_str().to_owned()),
                Item::Pong(_) | Item::Ping(_) => {}
                other @ (Item::Binary(_) | Item::Close(_)) => panic!("{other:?}"),
            }
        }
    }

    pub(crate) async fn json(&mut self) -> Value {
        serde_json::from_str(&self.next_text().await.unwrap()).unwrap()
    }

    /// Sends a request and returns its answer; events in between are passed over.
    pub(crate) async fn request(&mut self, request: &str) -> Value {
        self.text(request).await;
        loop {
            let message = self.json().await;
            if message.get("id").is_some() {
                return message;
            }
        }
    }

    /// Pings, and returns the texts that come before the pong.
    pub(crate) async fn until_pong(&mut self) -> Vec<Value> {
        self.ping("mark").await;
        let mut texts = Vec::new();
        loop {
            match self.next().await.unwrap() {
                Item::Text(text) => texts.push(serde_json::from_str(text.as_str()).unwrap()),
                Item::Pong(payload) => {
                    assert_eq!(payload, "mark");
                    return texts;
                }
                other @ (Item::Binary(_) | Item::Close(_) | Item::Ping(_)) => panic!("{other:?}"),
            }
        }
    }

    /// Reads on to the end.
    pub(crate) async fn lost(&mut self) -> Lost {
        loop {
            if let Err(lost) = self.next().await {
                return lost;
            }
        }
    }
}
