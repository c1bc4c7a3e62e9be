//! What may pass on one connection, and whether somebody is still there.

use super::clock::{Clock, far};
use super::rules::ExchangeRules;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Counts within a sliding window.
#[derive(Debug)]
pub(crate) struct Window {
    max: usize,
    length: Duration,
    seen: VecDeque<Instant>,
}

impl Window {
    pub(crate) fn new(max: usize, length: Duration) -> Self {
        Self { max, length, seen: VecDeque::new() }
    }

    /// Counts one more; an error, which is not counted, says when there is room again.
    pub(crate) fn count(&mut self, now: Instant) -> Result<(), Instant> {
        while self.seen.front().is_some_and(|at| now.duration_since(*at) >= self.length) {
            self.seen.pop_front();
        }
        match self.seen.front() {
            Some(first) if self.seen.len() >= self.max => Err(*first + self.length),
            _ => {
                self.seen.push_back(now);
                Ok(())
            }
        }
    }

    pub(crate) fn last(&self) -> Option<Instant> {
        self.seen.back().copied()
    }
}

/// Pings of the exchange, and the pongs that answer them.
#[derive(Debug)]
pub(crate) struct Pings {
    every: Duration,
    within: Duration,
    next: Instant,
    /// Payload and time of those that wait for their pong, the oldest first.
    open: VecDeque<(u64, Instant)>,
    last: u64,
}

impl Pings {
    pub(crate) fn new(rules: &ExchangeRules, clock: &Clock, now: Instant) -> Self {
        let every = clock.traffic(rules.ping_every);
        let within = clock.traffic(rules.pong_within);
        Self { every, within, next: far(now, every), open: VecDeque::new(), last: 0 }
    }

    /// Returns the payload of the ping that is due, made of the time: a number that no other ping has.
    pub(crate) fn due(&mut self, now: Instant, unix_ms: u64) -> Option<u64> {
        if now < self.next {
            return None;
        }
        self.next = far(now, self.every);
        self.last = unix_ms.max(self.last + 1);
        self.open.push_back((self.last, now));
        Some(self.last)
    }

    /// Takes a pong. One that answers a ping answers those before it too; any other is allowed and changes
    /// nothing ("General WSS information").
    pub(crate) fn pong(&mut self, payload: &[u8]) {
        let payload = std::str::from_utf8(payload).ok().and_then(|text| text.parse::<u64>().ok());
        let found = self.open.iter().position(|(open, _)| Some(*open) == payload);
        if let Some(index) = found {
            self.open.drain(..=index);
        }
    }

    pub(crate) fn is_late(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
    }

    pub(crate) fn wake(&self) -> Instant {
        self.deadline().map_or(self.next, |deadline| deadline.min(self.next))
    }

    fn deadline(&self) -> Option<Instant> {
        self.open.front().map(|(_, sent)| far(*sent, self.within))
    }
}
