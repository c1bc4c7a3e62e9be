//! A WebSocket server that a test plays by hand, and waits that end.

use std::future::Future;
use std::time::Duration;

use bytes::BytesMut;
use everlink::wire::ws::{Decoder, DeflateConfig, Encoder, Item, Limits, Role, accept_key};
use everlink::{Client, ClientBuilder, Event, Events};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Waits, but not for ever.
pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), work).await.expect("did not happen in time")
}

/// A client that comes back at once, and gives tests no long waits.
pub(crate) fn settle_at_once(url: &str) -> ClientBuilder {
    Client::builder(url).dial(|dial| dial.proxy(everlink::dial::Proxy::none())).settings(
        |settings| {
            settings
                .backoff(everlink::engine::BackoffKind::None)
                .backoff_floor(Duration::ZERO)
                .return_window(Some(Duration::ZERO))
                .jitter(everlink::engine::Jitter::None)
                .dials_per_minute(None)
        },
    )
}

/// A listener on the loopback.
pub(crate) struct Server {
    pub(crate) listener: TcpListener,
    pub(crate) url: String,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/ws", listener.local_addr().unwrap());
        Self { listener, url }
    }

    /// A client of this server that comes back at once.
    pub(crate) fn client(&self) -> ClientBuilder {
        settle_at_once(&self.url)
    }

    /// A client that may lose its connection as often as it likes: each counts as proved at once.
    pub(crate) fn restless_client(&self) -> ClientBuilder {
        self.client().settings(|settings| {
            settings.stable_after(Duration::ZERO).heartbeat(everlink::engine::Heartbeat::None)
        })
    }

    /// Accepts the next connection, and reads its request.
    pub(crate) async fn request(&self) -> Request {
        soon(async {
            let (stream, _) = self.listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            Request::read(stream).await
        })
        .await
    }

    /// Accepts the next connection as a WebSocket.
    pub(crate) async fn accept(&self) -> Peer {
        self.request().await.accept().await
    }

    /// Returns whether a connection is waiting that nobody accepted.
    pub(crate) async fn has_visitor(&self) -> bool {
        tokio::time::timeout(Duration::from_millis(100), self.listener.accept()).await.is_ok()
    }
}

/// A request for an upgrade.
pub(crate) struct Request {
    pub(crate) stream: TcpStream,
    pub(crate) head: String,
}

impl Request {
    async fn read(stream: TcpStream) -> Self {
        Self::try_read(stream).await.unwrap()
    }

    /// Reads a request; `None` if the client leaves before its end.
    pub(crate) async fn try_read(mut stream: TcpStream) -> Option<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.ok()?);
        }
        Some(Self { stream, head: String::from_utf8(head).unwrap() })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) async fn accept(self) -> Peer {
        let stream = self.upgrade("").await;
        let (decoder, encoder) = (server_decoder(), Encoder::server());
        Peer { stream, decoder, encoder, pings: true, bytes_read: 0 }
    }

    /// Agrees on compression with the client's offer.
    pub(crate) async fn accept_compressed(self, config: &DeflateConfig) -> Peer {
        let offer = self.header("sec-websocket-extensions").unwrap();
        let params = config.answer(offer).unwrap().unwrap();
        let stream = self.upgrade(&format!("Sec-WebSocket-Extensions: {params}\r\n")).await;
        let decoder = server_decoder().with_deflate(&params);
        let encoder = Encoder::server().with_deflate(config, &params);
        Peer { stream, decoder, encoder, pings: true, bytes_read: 0 }
    }

    async fn upgrade(mut self, headers: &str) -> TcpStream {
        let key = accept_key(self.header("sec-websocket-key").unwrap());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {key}\r\n{headers}\r\n"
        );
        let _gone = self.stream.write_all(answer.as_bytes()).await;
        self.stream
    }

    pub(crate) async fn reject(mut self, status: &str) {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let _gone = self.stream.write_all(answer.as_bytes()).await;
    }
}

fn server_decoder() -> Decoder {
    Decoder::new(Role::Server, Limits::default())
}

/// The server's end of a WebSocket.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    decoder: Decoder,
    pub(crate) encoder: Encoder,
    /// Bytes that came from the client.
    pub(crate) bytes_read: usize,
    /// Whether pings are answered.
    pub(crate) pings: bool,
}

impl Peer {
    pub(crate) async fn send(&mut self, text: &str) {
        let mut out = BytesMut::new();
        self.encoder.text(&mut out, text);
        self.stream.write_all(&out).await.unwrap();
    }

    pub(crate) async fn binary(&mut self, bytes: &[u8]) {
        let mut out = BytesMut::new();
        self.encoder.binary(&mut out, bytes);
        self.stream.write_all(&out).await.unwrap();
    }

    pub(crate) async fn close(&mut self, code: u16) {
        let mut out = BytesMut::new();
        self.encoder.close(&mut out, Some((code, ""))).unwrap();
        self.stream.write_all(&out).await.unwrap();
    }

    /// As [`close`](Self::close), for a client that may be gone.
    pub(crate) async fn try_close(&mut self, code: u16) {
        let mut out = BytesMut::new();
        self.encoder.close(&mut out, Some((code, ""))).unwrap();
        let _gone = self.stream.write_all(&out).await;
    }

    /// Returns the next item; `None` at the end of the stream.
    pub(crate) async fn item(&mut self) -> Option<Item> {
        soon(async {
            loop {
                match self.decoder.next_item().unwrap() {
                    Some(Item::Ping(payload)) if self.pings => {
                        let mut out = BytesMut::new();
                        self.encoder.pong(&mut out, &payload).unwrap();
                        self.stream.write_all(&out).await.unwrap();
                    }
                    Some(item) => return Some(item),
                    None => match self.stream.read_buf(self.decoder.read_buffer()).await {
                        Ok(count) if count > 0 => self.bytes_read += count,
                        _ => return None,
                    },
                }
            }
        })
        .await
    }

    pub(crate) async fn text(&mut self) -> String {
        match self.item().await {
            Some(Item::Text(text)) => text.as_str().to_owned(),
            other => panic!("expected a text, not {other:?}"),
        }
    }
}

/// Returns the next event that `pick` accepts.
pub(crate) async fn event<T>(events: &mut Events, pick: impl Fn(&Event) -> Option<T>) -> T {
    soon(async {
        loop {
            let event = events.next().await.expect("the events ended");
            if let Some(picked) = pick(&event) {
                return picked;
            }
        }
    })
    .await
}

/// Reads a request of an exchange's client, and returns its channels and its number.
pub(crate) async fn request(peer: &mut Peer, method: &str) -> (Vec<String>, u64) {
    let request: serde_json::Value = serde_json::from_str(&peer.text().await).unwrap();
    assert_eq!(request["method"], method);
    let names = request["params"].as_array().unwrap().iter();
    let names = names.map(|name| name.as_str().unwrap().to_owned()).collect();
    (names, request["id"].as_u64().unwrap())
}

/// Reads a request and accepts it; returns its channels.
pub(crate) async fn confirm(peer: &mut Peer, method: &str) -> Vec<String> {
    let (names, id) = request(peer, method).await;
    peer.send(&format!(r#"{{"result":null,"id":{id}}}"#)).await;
    names
}
