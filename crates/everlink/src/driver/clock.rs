//! The driver's clock: tokio's, and the time asleep that it does not count.

use std::time::Duration;

use everlink_engine::Timestamp;
use tokio::time::Instant;

/// Time since the client was made.
#[derive(Debug)]
pub(crate) struct Clock {
    origin: Instant,
    /// Time asleep so far.
    asleep: Duration,
    /// What [`sleep_meter`] said at the origin.
    slept_before: Duration,
    /// When it was last asked.
    looked: Timestamp,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let (asleep, slept_before) = (Duration::ZERO, sleep_meter());
        Self { origin: Instant::now(), asleep, slept_before, looked: Timestamp::ZERO }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let passed = self.origin.elapsed() + self.asleep;
        Timestamp::from_nanos(u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX))
    }

    /// Returns when `at` will be, on tokio's clock.
    pub(crate) fn instant(&self, at: Timestamp) -> Instant {
        let since = Duration::from_nanos(at.as_nanos()).saturating_sub(self.asleep);
        self.origin.checked_add(since).unwrap_or_else(|| Instant::now() + FAR)
    }

    /// Returns whether the machine slept since it was last looked at; from then on that time counts.
    /// It is looked at only now and then.
    pub(crate) fn woke(&mut self, now: Timestamp) -> bool {
        if now.since(self.looked) < LOOK_SPACING {
            return false;
        }
        self.looked = now;
        self.observe(sleep_meter())
    }

    fn observe(&mut self, meter: Duration) -> bool {
        let asleep = meter.saturating_sub(self.slept_before);
        let slept = asleep.saturating_sub(self.asleep) >= ASLEEP_MIN;
        if slept {
            self.asleep = asleep;
        }
        slept
    }
}

/// How often a connection looks whether the machine slept.
pub(crate) const SLEEP_CHECK: Duration = Duration::from_secs(5);

/// Time awake between two looks at the clocks: two system calls, where there is no faster way.
const LOOK_SPACING: Duration = Duration::from_millis(50);

/// Shorter than this is no sleep: the two clocks are not read at the same moment.
const ASLEEP_MIN: Duration = Duration::from_millis(500);

const FAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// Returns how far the clock that counts sleep is ahead of the one that does not.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn sleep_meter() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let read = |clock| {
        let time = clock_gettime(clock);
        let secs = u64::try_from(time.tv_sec).unwrap_or_default();
        Duration::new(secs, u32::try_from(time.tv_nsec).unwrap_or_default())
    };
    let awake = read(ClockId::Monotonic);
    read(ClockId::Boottime).saturating_sub(awake)
}

/// Elsewhere the engine notices sleep by timers that come late.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn sleep_meter() -> Duration {
    Duration::ZERO
}

#[cfg(test)]
mod tests {
    use super::Clock;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn time_asleep_counts_and_is_told_once() {
        let mut clock = Clock::start();
        let before = clock.slept_before;
        assert!(!clock.observe(before + Duration::from_millis(100)));
        let awake = clock.now();
        assert!(clock.observe(before + Duration::from_secs(60)));
        assert!(!clock.observe(before + Duration::from_secs(60)));
        assert_eq!(clock.now().since(awake), Duration::from_secs(60));
        let soon = clock.now().after(Duration::from_secs(1));
        assert_eq!(clock.instant(soon), tokio::time::Instant::now() + Duration::from_secs(1));
    }
}
