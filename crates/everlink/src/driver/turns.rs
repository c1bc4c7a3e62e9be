//! A budget of dials that several clients share.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use everlink_engine::{DialBudget, Timestamp};
use tokio::time::Instant;

/// How often all connections together may dial, where a server counts by address. Clones are the same
/// budget, so that several pools of one process can share it.
///
/// A dial beyond it waits for its turn, first come, first served; `connect_timeout` counts from then.
/// Turns are reckoned with a fiftieth more than the period: the server counts what arrives, and dials
/// that left apart can arrive together.
/// Other processes at the same address have a budget of their own: give each its part.
///
/// ```
/// use everlink::{Client, DialLimit};
/// use std::time::Duration;
///
/// let limit = DialLimit::new(300, Duration::from_secs(300));
/// let one = Client::builder("wss://example.com/ws").dial_limit(limit.clone()).build()?;
/// let other = Client::builder("wss://example.com/ws").dial_limit(limit).build()?;
/// # Ok::<(), everlink::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct DialLimit(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    origin: Instant,
    budget: Mutex<DialBudget>,
}

impl DialLimit {
    /// Allows for `dials_max` dials, 1 at least, in each `period`.
    #[must_use]
    pub fn new(dials_max: usize, period: Duration) -> Self {
        let budget = Mutex::new(DialBudget::new(dials_max, period + period / 50));
        Self(Arc::new(Shared { origin: Instant::now(), budget }))
    }

    /// Takes a place in the line.
    pub(crate) fn turn(&self) -> Turn {
        let shared = Arc::clone(&self.0);
        let passed = u64::try_from(shared.origin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let now = Timestamp::from_nanos(passed);
        let at = shared.with(|budget| budget.reserve(now));
        Turn { shared, at, wait: at.since(now), taken: false }
    }
}

impl Shared {
    fn with<T>(&self, act: impl FnOnce(&mut DialBudget) -> T) -> T {
        act(&mut self.budget.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A place in the line, which is given back by dropping it unused.
#[derive(Debug)]
pub(crate) struct Turn {
    shared: Arc<Shared>,
    at: Timestamp,
    pub(crate) wait: Duration,
    taken: bool,
}

impl Turn {
    /// The dial is made.
    pub(crate) fn take(mut self) {
        self.taken = true;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.taken {
            self.shared.with(|budget| budget.give_back(self.at));
        }
    }
}
