//! What the engine asks of a driver.

use core::time::Duration;

use crate::dialect::Guarantee;
use crate::failure::Failure;
use crate::frame::{
    ChannelId, Epoch, GapCause, MessageId, Origin, Page, Transmit, TransportId, ValueKey,
};
use crate::quality::Quality;
use crate::state::ConnectionState;

/// The next thing to carry out. Exhaustive on purpose: a driver must carry them all out.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Output<P> {
    /// Open a transport, and report [`News::Opened`](crate::News::Opened) or
    /// [`News::Failed`](crate::News::Failed) for it.
    Dial(Dial),
    /// Leave a transport; its later news is dropped.
    HangUp {
        /// The transport.
        transport: TransportId,
        /// How.
        how: HangUp,
    },
    /// Send a frame on a transport, in the order of the outputs.
    Transmit {
        /// The transport.
        transport: TransportId,
        /// The frame.
        frame: Transmit<P>,
    },
    /// Tell the application.
    Event(Event<P>),
}

/// A transport to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dial {
    /// The number that all news of it must carry.
    pub transport: TransportId,
    /// Which of the endpoints, from 0.
    pub endpoint: u16,
    /// Whether the credentials source must be asked for fresh ones, not for kept ones.
    pub refresh_credentials: bool,
    /// Which retry it is since the connection was last stable, from 1; 0 for the first dial after
    /// `connect`, and for a successor of a working transport.
    pub attempt: u32,
}

/// How to leave a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HangUp {
    /// Send what was transmitted, then a close frame with this code; the engine follows with
    /// [`HangUp::Abandon`] if the peer does not end it in time. Report the end as
    /// [`News::Lost`](crate::News::Lost).
    Close(u16),
    /// Drop the socket now, or the dial with everything that belongs to it.
    Abandon,
}

