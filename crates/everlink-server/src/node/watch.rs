//! Code that follows channels: reading positions, as connections have them.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use everlink_engine::Epoch;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::hooks::pattern_matches;
use crate::log::{Log, LogError, PageLimit, Record};
use crate::speech::Name;

/// Follows the channels that match a pattern, from when it was made on.
///
/// It keeps a position for each channel in which something waits, and no message: whoever is slow reads
/// the log later.
#[derive(Debug)]
pub(crate) struct Watch {
    pattern: String,
    waiting: Mutex<Waiting>,
    more: Notify,
    /// The node is gone: nothing will follow.
    closed: AtomicBool,
}

/// The channels in which something waits.
#[derive(Debug, Default)]
struct Waiting {
    behind: BTreeMap<Name, Behind>,
    /// The channel that was read last: the next one has its turn.
    last: Option<Name>,
}

/// What waits in a channel.
#[derive(Clone, Copy, Debug)]
struct Behind {
    epoch: Epoch,
    /// The next offset to be read.
    next: u64,
    /// The last one that is known to be there.
    head: u64,
}

/// Messages of a channel, in order.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) channel: Name,
    pub(crate) epoch: Epoch,
    pub(crate) records: Vec<Arc<Record>>,
    /// How many were gone before they could be read.
    pub(crate) missed: u64,
}

impl Watch {
    pub(crate) fn new(pattern: String) -> Self {
        Self {
            pattern,
            waiting: Mutex::default(),
            more: Notify::new(),
            closed: AtomicBool::new(false),
        }
    }

    /// Something was stored.
    pub(crate) fn stored(&self, channel: &Name, epoch: Epoch, records: &[Arc<Record>]) {
        let (Some(first), Some(last)) = (records.first(), records.last()) else {
            return;
        };
        if !pattern_matches(&self.pattern, channel) {
            return;
        }
        let fresh = Behind { epoch, next: first.offset, head: last.offset };
        let mut waiting = self.waiting.lock();
        match waiting.behind.get_mut(channel) {
            Some(known) if known.epoch == epoch => known.head = known.head.max(last.offset),
            Some(known) => *known = fresh,
            None => {
                waiting.behind.insert(Arc::clone(channel), fresh);
            }
        }
        drop(waiting);
        self.more.notify_one();
    }

    /// Nothing will follow.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.more.notify_one();
    }

    /// Waits for messages and reads some; `None` once the node is gone. What is returned counts as read.
    ///
    /// # Cancel safety
    ///
    /// Cancelling loses nothing.
    pub(crate) async fn next(&self, log: &dyn Log) -> Result<Option<Watched>, LogError> {
        loop {
            if self.closed.load(Ordering::Acquire) {
                return Ok(None);
            }
            let Some((channel, at)) = self.turn() else {
                self.more.notified().await;
                continue;
            };
            let page = log.read(&channel, at.next - 1, PAGE).await?;
            let last = page.records.last().map(|record| record.offset);
            let same = page.head.epoch == at.epoch;
            self.advance(&channel, at, last.filter(|_| same));
            if let Some(first) = page.records.first().filter(|_| same) {
                let missed = first.offset.saturating_sub(at.next);
                let epoch = at.epoch;
                return Ok(Some(Watched { channel, epoch, missed, records: page.records }));
            }
        }
    }

    /// Returns the channel whose turn it is.
    fn turn(&self) -> Option<(Name, Behind)> {
        let mut waiting = self.waiting.lock();
        let after = waiting.last.take().map_or(Bound::Unbounded, Bound::Excluded);
        let behind = &waiting.behind;
        let next = behind.range((after, Bound::Unbounded)).next().or(behind.first_key_value());
        let (channel, at) = next.map(|(channel, at)| (Arc::clone(channel), *at))?;
        waiting.last = Some(Arc::clone(&channel));
        Some((channel, at))
    }

    /// Moves a position behind what was read; `None` where nothing of it is left in the log.
    fn advance(&self, channel: &Name, read: Behind, last: Option<u64>) {
        let behind = &mut self.waiting.lock().behind;
        let Some(at) = behind.get_mut(channel).filter(|at| at.epoch == read.epoch) else {
            return;
        };
        at.next = last.unwrap_or(read.head) + 1;
        if at.next > at.head {
            behind.remove(channel);
        }
    }
}

/// How much is read at once.
const PAGE: PageLimit = PageLimit { records: 64, bytes: 256 * 1024 };
