//! Our time and the exchange's.

use crate::fake::market::HISTORY;
use std::time::Duration;
use tokio::time::Instant;

/// How the exchange's time runs beside ours. Whole numbers, so that both ways agree exactly.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    began: Instant,
    market: Scale,
    traffic: Scale,
}

/// Seconds of the exchange in a million of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scale(u64);

impl Scale {
    pub(crate) const REAL: Self = Self(MILLION as u64);

    /// Takes a factor that was checked before.
    pub(crate) fn new(factor: f64) -> Self {
        Self((factor * MILLION as f64).round() as u64)
    }

    /// Returns how long a time of the exchange takes in ours.
    fn ours(self, theirs: Duration) -> Duration {
        nanos((theirs.as_nanos() * MILLION).div_ceil(u128::from(self.0)))
    }

    fn theirs(self, ours: Duration) -> u128 {
        ours.as_nanos() * u128::from(self.0) / MILLION
    }
}

impl Clock {
    /// Starts the exchange's time; what counts messages, pings and attempts has a scale of its own.
    pub(crate) fn new(began: Instant, market: Scale, traffic: Scale) -> Self {
        Self { began, market, traffic }
    }

    /// Returns the time of the market, in nanoseconds since it began.
    pub(crate) fn market(&self, now: Instant) -> u64 {
        let passed = self.market.theirs(now.saturating_duration_since(self.began));
        u64::try_from(HISTORY.as_nanos() + passed).unwrap_or(u64::MAX)
    }

    /// Returns our time at which the market's is at least this.
    pub(crate) fn instant(&self, market: u64) -> Instant {
        let since = Duration::from_nanos(market).saturating_sub(HISTORY);
        far(self.began, self.market.ours(since))
    }

    /// Returns how long a time of connections' lives is in ours.
    pub(crate) fn life(&self, time: Duration) -> Duration {
        self.market.ours(time)
    }

    /// Returns how long a time of messages, pings and attempts is in ours.
    pub(crate) fn traffic(&self, time: Duration) -> Duration {
        self.traffic.ours(time)
    }
}

/// Adds without ever overflowing.
pub(crate) fn far(now: Instant, time: Duration) -> Instant {
    now.checked_add(time).unwrap_or_else(|| now + Duration::from_secs(100 * 365 * 24 * 60 * 60))
}

fn nanos(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

const MILLION: u128 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_n08_a_moment_of_the_market_is_reached_at_its_instant_and_not_before() {
        let began = Instant::now();
        for factor in [0.001, 0.5, 1.0, 3.0, 720.0, 99_999.0] {
            let clock = Clock::new(began, Scale::new(factor), Scale::REAL);
            let opened = clock.market(began);
            for after in [0, 1, 999, 1_000_003, 86_400_000_000_000_u64] {
                let at = clock.instant(opened + after);
                assert!(clock.market(at) >= opened + after, "{factor} {after}");
                if at > began {
                    let before = clock.market(at - Duration::from_nanos(1));
                    assert!(before < opened + after, "{factor} {after}");
                }
            }
        }
    }

    #[test]
    fn req_n08_a_day_takes_two_minutes_at_720() {
        let clock = Clock::new(Instant::now(), Scale::new(720.0), Scale::REAL);
        assert_eq!(clock.life(Duration::from_secs(86_400)), Duration::from_secs(120));
        assert_eq!(clock.traffic(Duration::from_secs(1)), Duration::from_secs(1));
    }
}
