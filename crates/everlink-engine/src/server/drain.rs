//! How a crowd of clients is spread over time: when a node goes, and when it came back.

use core::time::Duration;

use crate::limits::HINT_MAX;
use crate::random::{Random, scale};
use crate::time::Timestamp;

/// The slots of a drain: `clients` of them, spread evenly over a window, each at a place of its own
/// within its share, so that not even clients of several nodes come in step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrainPlan {
    clients: u32,
    given: u32,
    window: Duration,
    random: Random,
}

impl DrainPlan {
    /// Makes a plan for `clients` over `window`, which ends at 10 min at the latest, as clients obey no
    /// longer hint ([`HINT_MAX`]).
    #[must_use]
    pub fn new(clients: u32, window: Duration, seed: u32) -> Self {
        Self { clients, given: 0, window: window.min(HINT_MAX), random: Random::new(seed) }
    }
}

/// The slots in their order, each counted from the start of the drain.
impl Iterator for DrainPlan {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        if self.given >= self.clients {
            return None;
        }
        let place = f64::from(self.given) + self.random.fraction();
        self.given += 1;
        Some(scale(self.window, place / f64::from(self.clients)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.clients - self.given) as usize;
        (left, Some(left))
    }
}

impl ExactSizeIterator for DrainPlan {}

/// Over which time a node's clients should return after a loss: 1.5 × clients ÷ the most
/// connections that the node was seen to accept in a second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnWindow {
    best: u32,
    second: u64,
    accepted: u32,
}

/// Shortest window for returns that a node with a hundred clients or more names.
const WINDOW_MIN: Duration = Duration::from_secs(1);

/// The part of it for each of fewer clients.
const WINDOW_OF_ONE: Duration = Duration::from_millis(10);

/// Shortest back-off that a node wishes for as the longest: its clients' budget of dials (20 a minute)
/// allows for no more than that in the long run.
const BACKOFF_MIN: Duration = Duration::from_secs(5);

impl ReturnWindow {
    /// Makes a measure that takes the node to accept `floor` connections a second until it is seen to
    /// accept more; at least 1.
    #[must_use]
    pub const fn new(floor: u32) -> Self {
        Self { best: if floor == 0 { 1 } else { floor }, second: 0, accepted: 0 }
    }

    /// A connection was accepted.
    pub fn accepted(&mut self, now: Timestamp) {
        let second = now.as_nanos() / 1_000_000_000;
        if second != self.second {
            (self.second, self.accepted) = (second, 0);
        }
        self.accepted = self.accepted.saturating_add(1);
        self.best = self.best.max(self.accepted);
    }

    /// Returns how many connections the node accepts in a second.
    #[must_use]
    pub const fn rate(&self) -> u32 {
        self.best
    }

    /// Returns the window for so many clients; at most 10 min, and at least 1 s, or a hundredth for
    /// each client where they are fewer than a hundred.
    ///
    /// Not less, because those who are welcomed first are told how few there are: if all of them came
    /// back at once, a server that falls while its clients gather would meet them all in one second.
    #[must_use]
    pub fn window(&self, clients: u32) -> Duration {
        let millis = u64::from(clients) * 1500 / u64::from(self.best);
        let least = WINDOW_MIN.min(WINDOW_OF_ONE.saturating_mul(clients));
        Duration::from_millis(millis).clamp(least, HINT_MAX)
    }

    /// Returns the longest back-off to wish for where a window was named; 5 s at least. So many clients that
    /// try twice in a window on average are about as many as the node can take.
    #[must_use]
    pub fn backoff_max(window: Duration) -> Duration {
        window.clamp(BACKOFF_MIN, HINT_MAX)
    }
}
