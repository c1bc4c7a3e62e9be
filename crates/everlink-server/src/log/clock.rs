//! The time of day, which a test can set.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the time of day comes from.
#[derive(Clone)]
pub struct WallClock(Source);

#[derive(Clone)]
enum Source {
    System,
    Manual(Arc<AtomicU64>),
}

impl WallClock {
    /// The system's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands where its setter put it, in milliseconds since 1970.
    #[must_use]
    pub const fn manual(millis: Arc<AtomicU64>) -> Self {
        Self(Source::Manual(millis))
    }

    /// Returns the time in milliseconds since 1970; 0 for a system whose clock stands before that.
    #[must_use]
    pub fn millis(&self) -> u64 {
        match &self.0 {
            Source::Manual(millis) => millis.load(Ordering::Acquire),
            Source::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH);
                since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
            }
        }
    }
}

impl fmt::Debug for WallClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WallClock({} ms since 1970)", self.millis())
    }
}
