//! What a driver reports to the engine.

use core::time::Duration;

use crate::failure::{Failure, Verdict};
use crate::frame::{ChannelId, Cursor, MessageId, ProducerId, Received, TransportId, ValueKey};
use crate::time::Timestamp;

/// One thing that happened. Exhaustive on purpose: a driver must know them all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input<P> {
    /// The application wants a connection. Nothing happens if one stands or is on its way.
    Connect,
    /// The application wants none any more: what is pending is cancelled, the queue is cleared.
    Disconnect,
    /// The application wants a new connection at once, from any state; attempts count anew.
    Reconnect,
    /// The application sends a message.
    Send(Outgoing<P>),
    /// The application takes a message back. One that was never handed to a transport, by this process
    /// or an earlier one, leaves the outbox: [`Outcome::Withdrawn`](crate::Outcome::Withdrawn) says so. Any
    /// other goes its way, since nobody could say truthfully that it will not arrive.
    Withdraw {
        /// The message.
        message: MessageId,
    },
    /// The application sends a message that asks for an answer: it is kept until that comes, and sent
    /// again after a reconnect ([`Event::MaybeDoubled`](crate::Event::MaybeDoubled)). A volatile one is not.
    /// Only for a dialect that answers.
    Ask(Outgoing<P>),
    /// The application wants a channel, until it unsubscribes, across every reconnect.
    Subscribe {
        /// The channel.
        channel: ChannelId,
        /// Where to begin; `None` is now.
        from: Option<Cursor>,
    },
    /// The application wants a channel no longer.
    Unsubscribe {
        /// The channel.
        channel: ChannelId,
    },
    /// The application asks for a page of a channel's history. [`Event::Page`](crate::Event::Page)
    /// or [`Event::ReadFailed`](crate::Event::ReadFailed) answers it, at the latest after
    /// `greeting_timeout`.
    Read {
        /// Numbers the question; the driver never uses a number again.
        request: u32,
        /// The channel; it need not be subscribed.
        channel: ChannelId,
        /// The page begins behind this offset; 0 is the beginning.
        after: u64,
        /// Most messages in the page.
        limit: u32,
    },
    /// The application does not take what a channel brings: it is given up for the moment, with all
    /// that is known of it. Only for a dialect that resumes; others have no way back.
    Pause {
        /// The channel.
        channel: ChannelId,
    },
    /// A paused channel is read on from its cursor.
    Resume {
        /// The channel.
        channel: ChannelId,
    },
    /// Something about a transport.
    Transport(TransportId, News<P>),
    /// The network is another one now, or was away for a moment.
    NetworkChanged,
    /// The platform says that there is a network.
    Online,
    /// The platform says that there is none. It may be wrong: a working link is only probed.
    Offline,
    /// The machine or the page was asleep; the driver noticed it.
    Woke,
    /// A deadline of [`poll_timeout`](crate::Engine::poll_timeout) may have passed. Early is harmless.
    Timeout,
}

/// What happened to a transport. News from a transport that was left is dropped.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum News<P> {
    /// The upgrade is complete.
    Opened,
    /// The dial waits for its turn in a budget that several connections share
    /// ([`DialBudget`](crate::DialBudget)): `connect_timeout` counts from then on.
    Deferred {
        /// When it is dialed.
        until: Timestamp,
    },
    /// The attempt failed. The driver has closed everything that belonged to it.
    Failed {
        /// Why.
        failure: Failure,
        /// What a hook of the application decided, instead of the table.
        verdict: Option<Verdict>,
    },
    /// The open transport is gone. The driver has closed everything that belonged to it.
    Lost {
        /// Why.
        failure: Failure,
        /// What a hook of the application decided, instead of the table.
        verdict: Option<Verdict>,
    },
    /// A frame came.
    Frame(Received<P>),
    /// Bytes came that are no complete message yet, or a control frame that the driver answered.
    Heard {
        /// Whether they belong to a message; a control frame can come from a proxy.
        data: bool,
    },
    /// This many more frames of [`Output::Transmit`](crate::Output::Transmit) are with the operating system.
    Written {
        /// How many; 0 says that part of one was written, which puts `write_timeout` off.
        frames: u32,
    },
    /// The driver has stopped reading, because the application does not take what came.
    ReadPaused,
    /// The driver reads again.
    ReadResumed,
}

/// A message on its way out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Outgoing<P> {
    /// Its number, above all before it.
    pub id: MessageId,
    /// The channel, where the dialect knows channels.
    pub channel: Option<ChannelId>,
    /// How large it is, in bytes.
    pub bytes: u32,
    /// What becomes of it when it cannot be sent now.
    pub policy: SendPolicy,
    /// Which kind of value it is. A dialect that acknowledges needs it for [`SendPolicy::Volatile`];
    /// nothing else reads it.
    pub key: Option<ValueKey>,
    /// Its number, where it has one already: it keeps that for ever. Only a dialect that
    /// acknowledges reads it; without one the engine numbers the message itself.
    pub origin: Option<Numbered>,
    /// What to send.
    pub payload: P,
}

impl<P> Outgoing<P> {
    /// Makes a message that is neither of a kind nor numbered by an earlier process.
    pub const fn new(
        id: MessageId,
        channel: Option<ChannelId>,
        bytes: u32,
        policy: SendPolicy,
        payload: P,
    ) -> Self {
        Self { id, channel, bytes, policy, key: None, origin: None, payload }
    }
}

