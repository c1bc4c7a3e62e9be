//! Who wants to know what is stored.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::Follower;
use super::batch::Stored;

/// All followers that still live.
#[derive(Debug, Default)]
pub(super) struct Followers(Mutex<Vec<Weak<dyn Follower>>>);

impl Followers {
    pub(super) fn add(&self, follower: Weak<dyn Follower>) {
        let mut followers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        followers.retain(|follower| follower.strong_count() > 0);
        followers.push(follower);
    }

    pub(super) fn tell(&self, stored: &[Stored]) {
        if stored.is_empty() {
            return;
        }
        for follower in self.living() {
            for Stored { channel, head, records } in stored {
                guarded("a follower", || follower.stored(channel, *head, records));
            }
        }
    }

    /// They are told without the lock, so that one may add another.
    fn living(&self) -> Vec<Arc<dyn Follower>> {
        let followers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        followers.iter().filter_map(Weak::upgrade).collect()
    }
}

/// Calls what is not ours: its panic must not end the thread that stores for everybody.
pub(super) fn guarded(what: &'static str, call: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(call)).is_err() {
        tracing::error!(what, "panicked while it was told what a log has stored");
    }
}
