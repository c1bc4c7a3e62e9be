//! A server with an echo of Engine.IO, and the two ways to speak with it.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use everlink_server::engineio::{EngineIo, Handler, Link};
use everlink_server::speech::Closed;
use everlink_server::{Server, ServerBuilder};
use everlink_wire::Message;
use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message as Frame};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Waits for something that must come.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), what).await.expect("it takes too long")
}

/// Says back what it hears; a few words make it do something else.
#[derive(Debug)]
struct Echo {
    closed: mpsc::UnboundedSender<Closed>,
}

impl Handler for Echo {
    fn on_message(&self, link: &Link, message: Message) {
        match message.as_text() {
            Some("close") => link.close(),
            Some("panic") => panic!("as it was told"),
            Some(count) if count.starts_with("count ") => {
                for number in 0..count[6..].parse().unwrap() {
                    link.send(format!("{number}")).unwrap();
                }
            }
            _ => link.send(message).unwrap(),
        }
    }

    fn on_close(&self, _: &Link, closed: Closed) {
        // Most tests do not ask.
        let _ = self.closed.send(closed);
    }
}

/// A server that is served at `/engine.io/`.
pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) address: SocketAddr,
    closed: mpsc::UnboundedReceiver<Closed>,
}

/// Serves an echo.
pub(crate) async fn echo(settings: EngineIo) -> Site {
    echo_of(Server::builder(), settings).await
}

pub(crate) async fn echo_of(builder: ServerBuilder, settings: EngineIo) -> Site {
    let server = builder.build().unwrap();
    let (sender, closed) = mpsc::unbounded_channel();
    let router =
        server.engine_io_handler("/engine.io", &settings, Echo { closed: sender }).unwrap();
    let address = serve(router).await;
    Site { server, address, closed }
}

/// Serves routes at a free port.
pub(crate) async fn serve(router: axum::Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    address
}

impl Site {
    /// Returns how the next session that ends has ended.
    pub(crate) async fn closed(&mut self) -> Closed {
        soon(self.closed.recv()).await.unwrap()
    }

    pub(crate) async fn poll(&self) -> Polling {
        Polling::open(self.address).await
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Sends one request on a connection of its own.
pub(crate) async fn ask(
    address: SocketAddr,
    method: Method,
    query: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let asked = async {
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut send, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let path = format!("/engine.io/?{query}");
        let mut request = Request::builder().method(method).uri(path).header("host", "here");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Full::new(Bytes::from(body.to_owned()));
        let answer = send.send_request(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    };
    soon(asked).await
}

/// A session that polls.
#[derive(Clone, Debug)]
pub(crate) struct Polling {
    pub(crate) address: SocketAddr,
    pub(crate) sid: String,
    pub(crate) handshake: Value,
}

impl Polling {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let answer = ask(address, Method::GET, "EIO=4&transport=polling", &[], "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let handshake: Value =
            serde_json::from_str(answer.body.strip_prefix('0').unwrap()).unwrap();
        let sid = handshake["sid"].as_str().unwrap().to_owned();
        Self { address, sid, handshake }
    }

    pub(crate) fn query(&self) -> String {
        format!("EIO=4&transport=polling&sid={}", self.sid)
    }

    pub(crate) async fn get(&self) -> Answer {
        ask(self.address, Method::GET, &self.query(), &[], "").await
    }

    pub(crate) async fn post(&self, body: &str) -> Answer {
        ask(self.address, Method::POST, &self.query(), &[], body).await
    }

    pub(crate) async fn say(&self, body: &str) {
        let answer = self.post(body).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
    }

    pub(crate) async fn hear(&self) -> String {
        let answer = self.get().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    /// Polls until so many packets have come, heartbeats and noops apart.
    pub(crate) async fn hear_packets(&self, count: usize) -> Vec<String> {
        let mut packets = Vec::new();
        while packets.len() < count {
            let body = self.hear().await;
            packets.extend(
                body.split('\u{1e}').filter(|p| !matches!(*p, "2" | "6")).map(str::to_owned),
            );
        }
        packets
    }

    /// Opens a WebSocket for the session.
    pub(crate) async fn websocket(&self) -> Socket {
        Socket::open(self.address, &format!("EIO=4&transport=websocket&sid={}", self.sid))
            .await
            .unwrap()
    }
}

/// A WebSocket that says and hears packets.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens one, or returns the refusal.
    pub(crate) async fn open(address: SocketAddr, query: &str) -> Result<Self, (u16, String)> {
        let request = format!("ws://{address}/engine.io/?{query}").into_client_request().unwrap();
        match soon(tokio_tungstenite::connect_async(request)).await {
            Ok((stream, _)) => Ok(Self(stream)),
            Err(Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                Err((response.status().as_u16(), String::from_utf8(body).unwrap()))
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens one without a session, and returns the handshake.
    pub(crate) async fn begin(address: SocketAddr) -> (Self, Value) {
        let mut socket = Self::open(address, "EIO=4&transport=websocket").await.unwrap();
        let open = socket.hear().await;
        (socket, serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap())
    }

    pub(crate) async fn say(&mut self, text: &str) {
        soon(self.0.send(Frame::text(text))).await.unwrap();
    }

    pub(crate) async fn say_binary(&mut self, bytes: &[u8]) {
        soon(self.0.send(Frame::binary(bytes.to_vec()))).await.unwrap();
    }

    pub(crate) async fn next(&mut self) -> Frame {
        soon(self.0.next()).await.unwrap().unwrap()
    }

    /// Returns the next text.
    pub(crate) async fn hear(&mut self) -> String {
        let frame = self.next().await;
        assert!(frame.is_text(), "expected a text, got {frame}");
        frame.into_text().unwrap().as_str().to_owned()
    }

    /// Returns the next text that is no heartbeat.
    pub(crate) async fn hear_message(&mut self) -> String {
        loop {
            let text = self.hear().await;
            if text != "2" {
                return text;
            }
        }
    }

    /// Returns the close code, past whatever comes before.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            match soon(self.0.next()).await {
                Some(Ok(Frame::Close(Some(close)))) => return close.code.into(),
                Some(Ok(Frame::Close(None))) => return 1005,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return 1006,
            }
        }
    }
}

pub(crate) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
