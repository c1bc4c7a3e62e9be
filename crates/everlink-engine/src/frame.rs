//! What crosses the wire, typed: the engine never sees bytes.

use alloc::vec::Vec;
use core::time::Duration;

use crate::server::Last;

/// One transport (socket); the engine numbers them, starting at 1, and never uses a number again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransportId(pub u32);

/// One message of the application. The driver numbers them, ever upwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

/// One channel, stream or topic. The driver maps names to numbers; the engine carries the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(pub u32);

/// One producer of messages; the driver maps names to numbers. Producer 0 is this client itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProducerId(pub u32);

/// One kind of value in a channel beside its log, such as typing or a status; the driver maps names
/// to numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueKey(pub u32);

/// One life of a channel's log: offsets of different epochs have nothing to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

/// How far a client has read a channel: everything up to and including `offset` of `epoch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    /// The life of the log that the offset belongs to.
    pub epoch: Epoch,
    /// The last offset that was handled; offsets of messages start at 1.
    pub offset: u64,
}

/// Who published a message, and as which of his: what makes a repeated publish recognisable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The producer.
    pub producer: ProducerId,
    /// The producer's sequence number in the channel, from 1.
    pub sequence: u64,
}

/// At which level a ping is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PingLevel {
    /// A WebSocket ping frame (RFC 6455, section 5.5.2): a proxy can answer it.
    Protocol,
    /// A message of the dialect: only the application can answer it.
    Application,
}

/// Why a range of a channel cannot be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GapCause {
    /// The history no longer reaches back that far.
    Expired,
    /// The log began a new life; what the old one held is unknown.
    Epoch,
    /// The reader was too slow.
    Slow,
}

/// How safe a stored message is on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kept {
    /// In memory: gone with the process.
    Memory,
    /// On disk, after a sync.
    Disk,
    /// On several nodes.
    Replicated,
}

/// Why a server asks its clients to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AwayReason {
    /// The node shuts down.
    Drain,
    /// The connection has reached its age.
    Age,
    /// Load is moved elsewhere.
    Rebalance,
    /// The node has too much to do.
    Overload,
}

/// A channel to subscribe to, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// The channel.
    pub channel: ChannelId,
    /// Where to go on; `None` asks for what comes from now on.
    pub from: Option<Cursor>,
}

/// A page of a channel's history.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Page<P> {
    /// The life of the log.
    pub epoch: Epoch,
    /// The first offset that the log still has.
    pub first: u64,
    /// The last offset in it; 0 when it is empty.
    pub head: u64,
    /// The messages, in the order of their offsets.
    pub messages: Vec<PageMessage<P>>,
}

/// A message in a page of history.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageMessage<P> {
    /// Its place in the log.
    pub offset: u64,
    /// Who published it.
    pub origin: Origin,
    /// What was published.
    pub payload: P,
}

/// A frame that the engine asks a transport to send; the codec says it in the dialect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Transmit<P> {
    /// A message as it is.
    Message {
        /// Whose outcome the engine will report.
        id: MessageId,
        /// The channel it is for, where the dialect knows channels.
        channel: Option<ChannelId>,
        /// What to send.
        payload: P,
    },
    /// A numbered message to a channel's log (`pub`).
    Publish {
        /// Whose outcome the engine will report.
        id: MessageId,
        /// The channel.
        channel: ChannelId,
        /// The producer and its number for this message.
        origin: Origin,
        /// The number before it, where that is not `sequence - 1`: numbers between were dropped by policy.
        before: Option<u64>,
        /// What to send.
        payload: P,
    },
    /// A value beside a channel's log (`vol`): neither stored, numbered nor sent again.
    Volatile {
        /// Whose outcome the engine will report.
        id: MessageId,
        /// The channel.
        channel: ChannelId,
        /// Which kind of value.
        key: ValueKey,
        /// What to send.
        payload: P,
    },
    /// Asks for a page of a channel's history (`read`).
    Read {
        /// Numbers the request, so that its answer can be told.
        request: u32,
        /// The channel.
        channel: ChannelId,
        /// The page begins behind this offset; 0 is the beginning.
        after: u64,
        /// Most messages in the page.
        limit: u32,
    },
    /// The greeting of a dialect that has one (`hello`), with all desired channels.
    Hello {
        /// The channels and where to go on in each.
        channels: Vec<Wanted>,
        /// How the connection before ended, if one stood that this one replaces.
        last: Option<Last>,
    },
    /// Asks for channels.
    Subscribe {
        /// Numbers the request, so that its answer can be told.
        request: u32,
        /// The channels, at most the dialect's batch.
        channels: Vec<Wanted>,
    },
    /// Gives channels up.
    Unsubscribe {
        /// Numbers the request, so that its answer can be told.
        request: u32,
        /// The channels, at most the dialect's batch.
        channels: Vec<ChannelId>,
    },
    /// A heartbeat.
    Ping {
        /// How it is sent and answered.
        level: PingLevel,
        /// Names it, so that its pong can be told from an older one's.
        nonce: u32,
    },
    /// Answers a ping of the application level.
    Pong {
        /// The nonce of the ping, where it had one.
        nonce: Option<u32>,
    },
    /// Ends the session for good (`bye`), before a close with 1000.
    Bye,
}

