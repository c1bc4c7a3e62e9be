//! Time as a plain number: the engine has no clock.

use core::fmt;
use core::ops::{Add, Div};
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
    pub const fn since(self, earlier: Self) -> Duration {
        self.passed(earlier).duration()
    }

    /// Returns the point that lies `duration` later; saturates after 584 years.
    #[must_use]
    pub const fn after(self, duration: Duration) -> Self {
        self.plus(Span::of(duration))
    }

    /// [`since`](Self::since), for the engine itself.
    pub(crate) const fn passed(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// [`after`](Self::after), for the engine itself.
    pub(crate) const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

/// How long something takes: nanoseconds, in one number.
///
/// The engine reckons with these and shows a [`Duration`] to its driver. That one is seconds and nanoseconds in
/// two numbers of different size, and each sum and each comparison of two is several steps: in a page, code that
/// has to be loaded. Everything saturates after 584 years.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Span(u64);

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.duration().fmt(f)
    }
}

impl Span {
    pub(crate) const ZERO: Self = Self(0);
    pub(crate) const MAX: Self = Self(u64::MAX);

    pub(crate) const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    pub(crate) const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    pub(crate) const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(NANOS_A_SECOND))
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(crate) const fn of(duration: Duration) -> Self {
        let Self(nanos) = Self::from_secs(duration.as_secs());
        Self(nanos.saturating_add(duration.subsec_nanos() as u64))
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(crate) const fn duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    pub(crate) const fn as_nanos(self) -> u64 {
        self.0
    }

    pub(crate) const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    pub(crate) const fn saturating_mul(self, factor: u32) -> Self {
        Self(self.0.saturating_mul(factor as u64))
    }

    /// Multiplies by a factor from 0 on, to the nearest nanosecond.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(crate) const fn scaled(self, factor: f64) -> Self {
        Self((self.0 as f64 * factor + 0.5) as u64)
    }
}

impl Add for Span {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Div<u32> for Span {
    type Output = Self;

    fn div(self, parts: u32) -> Self {
        Self(self.0 / u64::from(parts))
    }
}

const NANOS_A_SECOND: u64 = 1_000_000_000;