/// The number of a message that was numbered before it reached the engine: by an earlier process,
/// which left it in a durable outbox, or by the driver, which stored it first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Numbered {
    /// The producer that numbered it; 0 is this process.
    pub producer: ProducerId,
    /// Its number in its channel, from 1, above those of its producer that were taken before. Of this
    /// process it may be one that was cleared, so that a message is sent again as what it was.
    pub sequence: u64,
    /// The number before it, where that is not `sequence - 1`. For this process the engine knows it.
    pub before: Option<u64>,
    /// How long ago it was taken, as far as that is known: it may have been sent since then.
    pub age: Duration,
}

/// What becomes of a message when it cannot be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum SendPolicy {
    /// As the setting `overflow` says.
    #[default]
    Configured,
    /// Queued; if the outbox is full, refused, and [`Event::OutboxRoom`](crate::Event::OutboxRoom) follows.
    Wait,
    /// Queued; if the outbox is full, refused.
    Fail,
    /// Queued; if the outbox is full, the oldest message that is not on its way is dropped.
    DropOldest,
    /// Queued in the place of an earlier message with the same key that is not on its way.
    Coalesce {
        /// What makes two messages the same.
        key: u32,
    },
    /// Sent now or dropped; never queued.
    Volatile,
}

/// An input that could not be taken; it changed nothing, except that a refused send which waits for
/// room is told of it by [`Event::OutboxRoom`](crate::Event::OutboxRoom).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The message does not fit in the outbox.
    #[error(
        "outbox is full: {queued_messages} of {queue_messages_max} messages and {queued_bytes} of \
         {queue_bytes_max} bytes used, {message_bytes} bytes more asked"
    )]
    #[non_exhaustive]
    QueueFull {
        /// Messages in the outbox.
        queued_messages: usize,
        /// `queue_messages_max`.
        queue_messages_max: usize,
        /// Bytes in the outbox.
        queued_bytes: usize,
        /// `queue_bytes_max`.
        queue_bytes_max: usize,
        /// Size of the refused message.
        message_bytes: usize,
        /// Whether [`Event::OutboxRoom`](crate::Event::OutboxRoom) will follow.
        waits: bool,
    },
    /// The message is larger than `message_bytes_max` allows.
    #[error("message has {message_bytes} bytes; accepted: up to {message_bytes_max}")]
    #[non_exhaustive]
    MessageTooBig {
        /// Its size.
        message_bytes: usize,
        /// `message_bytes_max`, or the outbox's size if that is smaller.
        message_bytes_max: usize,
    },
    /// There is no connection, and what was asked for does not wait for one: a read never does, and
    /// a message does not when the setting `queue` is off.
    #[error("not connected, and this is not queued")]
    NotConnected,
    /// The engine is closed: connect first.
    #[error("closed: connect first")]
    Closed,
    /// The message's number is not above the one before it.
    #[error("message number {given} is not above {last}")]
    #[non_exhaustive]
    MessageIdReused {
        /// The number given.
        given: u64,
        /// The highest before it.
        last: u64,
    },
    /// The dialect sends messages only to channels.
    #[error("dialect `{dialect}` needs a channel for each message")]
    #[non_exhaustive]
    ChannelMissing {
        /// The dialect.
        dialect: &'static str,
    },
    /// A volatile message names no kind of value, and the dialect needs one.
    #[error("dialect `{dialect}` needs the kind of value of each volatile message")]
    #[non_exhaustive]
    KeyMissing {
        /// The dialect.
        dialect: &'static str,
    },
    /// The number that a message is said to have is none that it can have.
    #[error(
        "producer {producer}, sequence {sequence}, before {before:?} is no origin that can be; \
         accepted: a sequence above {taken}, and a smaller one before it, which for producer 0 is \
         not named"
    )]
    #[non_exhaustive]
    BadOrigin {
        /// The producer.
        producer: u32,
        /// The number.
        sequence: u64,
        /// The number before it.
        before: Option<u64>,
        /// The highest number of this producer in the channel that was taken before.
        taken: u64,
    },
    /// Too many producers of earlier processes in one channel.
    #[error("{producers_max} producers of earlier processes are in this channel already")]
    #[non_exhaustive]
    TooManyProducers {
        /// [`limits::FOREIGN_PRODUCERS_MAX`](crate::limits::FOREIGN_PRODUCERS_MAX).
        producers_max: usize,
    },
    /// The dialect has no history to read.
    #[error("dialect `{dialect}` knows no history")]
    #[non_exhaustive]
    NoHistory {
        /// The dialect.
        dialect: &'static str,
    },
    /// The dialect answers no message.
    #[error("dialect `{dialect}` answers no message")]
    #[non_exhaustive]
    NoAnswers {
        /// The dialect.
        dialect: &'static str,
    },
    /// Too many questions are open.
    #[error("{reads_max} reads are open already, the most there can be")]
    #[non_exhaustive]
    TooManyReads {
        /// [`limits::READS_MAX`](crate::limits::READS_MAX).
        reads_max: usize,
    },
    /// The dialect knows no subscriptions.
    #[error("dialect `{dialect}` knows no subscriptions")]
    #[non_exhaustive]
    NoSubscriptions {
        /// The dialect.
        dialect: &'static str,
    },
    /// Too many channels.
    #[error("{channels_max} channels are in use already, the most there can be")]
    #[non_exhaustive]
    TooManyChannels {
        /// [`limits::CHANNELS_MAX`](crate::limits::CHANNELS_MAX).
        channels_max: usize,
    },
}
