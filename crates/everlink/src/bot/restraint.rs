//! When a bot holds its tongue: before its own words, and when it has said enough.

use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::{Duration, Instant};

use everlink_engine::Timestamp;
use everlink_engine::server::{RateLimit, TokenBucket};

use super::message::ChatMessage;
use crate::client::BuildError;

/// How a bot is told to hold back.
#[derive(Clone, Debug)]
pub(super) struct Manners {
    /// What the bot is called in the chat, if it was said.
    pub(super) nick: Option<String>,
    /// Most answers at once, and in each `per`.
    pub(super) answers_max: u32,
    pub(super) per: Duration,
}

/// What a listener remembers, to hold back.
#[derive(Debug)]
pub(super) struct Restraint {
    nick: Option<String>,
    /// Answers whose echo may come, the oldest first: when each was given, and its hash.
    said: VecDeque<(Timestamp, u64)>,
    hashes: RandomState,
    /// A token is a millisecond.
    bucket: TokenBucket,
    cost: u32,
    origin: Instant,
}

impl Default for Manners {
    fn default() -> Self {
        Self { nick: None, answers_max: 5, per: Duration::from_secs(10) }
    }
}

impl Manners {
    /// Checks the limit, and begins.
    pub(super) fn start(self) -> Result<Restraint, BuildError> {
        let per = in_range(self.per.as_millis(), PER_MILLIS_MAX).map_err(|value| {
            let (setting, accepted) = ("response_limit: per", "1 to 3600000 (milliseconds)");
            BuildError::Bound { setting, value, accepted }
        })?;
        let refused = |value| {
            let (setting, accepted) = ("response_limit: answers_max", "1 to 1000");
            BuildError::Bound { setting, value, accepted }
        };
        let answers = in_range(self.answers_max.into(), ANSWERS_MAX).map_err(refused)?;
        let cost = per.div_ceil(answers);
        let limit = RateLimit::new(1_000, cost.saturating_mul(answers));
        let limit = limit.ok_or_else(|| refused(0))?;
        Ok(Restraint {
            nick: self.nick.map(|nick| nick.to_lowercase()),
            said: VecDeque::new(),
            hashes: RandomState::new(),
            bucket: TokenBucket::new(limit),
            cost,
            origin: Instant::now(),
        })
    }
}

impl Restraint {
    /// Returns whether the bot said this itself: by its nick if that is known, else because an answer of
    /// the same text has not come back yet.
    pub(super) fn is_own(&mut self, message: &ChatMessage) -> bool {
        if let Some(nick) = &self.nick {
            return message.nick.to_lowercase() == *nick;
        }
        let now = self.now();
        self.said.retain(|(at, _)| now.since(*at) < ECHO_WAIT_MAX);
        let hash = self.hashes.hash_one(&message.data);
        let found = self.said.iter().position(|(_, said)| *said == hash);
        found.and_then(|at| self.said.remove(at)).is_some()
    }

    /// Returns whether one more answer may be given now, and counts it.
    pub(super) fn may_answer(&mut self) -> bool {
        let now = self.now();
        self.bucket.take(now, self.cost)
    }

    /// Notes an answer that was taken for sending.
    pub(super) fn answered(&mut self, text: &str) {
        if self.nick.is_some() {
            return;
        }
        if self.said.len() == SAID_MAX {
            self.said.pop_front();
        }
        self.said.push_back((self.now(), self.hashes.hash_one(text)));
    }

    fn now(&self) -> Timestamp {
        Timestamp::ZERO.after(self.origin.elapsed())
    }
}

/// Returns a number from 1 to `most`, or what an error says of it.
fn in_range(given: u128, most: u32) -> Result<u32, usize> {
    let small = u32::try_from(given).ok().filter(|given| (1..=most).contains(given));
    small.ok_or_else(|| usize::try_from(given).unwrap_or(usize::MAX))
}

/// Most answers whose echo is waited for.
const SAID_MAX: usize = 64;
/// How long the echo of an answer is waited for.
const ECHO_WAIT_MAX: Duration = Duration::from_secs(60);
/// Most answers in each `per`.
const ANSWERS_MAX: u32 = 1_000;
/// Longest `per`.
const PER_MILLIS_MAX: u32 = 60 * 60 * 1_000;
