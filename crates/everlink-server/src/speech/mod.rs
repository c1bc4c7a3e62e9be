//! How an endpoint speaks: what requests and replies look like on its wire.
//!
//! Every connection, whatever its endpoint, is the same thing inside: a session of the engine that
//! reads logs from positions, in rooms that all endpoints share. A [`Speech`] turns what a client
//! sends into [`Request`]s and [`Reply`]s into what the client expects. `everlink.v1` is one such
//! speech; an endpoint of plain JSON is another, and gets replay, heartbeat, take-over, drain,
//! limits and back-pressure without a line of its own.
//!
//! A speech without a greeting and without numbers makes them up:
//!
//! - [`Speech::greeting`] gives the `hello` that the client would have sent, with its channels,
//!   token and name from the URL, a header or a cookie. The session is told it right after the upgrade.
//! - For each publish it counts: a fresh producer for each connection, `sequence` from 1 for each
//!   channel, `before: None`.
//! - Replies that mean nothing to its clients become [`Payload::Nothing`], and a heartbeat of the
//!   server becomes [`Payload::Ping`], which every WebSocket answers: the answer comes back as
//!   [`Incoming::Pong`].
//!
//! Mount one in a handler of axum with [`Server::upgrade`](crate::Server::upgrade), or for requests to
//! `/ws` without a subprotocol with [`ServerBuilder::plain`](crate::ServerBuilder::plain).

mod v1;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::task::Context;

use bytes::Bytes;
use everlink_engine::server::{Hello, Reply, Request};
use everlink_wire::Message;
use everlink_wire::ws::Text;

pub(crate) use v1::V1;

use crate::hooks::User;

/// Names of channels, producers, users and kinds of values.
pub type Name = Arc<str>;

/// How requests and replies look on the wire of one connection.
pub trait Speech: fmt::Debug + Send + 'static {
    /// Returns what the client would have greeted with, for a speech that has no greeting. Asked
    /// once, before anything else; `None` waits for a greeting on the wire.
    fn greeting(&mut self) -> Option<Hello<Name>> {
        None
    }

    /// Reads what came; `None` when it asks for nothing.
    ///
    /// # Errors
    ///
    /// It is not understood: the session ends or is told, as [`SpeechError::fatal`] says.
    fn decode(&mut self, incoming: Incoming)
    -> Result<Option<Request<Name, Message>>, SpeechError>;

    /// Says a reply.
    fn encode(&mut self, reply: &Reply<Name, Message>) -> Payload;

    /// Names the form of [`Reply::Message`], [`Reply::Volatile`] and [`Reply::Retained`] in this
    /// speech: it is encoded once for all connections of the same format, by whichever of them comes
    /// first, so that for these replies `encode` must depend on nothing but the reply. `None` encodes
    /// for each connection.
    fn format(&self) -> Option<Format>;

    /// Says a reply that others are told as well, where [`format`](Self::format) names no form in which it is the
    /// same for all: `shared` keeps what is, for whoever comes next.
    ///
    /// Default: [`encode`](Self::encode).
    fn encode_shared(&mut self, reply: &Reply<Name, Message>, shared: &OnceLock<Bytes>) -> Payload {
        let _ = shared;
        self.encode(reply)
    }

    /// Learns that a message of the client is stored, each by itself; [`Reply::Ack`] speaks of all up to a number.
    ///
    /// Default: nothing.
    fn stored(&mut self, channel: &Name, producer: Option<&Name>, sequence: u64, offset: u64) {
        let _ = (channel, producer, sequence, offset);
    }

    /// Learns who the client is, before it is welcomed and whenever it brings fresh credentials.
    ///
    /// Default: nothing.
    fn admitted(&mut self, user: &Arc<User>) {
        let _ = user;
    }

    /// Returns whether a reserved channel is this connection's own: it may be read without anyone being asked, and
    /// nobody counts as being there.
    ///
    /// Default: no.
    fn owns(&self, channel: &str) -> bool {
        let _ = channel;
        false
    }

    /// Returns the next thing that the speech wants done beside what requests and replies ask for, as long as there is
    /// `capacity` for it. `None` when there is nothing; the task is woken when that changes.
    ///
    /// Default: nothing, ever.
    fn poll_step(&mut self, cx: &mut Context<'_>, capacity: Capacity) -> Option<Step> {
        let _ = (cx, capacity);
        None
    }

    /// Returns whether nothing more is to be read for now. The task is woken when that changes.
    ///
    /// Default: no.
    fn is_busy(&self) -> bool {
        false
    }

    /// Gives back what an idle connection does not need: nothing has come or gone for a while.
    ///
    /// Default: nothing.
    fn rest(&mut self) {}

    /// Learns that the connection has ended, and how. Called once, after everything else.
    ///
    /// Default: nothing.
    fn closed(&mut self, closed: Closed) {
        let _ = closed;
    }
}

/// Something that a speech wants done.
#[derive(Debug)]
pub enum Step {
    /// This is written.
    Say(Payload),
    /// The session is asked for this, as if the client had; only once it is welcomed.
    Request(Request<Name, Message>),
    /// The connection is closed.
    Close {
        /// The close code.
        code: u16,
        /// Why, in words.
        why: Name,
    },
}

/// What can be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capacity {
    /// There is room for more to be written.
    pub messages: bool,
    /// The session takes requests.
    pub requests: bool,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Closed {
    /// The client has closed it.
    ByClient,
    /// The server has closed it, with this code.
    ByServer {
        /// The close code.
        code: u16,
    },
    /// The client broke the rules of the transport.
    Broken,
    /// Nothing was heard for too long.
    Silent,
    /// It ended without a word.
    Lost,
}

/// A message from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A text message.
    Text(Text),
    /// A binary message.
    Binary(Bytes),
    /// The answer to a WebSocket ping.
    Pong(Bytes),
}

/// A message to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A WebSocket ping, for this heartbeat.
    Ping(u32),
    /// These, one after the other.
    Several(Vec<Self>),
    /// Nothing: it means nothing to this client.
    Nothing,
}

/// Forms in which frames are shared among connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// `everlink.v1.json`.
    V1Json,
    /// `everlink.v1.cbor`.
    V1Cbor,
    /// The messenger's plain JSON.
    Messenger,
    /// The chat page's chat socket.
    Chat,
    /// The chat page's status socket.
    Status,
    /// Socket.IO with its default parser; its frames are messages of Engine.IO.
    SocketIo,
}

impl Format {
    /// Returns whether frames of it go over Engine.IO, so that a text has the type of a message in front.
    pub(crate) const fn is_engine_io(self) -> bool {
        matches!(self, Self::SocketIo)
    }

    /// How many there are.
    pub(crate) const COUNT: usize = 6;
}

/// A client said what is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why} ({code})")]
pub struct SpeechError {
    /// Why, as a number: the close code where it is fatal, else told in an `err`.
    pub code: u16,
    /// Why, in words.
    pub why: Arc<str>,
    /// Whether the connection ends with it.
    pub fatal: bool,
}
