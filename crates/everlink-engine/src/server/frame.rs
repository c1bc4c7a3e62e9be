//! The frames of `everlink.v1` as a server sees them. `N` is a name, `P` a payload.

use alloc::vec::Vec;
use core::time::Duration;

use crate::frame::{AwayReason, Cursor, Epoch, GapCause, Kept};

/// A frame from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request<N, P> {
    /// The first frame of a connection (`hello`).
    Hello(Hello<N>),
    /// A numbered message for a channel's log (`pub`).
    Publish(Publish<N, P>),
    /// Asks for channels (`sub`).
    Subscribe {
        /// The channels, and where to go on in each.
        channels: Vec<Place<N>>,
    },
    /// Gives channels up (`unsub`); answered by `unsub_ok`.
    Unsubscribe {
        /// Numbers the request.
        request: u32,
        /// The channels.
        channels: Vec<N>,
    },
    /// A value that is neither stored nor repeated (`vol`).
    Volatile {
        /// The channel.
        channel: N,
        /// Which kind of value.
        key: N,
        /// What came.
        payload: P,
    },
    /// Asks for a page of a channel's history (`read`); answered by `page` or `read_err`.
    Read {
        /// Numbers the request.
        request: u32,
        /// The channel.
        channel: N,
        /// The page begins behind this offset; 0 is the beginning.
        after: u64,
        /// Most messages in the page.
        limit: u32,
    },
    /// Fresh credentials for a connection that stands (`auth`).
    Auth {
        /// The token.
        token: N,
    },
    /// A heartbeat (`ping`).
    Ping {
        /// Names it.
        nonce: u32,
    },
    /// Answers a heartbeat of the server (`pong`).
    Pong {
        /// The nonce of the ping.
        nonce: u32,
    },
    /// Ends the session for good (`bye`).
    Bye,
}

/// The greeting of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello<N> {
    /// The version of the protocol: 1.
    pub version: u32,
    /// Names the client for as long as it lives: a new connection takes over from an older one.
    pub client: N,
    /// Names the producer that publishes without a name of its own.
    pub producer: N,
    /// The token, where the client has one.
    pub auth: Option<N>,
    /// The desired channels.
    pub channels: Vec<Place<N>>,
    /// The largest frame that the client takes, in bytes.
    pub frame_max: Option<u32>,
    /// What became of the connection before.
    pub last: Option<Last>,
}

/// How the connection before ended, as its client tells: for statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Last {
    /// The close code; 1006 if there was none.
    pub code: u16,
    /// How long it stood.
    pub up: Duration,
    /// How many attempts it took to come back.
    pub attempts: u32,
}

/// A channel and where to go on in it; without a cursor from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place<N> {
    /// The channel.
    pub channel: N,
    /// The last message that was handled.
    pub from: Option<Cursor>,
}

/// A numbered message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish<N, P> {
    /// The channel.
    pub channel: N,
    /// The producer, where it is not the one of the greeting.
    pub producer: Option<N>,
    /// The producer's number in this channel, from 1.
    pub sequence: u64,
    /// The number before it, where that is not `sequence - 1`.
    pub before: Option<u64>,
    /// What to store.
    pub payload: P,
}

