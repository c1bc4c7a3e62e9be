//! Time as a plain number: the engine has no clock.

use core::time::Duration;

/// A point in time: nanoseconds since an origin that the driver picks.
///
/// The origin must not move while an engine lives, and time must not run backwards; a driver uses a
/// monotonic clock that also counts time asleep where the platform has one. Wall clocks, which jump,
/// are never used, so a change of date or of daylight saving does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The driver's origin.
    pub const ZERO: Self = Self(0);

    /// Makes the point that lies `nanos` nanoseconds after the origin.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Makes the point that lies `millis` milliseconds after the origin; saturates after 584 years.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Returns the nanoseconds since the origin.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Returns how long after `earlier` this is; zero if it is not after it.
    #[must_use]
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// Returns the point that lies `duration` later; saturates after 584 years.
    #[must_use]
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub const fn after(self, duration: Duration) -> Self {
        let nanos = duration.as_secs().saturating_mul(1_000_000_000);
        Self(self.0.saturating_add(nanos).saturating_add(duration.subsec_nanos() as u64))
    }
}
