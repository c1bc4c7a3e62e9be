//! A server with Socket.IO, and a client that knows no more than the protocol.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use everlink_server::socketio::{Namespace, SocketIo, SocketIoBuilder};
use everlink_server::{Server, ServerBuilder};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Waits for something that must come.
#[track_caller]
pub(crate) fn soon<T>(what: impl Future<Output = T>) -> impl Future<Output = T> {
    let place = std::panic::Location::caller();
    async move {
        let waited = tokio::time::timeout(Duration::from_secs(10), what).await;
        waited.unwrap_or_else(|_| panic!("it takes too long: {place}"))
    }
}

/// A server that is served.
pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) io: SocketIo,
    pub(crate) address: SocketAddr,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Serves these namespaces without recovery.
pub(crate) async fn site(namespaces: impl IntoIterator<Item = Namespace>) -> Site {
    site_of(Server::builder(), SocketIo::builder(), namespaces).await
}

/// Serves a chat with recovery.
pub(crate) async fn chat() -> Site {
    let window = Some(Duration::from_secs(120));
    site_of(Server::builder(), SocketIo::builder().recovery(window), [Namespace::chat("/")]).await
}

pub(crate) async fn site_of(
    server: ServerBuilder,
    io: SocketIoBuilder,
    namespaces: impl IntoIterator<Item = Namespace>,
) -> Site {
    let server = server.build().unwrap();
    let io = namespaces.into_iter().fold(io, SocketIoBuilder::namespace);
    let io = io.build(&server).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = server.router().merge(io.router());
    let service = service.into_make_service_with_connect_info::<SocketAddr>();
    let serving = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    Site { server, io, address, serving }
}

/// One connection.
pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    numbers: u64,
    /// What came while something else was waited for.
    held: Vec<String>,
    pub(crate) sid: String,
    pub(crate) pid: Option<String>,
    /// As the official client keeps it.
    pub(crate) offset: Option<String>,
}

/// An event as it came.
#[derive(Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) args: Vec<Value>,
    pub(crate) id: Option<u64>,
}

impl Client {
    /// Opens a connection, without a namespace.
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket&who=tester");
        let (socket, _) = soon(tokio_tungstenite::connect_async(url)).await.unwrap();
        let (sid, pid, offset) = (String::new(), None, None);
        let mut client = Self { socket, numbers: 0, held: Vec::new(), sid, pid, offset };
        let open = client.frame().await.unwrap();
        assert!(open.starts_with("0{"), "{open}");
        client
    }

    /// Opens a connection and enters `/`.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::connect_as(address, &json!({})).await
    }

    pub(crate) async fn connect_as(address: SocketAddr, auth: &Value) -> Self {
        let mut client = Self::open(address).await;
        client.send(&format!("40{auth}")).await;
        client.entered().await;
        client
    }

    /// Comes back as the official client does.
    pub(crate) async fn back(self, address: SocketAddr) -> Self {
        let Self { pid, offset, .. } = self;
        Self::claim(address, pid, offset).await
    }

    pub(crate) async fn claim(
        address: SocketAddr,
        pid: Option<String>,
        offset: Option<String>,
    ) -> Self {
        let mut auth = json!({ "pid": pid });
        if let Some(offset) = &offset {
            auth["offset"] = json!(offset);
        }
        let mut client = Self::connect_as(address, &auth).await;
        client.offset = offset;
        client
    }

    async fn entered(&mut self) {
        let answer = self.text().await;
        let answer: Value = serde_json::from_str(answer.strip_prefix("40").unwrap()).unwrap();
        answer["sid"].as_str().unwrap().clone_into(&mut self.sid);
        self.pid = answer["pid"].as_str().map(str::to_owned);
    }

    pub(crate) async fn send(&mut self, text: &str) {
        soon(self.socket.send(Frame::text(text.to_owned()))).await.unwrap();
    }

    pub(crate) async fn send_bytes(&mut self, bytes: Vec<u8>) {
        soon(self.socket.send(Frame::binary(bytes))).await.unwrap();
    }

    pub(crate) async fn emit(&mut self, name: &str, argument: &Value) {
        self.send(&format!("42{}", json!([name, argument]))).await;
    }

    /// Sends an event and waits for its acknowledgement.
    pub(crate) async fn ask(&mut self, name: &str, argument: &Value) -> Value {
        self.numbers += 1;
        let id = self.numbers;
        self.send(&format!("42{id}{}", json!([name, argument]))).await;
        let head = format!("43{id}[");
        let mut held = Vec::new();
        loop {
            let text = self.text_from_wire().await;
            if text.starts_with(&head) {
                self.held.extend(held);
                let list: Value = serde_json::from_str(&text[head.len() - 1..]).unwrap();
                return list[0].clone();
            }
            held.push(text);
        }
    }

    /// Returns the next event of `/`.
    pub(crate) async fn event(&mut self) -> Event {
        let text = self.text().await;
        let packet = text.strip_prefix("42").unwrap_or_else(|| panic!("no event: {text}"));
        let list = packet.find('[').unwrap();
        let id = packet[..list].parse().ok();
        let values: Vec<Value> = serde_json::from_str(&packet[list..]).unwrap();
        let last = values.last().and_then(Value::as_str).filter(|_| self.pid.is_some());
        if let (Some(last), None, true) = (last, id, values.len() > 1) {
            self.offset = Some(last.to_owned());
        }
        let name = values[0].as_str().unwrap().to_owned();
        Event { name, args: values[1..].to_vec(), id }
    }

    /// Returns the next event of this name, and skips others.
    pub(crate) async fn event_of(&mut self, name: &str) -> Vec<Value> {
        loop {
            let event = self.event().await;
            if event.name == name {
                return event.args;
            }
        }
    }

    /// Returns the next text that is no heartbeat.
    pub(crate) async fn text(&mut self) -> String {
        if self.held.is_empty() { self.text_from_wire().await } else { self.held.remove(0) }
    }

    async fn text_from_wire(&mut self) -> String {
        loop {
            let text = self.frame().await.expect("the connection has ended");
            if text != "2" {
                return text;
            }
            self.send("3").await;
        }
    }

    /// Returns the next binary message.
    pub(crate) async fn bytes(&mut self) -> Vec<u8> {
        match soon(self.socket.next()).await {
            Some(Ok(Frame::Binary(bytes))) => bytes.to_vec(),
            other => panic!("no bytes: {other:?}"),
        }
    }

    /// Waits until the server closes, whatever comes before.
    pub(crate) async fn closed(&mut self) {
        while self.frame().await.is_some() {}
    }

    async fn frame(&mut self) -> Option<String> {
        match soon(self.socket.next()).await {
            Some(Ok(Frame::Text(text))) => Some(text.as_str().to_owned()),
            Some(Ok(Frame::Close(_)) | Err(_)) | None => None,
            Some(Ok(other)) => panic!("not a text: {other:?}"),
        }
    }
}
