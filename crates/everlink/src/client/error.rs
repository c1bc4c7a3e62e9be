//! Errors of calls: this call failed, and changed nothing.

use everlink_engine::{ConfigError, InputError};
use everlink_wire::socketio::NAMESPACE_BYTES_MAX;
use everlink_wire::v1::Problem;
use everlink_wire::{ChannelError, RefusedPayload};

use super::failure::ConnectionError;
use super::socketio::EmitError;
use crate::config::SettingsError;
use crate::dial::{EndpointError, OptionsError};
use crate::feed::ReconnectionError;
use crate::outbox::OutboxError;

/// A message that was not taken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The engine refused it: the outbox is full, the message too big, or the client closed.
    #[error(transparent)]
    Refused(#[from] InputError),
    /// The durable outbox could not store it.
    #[error(transparent)]
    NotStored(#[from] OutboxError),
    /// Messages of an earlier run wait for room in front of it.
    #[error("messages of an earlier run are sent first, and wait for room")]
    Behind,
    /// With a durable outbox only the async `send` can take a message: it waits for the disk.
    #[error("the durable outbox must be waited for; accepted: `send` and `send_with`")]
    MustWait,
    /// The dialect cannot say it.
    #[error(transparent)]
    Payload(#[from] RefusedPayload),
    /// The payload is not the JSON that it should be.
    #[error("payload: {0}")]
    NotJson(#[from] Problem),
    /// The name of the channel, or of the kind of value, cannot be used.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// An event that cannot be said.
    #[error("{why}")]
    #[non_exhaustive]
    Event {
        /// Why.
        why: String,
    },
    /// The dialect has no events.
    #[error("dialect `{dialect}` has no events; accepted: `socketio`")]
    #[non_exhaustive]
    NotSocketIo {
        /// The dialect.
        dialect: &'static str,
    },
    /// The dialect has no channels with logs.
    #[error("dialect `{dialect}` has no channels to publish to; accepted: `everlink`")]
    #[non_exhaustive]
    NoLog {
        /// The dialect.
        dialect: &'static str,
    },
}

impl SendError {
    /// Returns whether the client is closed: [`connect`](crate::Client::connect) first.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Refused(InputError::Closed))
    }

    /// Returns whether the message may be taken once there is room.
    pub(crate) fn waits_for_room(&self) -> bool {
        let full = matches!(self, Self::Refused(InputError::QueueFull { waits: true, .. }));
        full || matches!(self, Self::Behind)
    }

    /// Returns whether the outbox was full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Refused(InputError::QueueFull { .. }))
    }
}

/// A subscription that was not taken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The dialect knows no subscriptions, or there are too many.
    #[error(transparent)]
    Refused(#[from] InputError),
    /// The name cannot be used.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The dialect has no channels with logs.
    #[error("dialect `{dialect}` has no channels with logs; accepted: `everlink`")]
    #[non_exhaustive]
    NoLog {
        /// The dialect.
        dialect: &'static str,
    },
    /// What is to be emitted cannot be said.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// The dialect subscribes by no emits.
    #[error("dialect `{dialect}` has no events; accepted: `socketio`")]
    #[non_exhaustive]
    NotSocketIo {
        /// The dialect.
        dialect: &'static str,
    },
    /// The client reads this channel already, and each has one place in the log.
    #[error("channel `{channel}` is read by this client already")]
    #[non_exhaustive]
    InUse {
        /// The channel.
        channel: String,
    },
}

/// No connection came about.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Given up; the text says why.
    #[error("gave up: {0}")]
    GaveUp(ConnectionError),
    /// The client was closed before the connection stood.
    #[error("closed before the connection stood")]
    Closed,
    /// There is no tokio runtime here.
    #[error(transparent)]
    NoRuntime(#[from] NoRuntime),
}

/// A client needs a tokio runtime with time and I/O enabled; call it from within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no tokio runtime: connect from within one that has time and I/O enabled")]
pub struct NoRuntime;

/// A client that cannot be built: which setting, its value, and what is accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// One of the URLs.
    #[error(transparent)]
    Url(#[from] EndpointError),
    /// A setting of the engine.
    #[error(transparent)]
    Setting(#[from] ConfigError),
    /// A setting of the dial.
    #[error(transparent)]
    Dial(#[from] OptionsError),
    /// Something that a configuration names cannot be used, or there is no URL in it.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The durable outbox cannot be read.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// How a feed comes back.
    #[error(transparent)]
    Reconnection(#[from] ReconnectionError),
    /// The path of a feed's URL.
    #[error(
        "`url` has the path {path}, where messages do not name their stream; accepted: that of combined \
         streams, such as /stream"
    )]
    #[non_exhaustive]
    RawStream {
        /// The path.
        path: String,
    },
    /// A dialect that this client does not speak.
    #[error("`dialect` is {given}; accepted: plain, json, chat_text, exchange, everlink, socketio")]
    #[non_exhaustive]
    Dialect {
        /// The dialect given.
        given: &'static str,
    },
    /// The name of a namespace.
    #[error(
        "`namespace` is {given:?}; accepted: a slash, and up to {NAMESPACE_BYTES_MAX} bytes in all \
         without comma or `?`"
    )]
    #[non_exhaustive]
    Namespace {
        /// The name given.
        given: String,
    },
    /// A Socket.IO server answers no pings of the application: it pings by itself.
    #[error("`heartbeat` is application; accepted with `socketio`: auto, protocol, none")]
    Heartbeat,
    /// There is no thread for the handlers of a chat.
    #[error("no thread for the handlers: {why}")]
    #[non_exhaustive]
    Thread {
        /// What the system says.
        why: String,
    },
    /// A bound of the client.
    #[error("`{setting}` is {value}; accepted: {accepted}")]
    #[non_exhaustive]
    Bound {
        /// Which.
        setting: &'static str,
        /// The value given.
        value: usize,
        /// What is accepted.
        accepted: &'static str,
    },
}
