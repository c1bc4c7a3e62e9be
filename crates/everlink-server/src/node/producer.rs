//! What code on the server publishes is numbered as well.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::random_name;
use crate::log::{Append, Done, Log};
use crate::speech::Name;

/// The producer of what code on this node publishes: a fresh one for each start.
///
/// It counts over all channels at once, so that it remembers none of them: in each channel its numbers
/// rise, with holes that are none, as each message names 0 as the one before it.
#[derive(Debug)]
pub(crate) struct ServerProducer {
    name: Name,
    sequence: AtomicU64,
    /// A number is taken and handed to the log in one step, for each channel in order.
    order: [Mutex<()>; STRIPES],
    hasher: RandomState,
}

impl ServerProducer {
    pub(crate) fn new(node: &str) -> Self {
        // With a `~`, as clients cannot name one.
        let name = random_name(&format!("{node}~")).into();
        Self {
            name,
            sequence: AtomicU64::new(1),
            order: std::array::from_fn(|_| Mutex::new(())),
            hasher: RandomState::new(),
        }
    }

    /// Numbers a message and hands it to the log.
    pub(crate) fn append(
        &self,
        log: &dyn Log,
        channel: &str,
        append: impl FnOnce(Name, u64) -> Append,
        done: Done,
    ) {
        let stripe = self.hasher.hash_one(channel) as usize % STRIPES;
        let _in_order = self.order[stripe].lock();
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed);
        log.append(append(Arc::clone(&self.name), sequence), done);
    }
}

/// Channels that share a stripe wait for each other for the time of a call.
const STRIPES: usize = 64;
