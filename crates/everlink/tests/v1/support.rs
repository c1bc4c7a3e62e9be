//! The server of Everlink on a port of its own, a peer that is played by hand, and waits that end.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use everlink::dial::Proxy;
use everlink::engine::{BackoffKind, Jitter};
use everlink::{Channel, ChannelEvent, Client, ClientBuilder, Dialect, Event, Events, LogMessage};
use everlink_server::listen::Listener;
use everlink_server::{Server, ServerBuilder};
use everlink_testkit::chaos::{ChaosProxy, End};
use everlink_testkit::server::{Connection, Script, ScriptedServer};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// Waits, but not for ever.
pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), work).await.expect("did not happen in time")
}

/// A client that comes back at once, and gives tests no long waits.
pub(crate) fn client_of(url: &str) -> ClientBuilder {
    Client::builder(url).dialect(Dialect::EVERLINK).dial(|dial| dial.proxy(Proxy::none())).settings(
        |settings| {
            settings
                .backoff(BackoffKind::None)
                .backoff_floor(Duration::ZERO)
                .return_window(Some(Duration::ZERO))
                .jitter(Jitter::None)
                .dials_per_minute(None)
                .stable_after(Duration::ZERO)
        },
    )
}

/// The server of Everlink behind a proxy that can cut.
pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) address: SocketAddr,
    pub(crate) proxy: ChaosProxy,
    task: JoinHandle<()>,
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::of(Server::builder()).await
    }

    pub(crate) async fn of(builder: ServerBuilder) -> Self {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let (server, address, task) = serve(builder, any);
        let proxy = ChaosProxy::builder().upstream(address).seed(7).build().await.unwrap();
        Self { server, address, proxy, task }
    }

    pub(crate) fn client(&self) -> ClientBuilder {
        client_of(&format!("ws://{}/ws", self.proxy.local_addr()))
    }

    /// A client that may lose its connection as often as it likes: each counts as proved at once.
    pub(crate) fn restless_client(&self) -> ClientBuilder {
        self.client().settings(|settings| settings.heartbeat(everlink::engine::Heartbeat::None))
    }

    /// Ends every connection without a word.
    pub(crate) fn cut(&self) {
        self.proxy.cut(End::Reset);
    }

    /// The process dies; another one takes its place.
    pub(crate) async fn restart(&mut self, builder: ServerBuilder) {
        self.task.abort();
        let _ended = (&mut self.task).await;
        self.cut();
        let (server, _, task) = serve(builder, self.address);
        (self.server, self.task) = (server, task);
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn serve(builder: ServerBuilder, address: SocketAddr) -> (Server, SocketAddr, JoinHandle<()>) {
    let server = builder.build().unwrap();
    let listener = Listener::bind(&[address]).unwrap();
    let address = listener.local_addrs()[0];
    let router = server.router();
    let task = tokio::spawn(listener.serve(router, std::future::pending()));
    (server, address, task)
}

/// A peer that says what the test wants.
pub(crate) struct Played {
    pub(crate) server: ScriptedServer,
    seen: usize,
}

impl Played {
    pub(crate) async fn start() -> Self {
        let server =
            ScriptedServer::builder().otherwise(Script::new().accept()).build().await.unwrap();
        Self { server, seen: 0 }
    }

    pub(crate) fn client(&self) -> ClientBuilder {
        client_of(&self.server.url())
    }

    /// Accepts the next connection, and returns its greeting.
    pub(crate) async fn greeted(&mut self) -> (Connection, Value) {
        self.seen += 1;
        let connection = self.server.connection(self.seen).await.unwrap();
        let hello = frame(&connection, 1).await;
        assert_eq!(hello["t"], "hello");
        (connection, hello)
    }

    /// The same, and welcomes it.
    pub(crate) async fn welcomed(&mut self) -> (Connection, Value) {
        let (connection, hello) = self.greeted().await;
        say(&connection, welcome());
        (connection, hello)
    }
}

pub(crate) fn welcome() -> Value {
    json!({
        "t": "welcome", "node": "n", "hb": [30_000, 10_000],
        "lim": {"frame": 1_000_000, "origin_ttl_ms": 86_400_000}, "retry": {"window_ms": 0}, "kept": "memory",
    })
}

pub(crate) fn say(connection: &Connection, frame: Value) {
    connection.play(Script::new().send_text(frame.to_string())).unwrap();
}

/// Returns the frame of this number, from 1, that came on a connection.
pub(crate) async fn frame(connection: &Connection, number: usize) -> Value {
    let texts = connection.texts(number).await.unwrap();
    serde_json::from_str(&texts[number - 1]).unwrap()
}

/// Returns the first frame of a type that came on a connection.
pub(crate) async fn frame_of(connection: &Connection, kind: &str) -> Value {
    frames_of(connection, kind, 1).await.remove(0)
}

/// Returns the frames of a type that came on a connection, as soon as there are so many.
pub(crate) async fn frames_of(connection: &Connection, kind: &str, count: usize) -> Vec<Value> {
    soon(async {
        for texts in 1.. {
            let all = connection.texts(texts).await.unwrap();
            let frames = all.iter().map(|text| serde_json::from_str::<Value>(text).unwrap());
            let found: Vec<Value> = frames.filter(|frame| frame["t"] == kind).collect();
            if found.len() >= count {
                return found;
            }
        }
        unreachable!("waiting has an end")
    })
    .await
}

/// Returns the next event that `wanted` knows what to do with.
pub(crate) async fn event<T>(events: &mut Events, wanted: impl Fn(&Event) -> Option<T>) -> T {
    soon(async {
        loop {
            let event = events.next().await.expect("the client lives");
            if let Some(found) = wanted(&event) {
                return found;
            }
        }
    })
    .await
}

/// Returns the next thing that a channel brings.
pub(crate) async fn next(channel: &mut Channel) -> ChannelEvent {
    soon(channel.next()).await.unwrap()
}

/// Returns the next thing beside retained values, such as who is there.
pub(crate) async fn logged(channel: &mut Channel) -> ChannelEvent {
    loop {
        match next(channel).await {
            ChannelEvent::Retained { .. } => {}
            event => return event,
        }
    }
}

/// Returns the next thing in the log, which must be a message.
pub(crate) async fn message(channel: &mut Channel) -> LogMessage {
    match logged(channel).await {
        ChannelEvent::Message(message) => message,
        other => panic!("a message was expected: {other:?}"),
    }
}

/// Returns the text of the next thing, which must be a message.
pub(crate) async fn text(channel: &mut Channel) -> String {
    message(channel).await.payload.text().unwrap()
}

/// A log on disk, as soon as whoever had it before has let it go.
pub(crate) async fn disk(path: &std::path::Path) -> ServerBuilder {
    use everlink_server::log::{RedbLog, RedbOptions};
    soon(async {
        loop {
            match RedbLog::open(RedbOptions::new(path)) {
                Ok(log) => return Server::builder().log(Arc::new(log)),
                Err(_) => tokio::task::yield_now().await,
            }
        }
    })
    .await
}
