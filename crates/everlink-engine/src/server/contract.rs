//! What goes into a session and comes out of it.

use core::time::Duration;

use super::code::Code;
use super::frame::{Last, Reply, Request};
use crate::frame::{AwayReason, Epoch};

/// The life and the bounds of a channel's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// The life of the log.
    pub epoch: Epoch,
    /// The first offset that is still there, from 1; `head + 1` when nothing is.
    pub first: u64,
    /// The last offset; 0 before the first message.
    pub head: u64,
}

/// One thing that happened. Exhaustive on purpose: a driver must know them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionInput<N, P> {
    /// A frame came.
    Frame {
        /// The frame.
        frame: Request<N, P>,
        /// How many bytes it had on the wire.
        bytes: u32,
    },
    /// Bytes came that are no complete frame of the protocol: a part of one, or a control frame.
    Heard,
    /// What [`SessionOutput::Authenticate`] asked was granted.
    Admitted {
        /// What to append to the names of this user's producers.
        suffix: Option<N>,
        /// How long the credentials last, where they end.
        expires: Option<Duration>,
    },
    /// What [`SessionOutput::Authenticate`] asked was refused.
    Rejected {
        /// Why.
        code: Code,
        /// When to try again, where that is known.
        retry: Option<Duration>,
        /// Why, in words.
        why: N,
    },
    /// The window over which this node's clients should return after a loss; told with `welcome`, and
    /// with the next pong when it changed.
    ReturnWindow(Duration),
    /// The session is among the readers of a channel: from here on [`Advanced`](Self::Advanced) tells
    /// what follows.
    Joined {
        /// The channel.
        channel: N,
        /// The number of the wish.
        join: u32,
        /// Its log, asked after the session was made one of its readers.
        bounds: Bounds,
    },
    /// The session may not read a channel, and is not among its readers.
    JoinRefused {
        /// The channel.
        channel: N,
        /// The number of the wish.
        join: u32,
        /// Why.
        code: Code,
        /// Why, in words.
        why: N,
    },
    /// The end of a channel's log moved, or the log began a new life.
    Advanced {
        /// The channel.
        channel: N,
        /// Its log now.
        bounds: Bounds,
    },
    /// Entries were handed to the socket, in order and without a hole. The driver has asked
    /// [`Session::is_current`](super::Session::is_current) before.
    Sent {
        /// The channel.
        channel: N,
        /// The life of the log they came from.
        epoch: Epoch,
        /// The first of them.
        first: u64,
        /// The last of them.
        through: u64,
    },
    /// What [`Session::next_read`](super::Session::next_read) asked for is not in the log any more.
    Missing {
        /// The channel.
        channel: N,
        /// Its log now.
        bounds: Bounds,
    },
    /// A message is stored, or was before.
    Stored {
        /// The channel.
        channel: N,
        /// The producer, as [`SessionOutput::Append`] named it.
        producer: Option<N>,
        /// Its number.
        sequence: u64,
        /// Its place in the log; 0 where that is not known any more.
        offset: u64,
    },
    /// A message is refused for good, and its number is used up; that is stored already.
    Refused {
        /// The channel.
        channel: N,
        /// The producer, as [`SessionOutput::Append`] named it.
        producer: Option<N>,
        /// Its number.
        sequence: u64,
        /// Why.
        code: Code,
        /// Why, in words.
        why: N,
    },
    /// A number of the producer before this one is missing: the client must begin again from the
    /// first that is not acknowledged.
    Hole {
        /// The channel.
        channel: N,
        /// The producer, as [`SessionOutput::Append`] named it.
        producer: Option<N>,
        /// The number that could not be stored.
        sequence: u64,
    },
    /// Nothing can be stored now: the client keeps what it has, and comes back later.
    Unavailable {
        /// When, where that is known.
        retry: Option<Duration>,
    },
    /// A page of history, or its refusal, is on its way to the socket.
    PageSent,
    /// The socket takes no more. Said again whenever it took some of what waits: each time puts off
    /// `write_timeout`.
    Congested,
    /// The socket takes more.
    Relieved,
    /// The client should go elsewhere, or come back later.
    GoAway {
        /// Why.
        reason: AwayReason,
        /// When, from now.
        slot: Duration,
        /// Where, if not here.
        url: Option<N>,
    },
    /// A newer connection of the same client was admitted.
    TakenOver,
    /// The connection must end now: a permission was withdrawn, an operator says so.
    End {
        /// Why.
        code: Code,
        /// Why, in words.
        why: N,
    },
    /// The socket is gone.
    Gone,
    /// A deadline of [`Session::poll_timeout`](super::Session::poll_timeout) may have passed. Early is
    /// harmless. What has come on the socket is reported first.
    Timeout,
}