/// News for the application.
#[derive(Clone, Debug, PartialEq, Hash)]
#[non_exhaustive]
pub enum Event<P> {
    /// The state changed; only the transitions of [`ConnectionState`] happen.
    StateChanged {
        /// The state before.
        from: ConnectionState,
        /// The state now.
        to: ConnectionState,
    },
    /// The connection stands for the first time since `connect`.
    Connected {
        /// What may be promised about delivery.
        guarantee: Guarantee,
    },
    /// The connection was lost; told once an outage.
    Disconnected {
        /// Why.
        failure: Failure,
        /// How long it had stood.
        uptime: Duration,
    },
    /// An attempt will be made after a delay.
    Reconnecting {
        /// The attempt, from 1.
        attempt: u32,
        /// When, from now.
        delay: Duration,
    },
    /// An attempt failed.
    AttemptFailed {
        /// The retry, from 1; 0 for the first dial after `connect`.
        attempt: u32,
        /// Why.
        failure: Failure,
    },
    /// The connection is back; told once an outage.
    Reconnected {
        /// How many attempts it took.
        attempts: u32,
        /// How long it was away.
        downtime: Duration,
    },
    /// Given up: no further attempt will be made by itself.
    ReconnectFailed {
        /// How many attempts were made.
        attempts: u32,
        /// Why the last one failed, or why trying again cannot help.
        failure: Failure,
    },
    /// A successor took over while the connection stood: a planned move, without a gap.
    Moved,
    /// The second level acts: silence, surrender or age.
    Supervised {
        /// What it saw.
        cause: Supervision,
        /// How often it has acted since the connection was last stable.
        attempt: u32,
    },
    /// The quality of the connection changed.
    QualityChanged {
        /// Before.
        from: Quality,
        /// Now.
        to: Quality,
    },
    /// A heartbeat was answered.
    HealthCheck {
        /// Its round trip.
        latency: Duration,
        /// The quality, from the smoothed latency.
        quality: Quality,
    },
    /// The circuit breaker opened, or closed again.
    Breaker {
        /// Whether it is open now.
        open: bool,
    },
    /// A message came.
    Message {
        /// The channel, where the dialect names one.
        channel: Option<ChannelId>,
        /// Its place in the log and its origin, where the dialect has logs.
        position: Option<Position>,
        /// What came.
        payload: P,
    },
    /// A volatile value came: typing, a read marker. It is never told again.
    Volatile {
        /// The channel.
        channel: ChannelId,
        /// Which kind of value.
        key: ValueKey,
        /// What came.
        payload: P,
    },
    /// A retained value came that is newer than the one told before.
    Retained {
        /// The channel.
        channel: ChannelId,
        /// Which of the channel's values.
        key: ValueKey,
        /// Its version.
        version: u64,
        /// What came.
        payload: P,
    },
    /// A range of a channel will not come; told in order, before what follows it.
    Gap {
        /// The channel.
        channel: ChannelId,
        /// The first offset that is missing.
        from: u64,
        /// The last offset that is missing.
        to: u64,
        /// Why.
        cause: GapCause,
        /// The life of the log that holds from here on.
        epoch: Epoch,
    },
    /// Copies of messages were dropped because they had been delivered already.
    DuplicateDropped {
        /// The channel, where the dialect names one.
        channel: Option<ChannelId>,
    },
    /// The server confirmed a channel.
    Subscribed {
        /// The channel.
        channel: ChannelId,
    },
    /// The server refused a channel; it is not asked for again by itself.
    SubscriptionRejected {
        /// The channel.
        channel: ChannelId,
        /// The server's code.
        code: u32,
    },
    /// The peer has let us in again, and has taken up the session of before or not. If not, what is
    /// subscribed is asked for again, and what the peer sent meanwhile is missing.
    Resumed {
        /// Whether the session goes on, so that nothing is missing.
        recovered: bool,
    },
    /// All desired channels are confirmed on a new transport.
    Resubscribed {
        /// How many.
        channels: u32,
    },
    /// The fate of messages `first` to `last` is known (those of them that are not known already).
    Settled {
        /// The first of them.
        first: MessageId,
        /// The last of them.
        last: MessageId,
        /// Their fate.
        outcome: Outcome,
    },
    /// Messages were written shortly before the connection was lost, and no sign of life came
    /// after them: they may or may not have arrived.
    InDoubt {
        /// The first of them.
        first: MessageId,
        /// The last of them.
        last: MessageId,
    },
    /// Messages were sent again after so long a time (`origin_ttl`) that the server may have
    /// forgotten that it has them, or to a server that never knows: each may be there twice.
    MaybeDoubled {
        /// The first of them.
        first: MessageId,
        /// The last of them.
        last: MessageId,
    },
    /// A page of history came.
    Page {
        /// The question.
        request: u32,
        /// The channel.
        channel: ChannelId,
        /// What is in it.
        page: Page<P>,
    },
    /// A question for a page of history will not be answered.
    ReadFailed {
        /// The question.
        request: u32,
        /// Why.
        why: ReadFailure,
    },
    /// There is room in the outbox again, after a send was refused that wanted to wait.
    OutboxRoom,
    /// The server asked us to come back later or elsewhere.
    Away {
        /// When, from now, clamped.
        slot: Duration,
    },
}

/// Why a question for a page of history will not be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadFailure {
    /// The server refused it.
    Refused {
        /// The server's code.
        code: u32,
    },
    /// Its transport was left or lost before the answer came; it may be asked again.
    Lost,
    /// No answer came within `greeting_timeout`.
    TimedOut,
}

/// Where a message stands in its channel's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    /// The life of the log.
    pub epoch: Epoch,
    /// Its offset; 0 for a message that is not in the log.
    pub offset: u64,
    /// Who published it.
    pub origin: Origin,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// It is with the operating system; a dialect without acknowledgements cannot know more.
    Written,
    /// The server has stored it, at this offset of its channel if it was the last of its range.
    Acknowledged {
        /// The offset of the last message that was acknowledged; 0 where the server does not know it
        /// any more.
        offset: u64,
    },
    /// It was dropped by its overflow policy.
    DroppedOldest,
    /// A newer message with the same key took its place.
    Coalesced,
    /// It was volatile and there was no way to send it.
    DroppedVolatile,
    /// The application disconnected or cleared the queue.
    Cleared,
    /// The server refused it for good.
    Refused {
        /// The server's code.
        code: u32,
    },
    /// The server closed because the message is too big: it is not sent again.
    TooBig,
    /// The application took it back before it was ever handed to a transport.
    Withdrawn,
}

/// Why the second level acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Supervision {
    /// No data for `stale_after`.
    Stale,
    /// The first level gave up.
    Surrender,
    /// The connection has reached `renew_after`.
    Age,
}
