//! Every deadline has a name.

use crate::time::Timestamp;

/// Which timer asks for [`Input::Timeout`](crate::Input::Timeout).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Timer {
    /// The delay before the next attempt.
    Backoff,
    /// `connect_timeout` of an attempt.
    Dial,
    /// `greeting_timeout`: greeting and catch-up of an opened transport.
    Greeting,
    /// The next heartbeat.
    Heartbeat,
    /// `heartbeat_timeout` or `probe_timeout`, or the silence of a peer that pings by itself.
    Pong,
    /// Half of `heartbeat_timeout`: a second transport is dialed beside the silent one.
    Suspicion,
    /// `write_timeout`.
    Write,
    /// `stable_after`.
    Stable,
    /// `close_timeout`.
    Close,
    /// `stale_after`.
    Stale,
    /// `renew_after`.
    Age,
    /// The second level's start after the first gave up.
    Surrender,
    /// `overlap` of a planned move.
    Overlap,
    /// The peer's rate limit.
    Rate,
    /// `greeting_timeout` of a question for a page of history.
    Read,
}

/// Collects the earliest of many deadlines.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deadline(Option<(Timestamp, Timer)>);

impl Deadline {
    pub(crate) fn at(&mut self, at: Timestamp, timer: Timer) {
        if self.0.is_none_or(|(earliest, _)| at < earliest) {
            self.0 = Some((at, timer));
        }
    }

    pub(crate) fn get(self) -> Option<(Timestamp, Timer)> {
        self.0
    }
}
