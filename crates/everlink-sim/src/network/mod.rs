//! The network as a value: how long things take, what dials meet, and what breaks.

mod conn;
pub(crate) mod lane;

pub(crate) use conn::{Conns, Down, End, Up};

use std::time::Duration;

use everlink_engine::Cause;

/// How long things take on a network, and how it takes writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// One way, at least.
    pub latency: Duration,
    /// On top of it, up to; frames of one connection never overtake each other.
    pub jitter: Duration,
    /// One dial in this many gets a socket that takes writes a moment late; 0 is none.
    pub lazy_in: u64,
    /// How late, at most.
    pub lazy: Duration,
}

impl Network {
    /// 20 ms one way, up to 10 ms more.
    pub const GOOD: Self = Self::steady(20, 10);

    /// Makes a network with a latency and a jitter, in milliseconds.
    #[must_use]
    pub const fn steady(latency_ms: u64, jitter_ms: u64) -> Self {
        Self {
            latency: Duration::from_millis(latency_ms),
            jitter: Duration::from_millis(jitter_ms),
            lazy_in: 0,
            lazy: Duration::from_millis(300),
        }
    }
}

/// What a dial meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// The upgrade succeeds.
    Accept,
    /// The upgrade succeeds after this long.
    AcceptAfter(Duration),
    /// It opens, and is dropped after this long.
    Flap(Duration),
    /// It opens, but the peer never says or hears anything.
    Mute,
    /// The attempt fails at once, for this reason.
    Fail(Cause),
    /// The same, with the server's word about when to come back.
    FailUntil(Cause, Duration),
    /// Nothing ever answers: a black hole, a stalled hand-shake.
    Stall,
}

/// What breaks on a connection that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends at some byte; what was on its way arrives in part.
    Cut,
    /// The connection is reset: nothing that was on its way arrives.
    Reset,
    /// The peer closes with this code.
    Close(u16),
    /// Nothing reaches the peer any more, and nobody is told.
    HalfOpenUp,
    /// Nothing reaches the client any more, and nobody is told.
    HalfOpenDown,
    /// Nothing reaches anybody any more, and nobody is told.
    BlackHole,
    /// The peer reads nothing any more, so writes pile up.
    SlowReader,
    /// The client does not read for this long.
    ReadPause(Duration),
    /// The peer asks us to come back in this time.
    Away(Duration),
    /// The peer process crashes and restarts; its log is kept, or begins a new life.
    Crash {
        /// Whether the log survives.
        durable: bool,
    },
    /// Another network: the platform says so, and the old connection is a black hole.
    NetworkGone,
    /// Another network: the platform says so, but the old connection still works.
    NetworkChanged,
    /// The platform says that there is a network.
    Online,
    /// The platform says that there is none, which may be a lie.
    Offline,
    /// No input reaches the client for this long; whatever came meanwhile comes late.
    Suspend(Duration),
    /// Bytes of a message that never becomes complete, or a control frame of a proxy.
    Noise {
        /// Whether they belong to a message.
        data: bool,
    },
    /// The oldest part of every log expires.
    Expire,
}
