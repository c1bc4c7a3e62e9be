//! Namespaces, and the handlers of an application.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::ack::AckSender;
use super::args::Args;
use super::handshake::Handshake;
use super::socket::Socket;
use crate::hooks::User;
use crate::speech::Name;

/// What a namespace does: handlers of connections and events. Given to
/// [`SocketIoBuilder::namespace`](super::SocketIoBuilder::namespace).
///
/// A handler is a function that gives a future. Handlers of one socket begin in the order of its events and
/// run at the same time after their first wait; they go on when the socket is gone meanwhile. A panic is
/// contained. At most 64 run for one connection, then nothing more is read from it.
#[must_use = "a namespace exists once it is given to a builder"]
pub struct Namespace {
    pub(super) name: Name,
    pub(super) middleware: Vec<Middleware>,
    pub(super) on_connect: Option<OnConnect>,
    pub(super) on_disconnect: Option<OnDisconnect>,
    pub(super) events: BTreeMap<String, OnEvent>,
    pub(super) on_any: Option<OnAny>,
    pub(super) channel_news: bool,
}

impl Namespace {
    /// Makes a namespace; `/` is the one that clients enter when they name none.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            middleware: Vec::new(),
            on_connect: None,
            on_disconnect: None,
            events: BTreeMap::new(),
            on_any: None,
            channel_news: false,
        }
    }

    /// Asks before a client is let in; several are asked one after the other. A refusal goes to the client as
    /// `connect_error`.
    pub fn middleware<F, A>(mut self, middleware: F) -> Self
    where
        F: Fn(Arrival) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), ConnectRefusal>> + Send + 'static,
    {
        self.middleware.push(Arc::new(move |arrival| Box::pin(middleware(arrival))));
        self
    }

    /// Learns of a socket that is connected, with what its client said about itself (`auth`, `null` if
    /// nothing). Also of one that came back: [`Socket::recovered`].
    pub fn on_connect<F, A>(mut self, handler: F) -> Self
    where
        F: Fn(Socket, Value) -> A + Send + Sync + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        self.on_connect = Some(Arc::new(move |socket, auth| Box::pin(handler(socket, auth))));
        self
    }

    /// Learns that a socket is disconnected, and why, in the words of other servers: `transport close`,
    /// `ping timeout`, `client namespace disconnect`, `server namespace disconnect`, `server shutting down`,
    /// `parse error`. With recovery, one that may come back is told of as well.
    pub fn on_disconnect<F, A>(mut self, handler: F) -> Self
    where
        F: Fn(Socket, &'static str) -> A + Send + Sync + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        self.on_disconnect = Some(Arc::new(move |socket, why| Box::pin(handler(socket, why))));
        self
    }

    /// Takes an event of clients. Where they want an acknowledgement, [`AckSender::send`] gives it.
    pub fn on<F, A>(mut self, event: impl Into<String>, handler: F) -> Self
    where
        F: Fn(Socket, Args, AckSender) -> A + Send + Sync + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        let handler: OnEvent =
            Arc::new(move |socket, args, ack| Box::pin(handler(socket, args, ack)));
        self.events.insert(event.into(), handler);
        self
    }

    /// Takes the events for which there is no handler of their own.
    pub fn on_any<F, A>(mut self, handler: F) -> Self
    where
        F: Fn(Socket, String, Args, AckSender) -> A + Send + Sync + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        let handler: OnAny =
            Arc::new(move |socket, name, args, ack| Box::pin(handler(socket, name, args, ack)));
        self.on_any = Some(handler);
        self
    }

    /// Has clients told of what is in their rooms beside messages, whoever said it: `typing`, `read`,
    /// `presence`, `status` and other values as events of these names, `gap` for messages that cannot be had
    /// any more, and `away` before the server goes.
    ///
    /// Default: no.
    pub const fn channel_news(mut self, on: bool) -> Self {
        self.channel_news = on;
        self
    }
}

/// A client that asks to enter a namespace.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Arrival {
    /// The namespace.
    pub namespace: Name,
    /// What the client says about itself; `null` if nothing.
    pub auth: Value,
    /// Who it is, as [`Hooks::authenticate`](crate::hooks::Hooks::authenticate) says.
    pub user: Arc<User>,
    /// How its connection began.
    pub handshake: Arc<Handshake>,
}

/// Why a client is not let in, as its `connect_error` says.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "it is the answer of a middleware"]
pub struct ConnectRefusal {
    pub(super) message: String,
    pub(super) data: Option<Value>,
}

impl ConnectRefusal {
    /// Refuses with a message.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), data: None }
    }

    /// Says more, for programs.
    pub fn with_data(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }
}

pub(super) type Middleware =
    Arc<dyn Fn(Arrival) -> BoxFuture<'static, Result<(), ConnectRefusal>> + Send + Sync>;
pub(super) type OnConnect = Arc<dyn Fn(Socket, Value) -> BoxFuture<'static, ()> + Send + Sync>;
pub(super) type OnDisconnect =
    Arc<dyn Fn(Socket, &'static str) -> BoxFuture<'static, ()> + Send + Sync>;
pub(super) type OnEvent =
    Arc<dyn Fn(Socket, Args, AckSender) -> BoxFuture<'static, ()> + Send + Sync>;
pub(super) type OnAny =
    Arc<dyn Fn(Socket, String, Args, AckSender) -> BoxFuture<'static, ()> + Send + Sync>;

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events: Vec<_> = self.events.keys().collect();
        f.debug_struct("Namespace")
            .field("name", &self.name)
            .field("events", &events)
            .finish_non_exhaustive()
    }
}
