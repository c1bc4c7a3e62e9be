//! What any log must do, as tests for whoever makes one.
//!
//! Make a [`Subject`] that opens your log, and call [`holds`], or the parts of it, each in a test of
//! its own. A broken promise is a panic that says which.
//!
//! ```
//! use std::sync::Arc;
//! use everlink_server::log::contract::{Setup, Subject, holds};
//! use everlink_server::log::{Log, MemoryLog};
//!
//! #[derive(Debug)]
//! struct InMemory;
//!
//! impl Subject for InMemory {
//!     fn open(&mut self, setup: &Setup) -> Arc<dyn Log> {
//!         Arc::new(MemoryLog::new(setup.options()).expect("a log in memory opens"))
//!     }
//!
//!     fn is_durable(&self) -> bool {
//!         false
//!     }
//! }
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! holds(|| InMemory).await;
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```

#![expect(clippy::missing_panics_doc, reason = "each of these panics where a promise is broken")]

mod appending;
mod bounds;
mod crowd;
mod following;
mod lives;
mod probe;
mod producers;
mod reading;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Log, LogOptions, Retention, RetentionPolicy, WallClock};

pub use appending::{
    known_messages_are_not_stored_again, numbers_are_not_left_out, refusals_are_bounded,
    refusals_are_remembered, refusals_come_with_the_message_that_begins_a_producer,
    skips_use_up_numbers,
};
pub use bounds::{busy_when_too_much_waits, channels_are_bounded, producers_are_bounded};
pub use crowd::many_appenders_keep_their_order;
pub use following::{
    followers_hear_all_in_order_before_the_outcome, late_followers_hear_what_comes_later,
};
pub use lives::{
    a_life_has_one_number, retention_holds_under_load, retention_removes_the_oldest,
    trimming_drops_what_lies_before,
};
pub use producers::{producers_are_forgotten_after_their_time, what_was_stored_outlives_the_log};
pub use reading::{
    channels_are_listed, pages_have_limits, reading_returns_what_was_stored, times_never_go_back,
};

/// A kind of log, as the tests open it.
pub trait Subject: fmt::Debug + Send {
    /// Opens the log that the subject stands for: empty the first time, and what is left of it later.
    /// The one before is closed by then.
    fn open(&mut self, setup: &Setup) -> Arc<dyn Log>;

    /// Whether a log that was closed is all there when it is opened again; otherwise it is empty.
    fn is_durable(&self) -> bool;
}

/// How the tests want a log.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How long a producer is remembered.
    pub origin_ttl: Duration,
    /// Most messages that wait to be stored.
    pub pending_max: usize,
    /// Most channels.
    pub channels_max: u64,
    /// Most producers that are remembered.
    pub producers_max: u64,
    /// What is kept of channels that match a pattern; everything of others.
    pub retention: Vec<(&'static str, Retention)>,
    /// The time, in milliseconds since 1970.
    pub millis: Arc<AtomicU64>,
}

impl Setup {
    /// Returns the same as options of the logs of this crate.
    #[must_use]
    pub fn options(&self) -> LogOptions {
        let policy =
            |(pattern, retention): &(&str, Retention)| RetentionPolicy::new(*pattern, *retention);
        LogOptions::default()
            .origin_ttl(self.origin_ttl)
            .pending_max(self.pending_max)
            .channels_max(self.channels_max)
            .producers_max(self.producers_max)
            .sweep_every(Duration::from_millis(1))
            .retention(self.retention.iter().map(policy))
            .clock(WallClock::manual(Arc::clone(&self.millis)))
    }

    /// Returns what most of the tests use: bounds of 10,000, an hour for producers, no retention.
    #[must_use]
    pub fn standard() -> Self {
        Self {
            origin_ttl: Duration::from_secs(3600),
            pending_max: 10_000,
            channels_max: 10_000,
            producers_max: 10_000,
            retention: Vec::new(),
            millis: Arc::new(AtomicU64::new(BEGIN_MILLIS)),
        }
    }

    fn pass(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).expect("a test lasts no millions of years");
        self.millis.fetch_add(millis, Ordering::AcqRel);
    }
}

/// Checks every promise, each on a log of its own.
pub async fn holds<S: Subject>(mut new: impl FnMut() -> S) {
    known_messages_are_not_stored_again(&mut new()).await;
    numbers_are_not_left_out(&mut new()).await;
    skips_use_up_numbers(&mut new()).await;
    refusals_are_remembered(&mut new()).await;
    refusals_come_with_the_message_that_begins_a_producer(&mut new()).await;
    refusals_are_bounded(&mut new()).await;
    reading_returns_what_was_stored(&mut new()).await;
    channels_are_listed(&mut new()).await;
    pages_have_limits(&mut new()).await;
    times_never_go_back(&mut new()).await;
    a_life_has_one_number(&mut new()).await;
    trimming_drops_what_lies_before(&mut new()).await;
    retention_removes_the_oldest(&mut new()).await;
    retention_holds_under_load(&mut new()).await;
    followers_hear_all_in_order_before_the_outcome(&mut new()).await;
    late_followers_hear_what_comes_later(&mut new()).await;
    many_appenders_keep_their_order(&mut new()).await;
    producers_are_forgotten_after_their_time(&mut new()).await;
    what_was_stored_outlives_the_log(&mut new()).await;
    busy_when_too_much_waits(&mut new()).await;
    channels_are_bounded(&mut new()).await;
    producers_are_bounded(&mut new()).await;
}

/// Longest wait for anything.
const WAIT: Duration = Duration::from_secs(60);

/// 13 September 2020; the logs of the tests begin then.
const BEGIN_MILLIS: u64 = 1_600_000_000_000;