/// A frame to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply<N, P> {
    /// Answers the greeting (`welcome`).
    Welcome(Welcome<N>),
    /// All messages of a producer in a channel up to a number are stored (`ack`).
    Ack {
        /// The channel.
        channel: N,
        /// The producer, where it is not the one of the greeting.
        producer: Option<N>,
        /// Its last stored number.
        sequence: u64,
        /// The offset of that message.
        offset: u64,
    },
    /// A message is refused for good (`nack`); its number is used up.
    Nack {
        /// The channel.
        channel: N,
        /// The producer, where it is not the one of the greeting.
        producer: Option<N>,
        /// The number that is refused.
        sequence: u64,
        /// Why, as a number.
        code: u32,
        /// Why, in words.
        why: N,
    },
    /// An entry of a log (`msg`).
    Message(Stored<N, P>),
    /// A channel is attached (`sub_ok`); replay up to `head` follows.
    SubscribeOk {
        /// The channel.
        channel: N,
        /// The life of its log.
        epoch: Epoch,
        /// The last offset in it now; 0 when it is empty.
        head: u64,
        /// How many messages will be replayed.
        replay: u64,
    },
    /// A channel is refused (`sub_err`).
    SubscribeErr {
        /// The channel.
        channel: N,
        /// Why, as a number.
        code: u32,
        /// Why, in words.
        why: N,
    },
    /// Channels are given up (`unsub_ok`).
    UnsubscribeOk {
        /// The request.
        request: u32,
    },
    /// A range that will not come (`gap`).
    Gap {
        /// The channel.
        channel: N,
        /// The first offset that is missing.
        from: u64,
        /// The last offset that is missing.
        to: u64,
        /// Why.
        cause: GapCause,
        /// The epoch that holds from here on, where it changed.
        epoch: Option<Epoch>,
    },
    /// A value that is neither stored nor repeated (`vol`).
    Volatile {
        /// The channel.
        channel: N,
        /// Which kind of value.
        key: N,
        /// Whose it is, where that is known.
        user: Option<N>,
        /// The value.
        payload: P,
    },
    /// A last value, sent again at each attach (`ret`).
    Retained {
        /// The channel.
        channel: N,
        /// Which kind of value.
        key: N,
        /// Its version; it never goes back.
        version: u64,
        /// The value.
        payload: P,
    },
    /// A page of history (`page`).
    Page {
        /// The request.
        request: u32,
        /// The channel.
        channel: N,
        /// The life of its log.
        epoch: Epoch,
        /// The first offset that the log still has.
        first: u64,
        /// The last offset in it.
        head: u64,
        /// The messages, in order.
        messages: Vec<Stored<N, P>>,
    },
    /// A page is refused (`read_err`).
    ReadErr {
        /// The request.
        request: u32,
        /// Why, as a number.
        code: u32,
        /// Why, in words.
        why: N,
    },
    /// Fresh credentials are taken (`auth_ok`).
    AuthOk {
        /// How long they last, where they end.
        expires: Option<Duration>,
    },
    /// A heartbeat (`ping`).
    Ping {
        /// Names it.
        nonce: u32,
    },
    /// Answers a heartbeat (`pong`).
    Pong {
        /// The nonce of the ping.
        nonce: u32,
        /// The window over which to return after a loss, where it is another than before.
        window: Option<Duration>,
    },
    /// Asks to come back elsewhere or later (`away`).
    Away {
        /// Why.
        reason: AwayReason,
        /// When, from now.
        slot: Duration,
        /// Where, if not here.
        url: Option<N>,
    },
    /// Something went wrong (`err`).
    Err {
        /// What, as a number.
        code: u32,
        /// Whether the connection ends.
        fatal: bool,
        /// When to try again, where that is known.
        retry: Option<Duration>,
        /// What, in words.
        why: N,
    },
    /// Ends the session for good (`bye`).
    Bye,
}

/// The answer to a greeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome<N> {
    /// The server node.
    pub node: N,
    /// How often the client should ping.
    pub heartbeat_interval: Duration,
    /// How long it should wait for the pong.
    pub heartbeat_timeout: Duration,
    /// The largest frame that the server takes, in bytes.
    pub frame_max: u32,
    /// How many messages a second a client may publish; `None` is without limit.
    pub rate: Option<u32>,
    /// How long a log remembers a producer.
    pub origin_ttl: Duration,
    /// Over which time clients should return after a loss.
    pub return_window: Option<Duration>,
    /// Longest back-off that the server wishes for.
    pub backoff_max: Option<Duration>,
    /// How safe an acknowledged message is.
    pub kept: Kept,
    /// What the server appends to the names of this client's producers, so that nobody can take
    /// those of another user.
    pub suffix: Option<N>,
}

/// A stored message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<N, P> {
    /// The channel.
    pub channel: N,
    /// Its place in the log.
    pub offset: u64,
    /// The life of the log, where it differs from the one told before.
    pub epoch: Option<Epoch>,
    /// Who published it.
    pub producer: N,
    /// As which of his.
    pub sequence: u64,
    /// Its name, where it has another than `producer` and `sequence` make.
    pub id: Option<N>,
    /// The user who published it, where the server knows him.
    pub user: Option<N>,
    /// When it was stored, in milliseconds since 1970.
    pub at: u64,
    /// What was published.
    pub payload: P,
}