/// A frame that came from the peer; the codec has parsed it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Received<P> {
    /// A message as it is.
    Message {
        /// The channel, where the dialect names one.
        channel: Option<ChannelId>,
        /// Equal for copies of one message on two transports (an exchange's event number, or a
        /// hash of the bytes); `None` if copies cannot be told.
        key: Option<u64>,
        /// What came.
        payload: P,
    },
    /// A message of a channel's log (`msg`).
    Delivery {
        /// The channel.
        channel: ChannelId,
        /// Its place in the log.
        offset: u64,
        /// The life of the log, where it differs from the one that `SubscribeOk` named.
        epoch: Option<Epoch>,
        /// Who published it.
        origin: Origin,
        /// What came.
        payload: P,
    },
    /// The greeting is answered (`welcome`).
    Welcome {
        /// Heartbeat interval and deadline that the server asks for.
        heartbeat: Option<(Duration, Duration)>,
        /// Over which time this server's clients should return after a loss.
        return_window: Option<Duration>,
        /// The longest back-off that the server wishes for.
        backoff_max: Option<Duration>,
        /// How long the log remembers a producer.
        origin_ttl: Option<Duration>,
        /// How safe an acknowledged message is.
        kept: Kept,
        /// How many frames a second the server bears, heartbeats apart.
        rate: Option<u32>,
    },
    /// The peer has let us in (a dialect that recovers sessions).
    Entered {
        /// How long it may be silent: it pings by itself, more often than that. `None` if it does not.
        silence_max: Option<Duration>,
        /// Whether the session of the connection before goes on, with all that was subscribed in it.
        recovered: bool,
    },
    /// A message that asked for it is answered: it has arrived.
    Answer {
        /// Which.
        id: MessageId,
    },
    /// All messages of this client up to a number are stored (`ack`).
    Ack {
        /// The channel.
        channel: ChannelId,
        /// The producer and its last stored number.
        origin: Origin,
        /// The offset of that message.
        offset: u64,
    },
    /// A message was refused for good (`nack`): its number is used up.
    Nack {
        /// The channel.
        channel: ChannelId,
        /// The producer and the number that was refused.
        origin: Origin,
        /// The server's code.
        code: u32,
    },
    /// A request was accepted as a whole (exchange form).
    RequestOk {
        /// The request.
        request: u32,
    },
    /// A request was refused as a whole (exchange form).
    RequestErr {
        /// The request.
        request: u32,
        /// The server's code.
        code: u32,
    },
    /// A channel is attached (`sub_ok`); replay up to `head` follows.
    SubscribeOk {
        /// The channel.
        channel: ChannelId,
        /// The life of its log.
        epoch: Epoch,
        /// The last offset in it now; 0 when it is empty.
        head: u64,
    },
    /// A channel was refused (`sub_err`).
    SubscribeErr {
        /// The channel.
        channel: ChannelId,
        /// The server's code.
        code: u32,
    },
    /// A range that will not come (`gap`).
    Gap {
        /// The channel.
        channel: ChannelId,
        /// The first offset that is missing.
        from: u64,
        /// The last offset that is missing.
        to: u64,
        /// Why.
        cause: GapCause,
        /// The epoch that holds from here on, where it changed.
        epoch: Option<Epoch>,
    },
    /// A volatile message (`vol`): never replayed, never numbered.
    Volatile {
        /// The channel.
        channel: ChannelId,
        /// Which kind of value.
        key: ValueKey,
        /// What came.
        payload: P,
    },
    /// A retained last value (`ret`), sent again at each attach.
    Retained {
        /// The channel.
        channel: ChannelId,
        /// Which of the channel's values.
        key: ValueKey,
        /// Its version: an older one of the same value is dropped.
        version: u64,
        /// What came.
        payload: P,
    },
    /// A ping of the application level.
    Ping {
        /// Its nonce, where it has one.
        nonce: Option<u32>,
    },
    /// A pong.
    Pong {
        /// At which level.
        level: PingLevel,
        /// The nonce of the ping it answers; `None` where the dialect carries none: the newest.
        nonce: Option<u32>,
        /// Over which time this server's clients should return after a loss, where that is another
        /// than it named before.
        window: Option<Duration>,
    },
    /// A page of a channel's history (`page`).
    Page {
        /// The request that it answers.
        request: u32,
        /// The channel.
        channel: ChannelId,
        /// What is in it.
        page: Page<P>,
    },
    /// A page is refused (`read_err`).
    ReadErr {
        /// The request.
        request: u32,
        /// The server's code.
        code: u32,
    },
    /// The server asks to come back elsewhere or later (`away`).
    Away {
        /// Why.
        reason: AwayReason,
        /// When to come back, from now.
        slot: Duration,
        /// Where, if not to one of the endpoints in turn: a number that the driver knows the meaning of,
        /// beyond those of the configuration. It is dialed once.
        endpoint: Option<u16>,
    },
    /// The peer ends the session for good (`bye`).
    Bye,
}
