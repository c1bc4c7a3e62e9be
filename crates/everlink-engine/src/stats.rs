//! What a client can be asked about its connection (X07).

use core::time::Duration;

use crate::dialect::Guarantee;
use crate::failure::Failure;
use crate::quality::Quality;
use crate::state::ConnectionState;
use crate::time::{Span, Timestamp};

/// Everything that [`Engine::info`](crate::Engine::info) tells.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ConnectionInfo {
    /// The state.
    pub state: ConnectionState,
    /// Retries since the connection was last stable.
    pub attempts: u32,
    /// Time until the next attempt, while a delay runs.
    pub next_attempt: Option<Duration>,
    /// Why the last attempt failed or the connection was last lost.
    pub last_failure: Option<Failure>,
    /// Which endpoint is used or tried, from 0.
    pub endpoint: u16,
    /// How often a lost connection came back.
    pub reconnects: u32,
    /// How often a connection was dialed.
    pub dials: u32,
    /// Messages in the outbox.
    pub queued_messages: usize,
    /// Bytes in the outbox.
    pub queued_bytes: usize,
    /// How long this connection has stood; zero while it does not.
    pub connected_for: Duration,
    /// Time connected since the engine was made.
    pub uptime: Duration,
    /// Time wanted but not connected since the engine was made.
    pub downtime: Duration,
    /// Recent attempts that succeeded, from 0 to 1, weighted towards the newest.
    pub success_rate: f64,
    /// Smoothed round trip.
    pub latency: Option<Duration>,
    /// Quality from the latency.
    pub quality: Quality,
    /// What may be promised about delivery.
    pub guarantee: Guarantee,
    /// Messages handed to a transport.
    pub messages_sent: u64,
    /// Messages that came.
    pub messages_received: u64,
    /// Messages that were handed to a transport again.
    pub messages_replayed: u64,
    /// Copies that were dropped.
    pub duplicates: u64,
}

impl ConnectionInfo {
    /// Returns whether the connection stands.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.state == ConnectionState::Connected
    }

    /// Returns whether a lost connection is on its way back.
    #[must_use]
    pub fn is_reconnecting(&self) -> bool {
        matches!(self.state, ConnectionState::Disconnected | ConnectionState::Reconnecting)
    }
}

/// Counters, and how the time was spent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Stats {
    pub(crate) last_failure: Option<Failure>,
    pub(crate) reconnects: u32,
    pub(crate) dials: u32,
    pub(crate) sent: u64,
    pub(crate) received: u64,
    pub(crate) replayed: u64,
    pub(crate) duplicates: u64,
    /// Since when the present state of wanting and having holds.
    mark: Timestamp,
    uptime: Span,
    downtime: Span,
}

impl Stats {
    /// Books the time since the last change to what it was spent on, before a change of state.
    pub(crate) fn book(&mut self, now: Timestamp, state: ConnectionState) {
        (self.uptime, self.downtime) = self.times(now, state);
        self.mark = now;
    }

    /// Returns up-time and down-time until now.
    pub(crate) fn times(&self, now: Timestamp, state: ConnectionState) -> (Span, Span) {
        let passed = now.passed(self.mark);
        match state {
            ConnectionState::Closed => (self.uptime, self.downtime),
            ConnectionState::Connected => (self.uptime + passed, self.downtime),
            ConnectionState::Connecting
            | ConnectionState::Disconnected
            | ConnectionState::Reconnecting
            | ConnectionState::Error => (self.uptime, self.downtime + passed),
        }
    }
}
