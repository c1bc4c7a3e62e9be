//! A server on a socket, and clients that know nothing but HTTP and WebSocket.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use everlink_server::{Server, ServerBuilder};
use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// A server that is served.
pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) address: SocketAddr,
    serving: AbortHandle,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub(crate) async fn site(builder: ServerBuilder) -> Site {
    let server = builder.build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    server.check_bind(address).unwrap();
    let service = server.router().into_make_service_with_connect_info::<SocketAddr>();
    let serving = tokio::spawn(async move { axum::serve(listener, service).await });
    Site { server, address, serving: serving.abort_handle() }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
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

impl Site {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::POST, path, &[], &body.to_string()).await
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let asked = async {
            let stream = TcpStream::connect(self.address).await.unwrap();
            let (mut send, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            let mut request = Request::builder().method(method).uri(path).header("host", "here");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let body = Full::new(Bytes::from(body.to_owned()));
            let answer = send.send_request(request.body(body).unwrap()).await.unwrap();
            let (parts, body) = answer.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let body = String::from_utf8(body.to_vec()).unwrap();
            Answer { status: parts.status, headers: parts.headers, body }
        };
        soon(asked).await
    }

    pub(crate) async fn open(&self, path: &str) -> Socket {
        self.dial(path, &[]).await.unwrap_or_else(|status| panic!("{path}: {status}"))
    }

    /// Opens a WebSocket, or returns the status of the refusal.
    pub(crate) async fn dial(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Socket, StatusCode> {
        let mut request = format!("ws://{}{path}", self.address).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match soon(tokio_tungstenite::connect_async(request)).await {
            Ok((stream, response)) => {
                let protocol = response.headers().get("sec-websocket-protocol");
                let protocol = protocol.map(|value| value.to_str().unwrap().to_owned());
                Ok(Socket { stream, protocol })
            }
            Err(Error::Http(response)) => Err(response.status()),
            Err(error) => panic!("{path}: {error}"),
        }
    }
}

/// A WebSocket that says and hears JSON.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) protocol: Option<String>,
}

impl Socket {
    pub(crate) async fn say(&mut self, value: &Value) {
        soon(self.stream.send(Message::text(value.to_string()))).await.unwrap();
    }

    pub(crate) async fn say_text(&mut self, text: &str) {
        soon(self.stream.send(Message::text(text))).await.unwrap();
    }

    pub(crate) async fn say_binary(&mut self) {
        soon(self.stream.send(Message::binary(vec![1]))).await.unwrap();
    }

    /// Returns the next JSON, whatever it is.
    pub(crate) async fn next(&mut self) -> Value {
        loop {
            let message = soon(self.stream.next()).await.unwrap().unwrap();
            assert!(!message.is_close(), "closed: {message}");
            if let Message::Text(text) = message {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }

    /// Returns the next JSON of a type, past others.
    pub(crate) async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let value = self.next().await;
            if value["type"] == kind || value["t"] == kind {
                return value;
            }
        }
    }

    /// Returns so many JSON values, heartbeats apart, and checks that no more come before the next answer.
    pub(crate) async fn exactly(&mut self, count: usize) -> Vec<Value> {
        let mut values = Vec::new();
        while values.len() < count {
            values.push(self.next().await);
        }
        let more = self.until_pong().await;
        assert!(more.is_empty(), "{values:?}, and then {more:?}");
        values
    }

    /// Sends a ping and returns what came before its answer.
    pub(crate) async fn until_pong(&mut self) -> Vec<Value> {
        self.say(&serde_json::json!({"type": "ping"})).await;
        let mut before = Vec::new();
        loop {
            let value = self.next().await;
            if value["type"] == "pong" {
                return before;
            }
            before.push(value);
        }
    }

    /// Brings a token that is none, and returns the close code.
    pub(crate) async fn closed_by_wrong_token(&mut self) -> u16 {
        self.say(&serde_json::json!({"type": "auth", "token": "x"})).await;
        self.closed().await
    }

    /// Returns the close code, past whatever comes before.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            match soon(self.stream.next()).await {
                Some(Ok(Message::Close(Some(close)))) => return close.code.into(),
                Some(Ok(Message::Close(None))) => return 1005,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return 1006,
            }
        }
    }
}

/// Opens an `everlink.v1.json` connection that reads a channel from the beginning.
pub(crate) async fn everlink(site: &Site, channel: &str, token: Option<&str>) -> Socket {
    let headers = [("sec-websocket-protocol", "everlink.v1.json")];
    let mut socket = site.dial("/ws", &headers).await.unwrap();
    let mut hello = serde_json::json!({
        "t": "hello", "v": 1, "client": "c1", "producer": "p1", "subs": [{"c": channel}],
    });
    if let Some(token) = token {
        hello["auth"] = token.into();
    }
    socket.say(&hello).await;
    socket
}

/// Waits for something that must come.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), what).await.unwrap()
}
