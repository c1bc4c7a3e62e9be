//! Rates, in integers.

use core::num::NonZeroU32;

use crate::time::Timestamp;

const SECOND: u64 = 1_000_000_000;

/// How many tokens a second, and how many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RateLimit {
    /// Tokens a second.
    pub per_second: NonZeroU32,
    /// Tokens that can be saved up.
    pub burst: NonZeroU32,
}

impl RateLimit {
    /// Makes a limit; `None` if one of the numbers is zero.
    #[must_use]
    pub const fn new(per_second: u32, burst: u32) -> Option<Self> {
        match (NonZeroU32::new(per_second), NonZeroU32::new(burst)) {
            (Some(per_second), Some(burst)) => Some(Self { per_second, burst }),
            _ => None,
        }
    }

    /// Nanoseconds for one token; at least 1.
    const fn interval(self) -> u64 {
        let nanos = SECOND / self.per_second.get() as u64;
        if nanos == 0 { 1 } else { nanos }
    }

    const fn time_of(self, tokens: u32) -> u64 {
        self.interval().saturating_mul(tokens as u64)
    }
}

/// A bucket that fills with time. Its whole state is the time at which it will be full, so that an idle
/// one needs no timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenBucket {
    limit: RateLimit,
    full_at: Timestamp,
}

impl TokenBucket {
    /// Makes a full bucket.
    #[must_use]
    pub const fn new(limit: RateLimit) -> Self {
        Self { limit, full_at: Timestamp::ZERO }
    }

    /// Takes `tokens` out if they are there; otherwise takes none.
    pub fn take(&mut self, now: Timestamp, tokens: u32) -> bool {
        let full_at = self.after_taking(now, tokens);
        let fits = full_at - now.as_nanos() <= self.limit.time_of(self.limit.burst.get());
        if fits {
            self.full_at = Timestamp::from_nanos(full_at);
        }
        fits
    }

    /// Takes `tokens` out, there or not: what is missing is owed, and is filled up first.
    pub fn owe(&mut self, now: Timestamp, tokens: u32) {
        self.full_at = Timestamp::from_nanos(self.after_taking(now, tokens));
    }

    /// Returns how many tokens are owed.
    #[must_use]
    pub fn debt(&self, now: Timestamp) -> u64 {
        let empty = self.limit.time_of(self.limit.burst.get());
        let missing = self.full_at.as_nanos().saturating_sub(now.as_nanos());
        missing.saturating_sub(empty).div_ceil(self.limit.interval())
    }

    /// Returns when `tokens` can be taken, at most as many as the bucket holds; a time in the past
    /// says that they are there.
    #[must_use]
    pub fn ready_at(&self, tokens: u32) -> Timestamp {
        let saved = self.limit.burst.get().saturating_sub(tokens);
        Timestamp::from_nanos(self.full_at.as_nanos().saturating_sub(self.limit.time_of(saved)))
    }

    /// Returns its limit.
    #[must_use]
    pub const fn limit(&self) -> RateLimit {
        self.limit
    }

    fn after_taking(&self, now: Timestamp, tokens: u32) -> u64 {
        let full_at = self.full_at.max(now).as_nanos();
        full_at.saturating_add(self.limit.time_of(tokens))
    }
}
