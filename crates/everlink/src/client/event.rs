//! News of a connection, for the application.

use std::sync::Arc;
use std::time::Duration;

use everlink_engine::{
    ConnectionState, GapCause, Guarantee, MessageId, Outcome, Quality, Supervision,
};

use super::failure::ConnectionError;

/// Something that happened to the connection (X08).
///
/// Messages are not among them: they come from [`Client::recv`](crate::Client::recv) and
/// [`Subscription`](crate::Subscription)s.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The state changed.
    #[non_exhaustive]
    StateChanged {
        /// The state before.
        from: ConnectionState,
        /// The state now.
        to: ConnectionState,
    },
    /// The connection stands for the first time since `connect`.
    #[non_exhaustive]
    Connected {
        /// What may be promised about delivery.
        guarantee: Guarantee,
    },
    /// The connection was lost; told once an outage.
    #[non_exhaustive]
    Disconnected {
        /// Why.
        error: ConnectionError,
        /// How long it had stood.
        uptime: Duration,
    },
    /// An attempt will be made after a delay.
    #[non_exhaustive]
    Reconnecting {
        /// The attempt, from 1.
        attempt: u32,
        /// When, from now.
        delay: Duration,
    },
    /// An attempt failed.
    #[non_exhaustive]
    AttemptFailed {
        /// Which retry it was; 0 is the first attempt since `connect`.
        attempt: u32,
        /// Why.
        error: ConnectionError,
    },
    /// The connection is back; told once an outage.
    #[non_exhaustive]
    Reconnected {
        /// How many attempts it took.
        attempts: u32,
        /// How long it was away.
        downtime: Duration,
    },
    /// Given up: no further attempt will be made by itself.
    #[non_exhaustive]
    ReconnectFailed {
        /// How many retries were made.
        attempts: u32,
        /// Why the last one failed, or why trying again cannot help.
        error: ConnectionError,
    },
    /// A successor took over while the connection stood: a planned move, without a gap.
    Moved,
    /// The second level acts: silence, surrender or age.
    #[non_exhaustive]
    Supervised {
        /// What it saw.
        cause: Supervision,
        /// How often it has acted since the connection was last stable.
        attempt: u32,
    },
    /// The quality of the connection changed.
    #[non_exhaustive]
    QualityChanged {
        /// Before.
        from: Quality,
        /// Now.
        to: Quality,
    },
    /// A heartbeat was answered.
    #[non_exhaustive]
    HealthCheck {
        /// Its round trip.
        latency: Duration,
        /// The quality, from the smoothed latency.
        quality: Quality,
    },
    /// The circuit breaker opened, or closed again.
    #[non_exhaustive]
    Breaker {
        /// Whether it is open now.
        open: bool,
    },
    /// The server confirmed a channel.
    #[non_exhaustive]
    Subscribed {
        /// The channel.
        channel: Arc<str>,
    },
    /// The server refused a channel; it is not asked for again by itself.
    #[non_exhaustive]
    SubscriptionRejected {
        /// The channel.
        channel: Arc<str>,
        /// The server's code; 0 if it named none.
        code: u32,
    },
    /// All desired channels are confirmed on a new transport.
    #[non_exhaustive]
    Resubscribed {
        /// How many.
        channels: u32,
    },
    /// The server has let us in again (dialect `socketio`), and has taken up the session of before or not.
    /// If not, what is subscribed is emitted again, and what the server sent meanwhile is missing.
    #[non_exhaustive]
    Resumed {
        /// Whether the session goes on, so that nothing is missing.
        recovered: bool,
    },
    /// A range of a channel will not come.
    #[non_exhaustive]
    Gap {
        /// The channel.
        channel: Arc<str>,
        /// The first offset that is missing.
        from: u64,
        /// The last offset that is missing.
        to: u64,
        /// Why.
        cause: GapCause,
    },
    /// The application takes too little of a channel: it is given up for the moment, and the others
    /// go on.
    #[non_exhaustive]
    ChannelPaused {
        /// The channel.
        channel: Arc<str>,
    },
    /// A paused channel is read on from where it was.
    #[non_exhaustive]
    ChannelResumed {
        /// The channel.
        channel: Arc<str>,
    },
    /// Messages were sent again after so long a time that the server may have forgotten that it has
    /// them, or to one that never knows (dialect `socketio`): each may be there twice.
    #[non_exhaustive]
    MaybeDoubled {
        /// The first of them.
        first: MessageId,
        /// The last of them.
        last: MessageId,
    },
    /// The server says that something went wrong.
    #[non_exhaustive]
    ServerError {
        /// Its code.
        code: u32,
        /// Whether it ends the connection.
        fatal: bool,
        /// Its words.
        why: Arc<str>,
    },
    /// Fresh credentials were taken while the connection stood.
    #[non_exhaustive]
    CredentialsRenewed {
        /// How long they last, where the server said so.
        lasts: Option<Duration>,
    },
    /// Fresh credentials could not be had while the connection stood; it is tried again.
    #[non_exhaustive]
    CredentialsFailed {
        /// Why.
        error: Arc<str>,
    },
    /// Copies of messages were dropped because they had been delivered already.
    #[non_exhaustive]
    DuplicatesDropped {
        /// How many.
        count: u64,
    },
    /// Messages of ours will not be sent. Each of their tickets says so too.
    #[non_exhaustive]
    MessagesDropped {
        /// The first of them.
        first: MessageId,
        /// The last of them.
        last: MessageId,
        /// How many.
        count: u64,
        /// Why.
        why: Outcome,
    },
    /// Messages were written shortly before the connection was lost, and no sign of life came
    /// after them: they may or may not have arrived.
    #[non_exhaustive]
    InDoubt {
        /// The first of them.
        first: MessageId,
        /// The last of them.
        last: MessageId,
    },
    /// The server asked us to come back later or elsewhere.
    #[non_exhaustive]
    Away {
        /// When, from now, clamped.
        slot: Duration,
        /// Where we go, if the server named a place and we follow it; without its query.
        url: Option<Arc<str>>,
    },
    /// The server wanted us to come back at a place to which we do not go; we come back to our own URLs.
    #[non_exhaustive]
    NotFollowed {
        /// Why not.
        why: Arc<str>,
    },
    /// The peer sent a message that breaks the dialect; the message was dropped, the connection goes on.
    #[non_exhaustive]
    BadMessage {
        /// What is wrong with it; nothing of its content.
        error: Arc<str>,
    },
    /// Reading stopped because the application does not take its messages.
    ReadPaused,
    /// Reading goes on.
    ReadResumed,
    /// A subscription did not take its messages; its oldest were dropped.
    #[non_exhaustive]
    SubscriberLagged {
        /// The channel.
        channel: Arc<str>,
        /// How many were dropped.
        missed: u64,
    },
    /// The receiver of these events was too slow for some of them.
    #[non_exhaustive]
    Lagged {
        /// How many it missed.
        missed: u64,
    },
}
