//! Code that follows channels: reading positions, as connections have them.

use std::collections::BTreeMap;
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
    behind: Mutex<BTreeMap<Name, Behind>>,
    more: Notify,
    /// The node is gone: nothing will follow.
    closed: AtomicBool,
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
            behind: Mutex::default(),
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
        let mut behind = self.behind.lock();
        match behind.get_mut(channel) {
            Some(known) if known.epoch == epoch => known.head = known.head.max(last.offset),
            Some(known) => *known = fresh,
            None => {
                behind.insert(Arc::clone(channel), fresh);
            }
        }
        drop(behind);
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
            let Some((channel, at)) = self.first() else {
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

    fn first(&self) -> Option<(Name, Behind)> {
        let behind = self.behind.lock();
        behind.first_key_value().map(|(channel, at)| (Arc::clone(channel), *at))
    }

    /// Moves a position behind what was read; `None` where nothing of it is left in the log.
    fn advance(&self, channel: &Name, read: Behind, last: Option<u64>) {
        let mut behind = self.behind.lock();
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