/// The next thing to carry out. Exhaustive on purpose: a driver must carry them all out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionOutput<N, P> {
    /// Judge credentials; the answer is [`SessionInput::Admitted`] or [`SessionInput::Rejected`].
    Authenticate {
        /// The token, where the client has one.
        token: Option<N>,
        /// The greeting; `None` when a client that stands brings fresh credentials, which must be of
        /// the same user.
        greeting: Option<Greeting<N>>,
    },
    /// The client stands: it counts in presence, and takes over from an older connection of its.
    Attached,
    /// The client no longer counts in presence by this connection. Channels may still be read.
    Detached,
    /// Send a frame, in the order of the outputs, and before any entry that
    /// [`Session::next_read`](super::Session::next_read) asks for afterwards.
    Transmit(Reply<N, P>),
    /// Make the session a reader of a channel; then answer with its log's bounds, or refuse.
    Join {
        /// The channel.
        channel: N,
        /// Numbers the wish.
        join: u32,
    },
    /// The session reads a channel no more.
    Leave {
        /// The channel.
        channel: N,
    },
    /// Hand a message to the log; the answer is [`SessionInput::Stored`], [`SessionInput::Refused`],
    /// [`SessionInput::Hole`] or [`SessionInput::Unavailable`].
    Append {
        /// The channel.
        channel: N,
        /// The producer; `None` is the one of the greeting.
        producer: Option<N>,
        /// Its number.
        sequence: u64,
        /// The number before it.
        before: u64,
        /// It is the first of its producer in its channel on this connection: the client has the answers
        /// to all numbers before it. Not always said where it is so.
        first: bool,
        /// What to store.
        payload: P,
    },
    /// Hand a volatile value to the other readers of a channel.
    Volatile {
        /// The channel.
        channel: N,
        /// Which kind of value.
        key: N,
        /// The value.
        payload: P,
    },
    /// Read a page of history and send it, or a `read_err`; then report [`SessionInput::PageSent`].
    Page {
        /// The request.
        request: u32,
        /// The channel.
        channel: N,
        /// The page begins behind this offset.
        after: u64,
        /// Most messages in it.
        limit: u32,
    },
    /// Hand no more frames in, and read no more from the socket.
    PauseReading,
    /// Read again.
    ResumeReading,
    /// Send what was transmitted, then a close frame with this code; the session is over, and the
    /// driver leaves every channel.
    Close(Code),
    /// Drop the socket: nobody is there to read a close frame. The session is over, and the driver
    /// leaves every channel.
    Abandon(Code),
}

/// What a greeting says of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting<N> {
    /// Names the client.
    pub client: N,
    /// Names the producer that publishes without a name of its own.
    pub producer: N,
    /// The largest frame that the client takes, in bytes.
    pub frame_max: Option<u32>,
    /// What became of the connection before.
    pub last: Option<Last>,
}

/// What to read next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadOrder<N> {
    /// The channel.
    pub channel: N,
    /// The life of the log that the offsets belong to; another one in the log is
    /// [`SessionInput::Missing`].
    pub epoch: Epoch,
    /// The entries behind this offset.
    pub after: u64,
    /// The last one that is known to be there.
    pub head: u64,
}

/// Which timer asks for [`SessionInput::Timeout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SessionTimer {
    /// `hello_timeout`.
    Hello,
    /// `admission_timeout`.
    Admission,
    /// The end of the credentials.
    Credentials,
    /// `write_timeout`.
    Write,
    /// `away_grace` after the slot, or `overlap` after a take-over.
    Leave,
    /// Nothing was heard for a heartbeat and its deadline.
    Silence,
    /// The answer to a ping.
    Pong,
    /// The rate allows for more again.
    Rate,
}

/// Where a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionStage {
    /// The greeting has not come.
    Opened,
    /// The credentials are being judged.
    Greeted,
    /// The client stands.
    Attached,
    /// It reads on for a moment, but another connection of the client has taken over.
    TakenOver,
    /// It is over.
    Closed,
}

/// What a session is and has been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// Where it is.
    pub stage: SessionStage,
    /// Channels, joined or asked for.
    pub channels: usize,
    /// Channels with entries to read.
    pub behind: usize,
    /// Publishes that are not stored yet.
    pub publishes: u32,
    /// Bytes in them.
    pub publish_bytes: u64,
    /// Volatile values that were dropped.
    pub volatile_dropped: u32,
    /// Whether reading is paused.
    pub is_paused: bool,
    /// Whether the socket takes no more.
    pub is_congested: bool,
    /// Bytes of memory beside the session itself.
    pub heap_bytes: usize,
}
