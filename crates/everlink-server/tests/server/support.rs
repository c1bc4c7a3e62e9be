//! A server on a loopback address, and a raw client of `everlink.v1.json`.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use everlink_server::log::{Log, LogOptions, MemoryLog};
use everlink_server::{Server, ServerBuilder};
use everlink_wire::ws::{
    Close, Decoder, DeflateParams, Encoder, Item, Limits, Role, accept_key, handshake_key,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Longest wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it takes too long")
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(timeout(PATIENCE, wait).await.is_ok(), "{what}");
}

/// A server that serves.
pub(crate) struct Served {
    pub(crate) server: Server,
    pub(crate) addr: SocketAddr,
}

pub(crate) fn memory_log() -> Arc<dyn Log> {
    Arc::new(MemoryLog::new(LogOptions::default()).unwrap())
}

pub(crate) async fn serve(set_up: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Served {
    let server = set_up(Server::builder()).build().unwrap();
    serve_router(server.clone(), server.router()).await
}

pub(crate) async fn serve_router(server: Server, router: axum::Router) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    Served { server, addr }
}

impl Served {
    pub(crate) async fn open(&self) -> Raw {
        Raw::open(self.addr, "everlink.v1.json").await
    }

    /// Opens, greets, and takes the welcome.
    pub(crate) async fn attach(&self, client: &str, channels: &[&str]) -> Raw {
        let subs: Vec<_> = channels.iter().map(|channel| json!({"c": channel})).collect();
        self.attach_at(client, json!(subs)).await
    }

    pub(crate) async fn attach_at(&self, client: &str, subs: Value) -> Raw {
        let mut raw = self.open().await;
        let channels = subs.as_array().unwrap().len();
        raw.say(json!({"t": "hello", "v": 1, "client": client, "producer": client, "subs": subs}))
            .await;
        assert_eq!(raw.next().await["t"], "welcome");
        for _ in 0..channels {
            raw.take("sub_ok").await;
        }
        raw
    }
}

/// The answer to a request for an upgrade.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
    stream: TcpStream,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

/// Sends an opening handshake with these lines added, and reads the answer.
pub(crate) async fn handshake(addr: SocketAddr, lines: &str) -> Answer {
    request(addr, &format!(
        "GET /ws HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{lines}\r\n"
    ))
    .await
}

pub(crate) async fn request(addr: SocketAddr, request: &str) -> Answer {
    let mut stream = soon(TcpStream::connect(addr)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(soon(stream.read_u8()).await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let status = head[9..12].parse().unwrap();
    let mut answer = Answer { status, head, body: String::new(), stream };
    if let Some(length) = answer.header("content-length") {
        let mut body = vec![0; length.parse().unwrap()];
        soon(answer.stream.read_exact(&mut body)).await.unwrap();
        answer.body = String::from_utf8(body).unwrap();
    }
    answer
}

pub(crate) fn key_lines() -> String {
    format!("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n", handshake_key([7; 16]))
}

/// An open WebSocket, spoken by hand.
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    decoder: Decoder,
    encoder: Encoder,
}

impl Raw {
    pub(crate) async fn open(addr: SocketAddr, protocol: &str) -> Self {
        let lines = format!("{}Sec-WebSocket-Protocol: {protocol}\r\n", key_lines());
        let answer = handshake(addr, &lines).await;
        assert_eq!(answer.status, 101, "{answer:?}");
        assert_eq!(answer.header("sec-websocket-protocol"), Some(protocol));
        Self::over(answer)
    }

    pub(crate) fn over(answer: Answer) -> Self {
        let accept = accept_key(&handshake_key([7; 16]));
        assert_eq!(answer.header("sec-websocket-accept"), Some(accept.as_str()));
        Self {
            stream: answer.stream,
            decoder: Decoder::new(Role::Client, Limits::default()),
            encoder: Encoder::client(|| [1, 2, 3, 4]),
        }
    }

    pub(crate) fn with_deflate(mut self, params: &DeflateParams) -> Self {
        self.decoder = self.decoder.with_deflate(params);
        self
    }

    pub(crate) async fn say(&mut self, frame: Value) {
        self.text(&frame.to_string()).await;
    }

    pub(crate) async fn text(&mut self, text: &str) {
        let mut bytes = BytesMut::new();
        self.encoder.text(&mut bytes, text);
        self.bytes(&bytes).await;
    }

    pub(crate) async fn binary(&mut self, payload: &[u8]) {
        let mut bytes = BytesMut::new();
        self.encoder.binary(&mut bytes, payload);
        self.bytes(&bytes).await;
    }

    pub(crate) async fn bytes(&mut self, bytes: &[u8]) {
        soon(self.stream.write_all(bytes)).await.unwrap();
    }

    pub(crate) async fn publish(&mut self, channel: &str, sequence: u64, payload: Value) {
        self.say(json!({"t": "pub", "c": channel, "s": sequence, "d": payload})).await;
    }

    /// Returns the next message or control frame; `None` at the end of the stream.
    pub(crate) async fn item(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.decoder.next_item().unwrap() {
                return Some(item);
            }
            match soon(self.stream.read_buf(self.decoder.read_buffer())).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Returns the next frame.
    pub(crate) async fn next(&mut self) -> Value {
        match self.item().await {
            Some(Item::Text(text)) => serde_json::from_slice(text.as_bytes()).unwrap(),
            other => panic!("expected a frame, got {other:?}"),
        }
    }

    /// Returns the next frame of a type, and drops presence before it.
    pub(crate) async fn take(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await;
            if frame["t"] == kind {
                return frame;
            }
            assert!(frame["k"] == "presence", "expected {kind}, got {frame}");
        }
    }

    /// Returns the close frame that follows, dropping other frames.
    pub(crate) async fn closed(&mut self) -> Option<Close> {
        loop {
            match self.item().await {
                None => panic!("the stream ended without a close frame"),
                Some(Item::Close(close)) => return close,
                Some(_) => {}
            }
        }
    }

    pub(crate) async fn close_code(&mut self) -> u16 {
        self.closed().await.map_or(1005, |close| close.code)
    }

    pub(crate) async fn close(&mut self, code: u16) {
        let mut bytes = BytesMut::new();
        self.encoder.close(&mut bytes, Some((code, ""))).unwrap();
        self.bytes(&bytes).await;
    }

    /// Asserts that nothing comes before a pong does.
    pub(crate) async fn silent(&mut self) {
        self.say(json!({"t": "ping", "n": 77})).await;
        let pong = self.take("pong").await;
        assert_eq!(pong["n"], 77);
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raw").field("stream", &self.stream).finish_non_exhaustive()
    }
}
