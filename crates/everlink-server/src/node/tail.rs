//! The last messages of a channel, for all readers that keep up.

use std::collections::VecDeque;
use std::sync::Arc;

use everlink_engine::Epoch;
use everlink_engine::server::Reply;

use super::shared::Shared;
use crate::log::{Head, Record};
use crate::speech::Name;

/// The end of a channel's log, as this node has been told of it.
#[derive(Debug)]
pub(crate) struct Tail {
    /// The log's bounds; `None` before anything is known.
    head: Option<Head>,
    /// Consecutive entries; the last one, if any, is the head.
    entries: VecDeque<Arc<Shared>>,
    bytes: usize,
}

/// How much a tail keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TailLimits {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
}

/// What follows an offset.
#[derive(Debug)]
pub(crate) enum TailRead {
    /// Nothing yet.
    CaughtUp,
    /// These, consecutively.
    Entries(Vec<Arc<Shared>>),
    /// The log has to be read.
    Behind,
}

impl Tail {
    pub(crate) const fn new() -> Self {
        Self { head: None, entries: VecDeque::new(), bytes: 0 }
    }

    /// Learns what was stored. Returns whether the head has moved.
    pub(crate) fn feed(
        &mut self,
        channel: &Name,
        head: Head,
        records: &[Arc<Record>],
        limits: Option<TailLimits>,
    ) -> bool {
        if self.head.is_some_and(|known| known.epoch != head.epoch) {
            self.clear();
            self.head = None;
        }
        let known = self.head.map_or(0, |known| known.head);
        let fresh = &records[records.partition_point(|record| record.offset <= known)..];
        let Some(first) = fresh.first() else {
            return self.advance(head);
        };
        if first.offset != known + 1 {
            self.clear();
        }
        for record in fresh.iter().filter(|_| limits.is_some()) {
            self.bytes += record.payload.len() + ENTRY_BYTES;
            self.entries.push_back(Arc::new(Shared::entry(channel, record)));
        }
        let last = fresh.last().map_or(known, |last| last.offset);
        self.head = Some(Head { head: last, ..head });
        match limits {
            Some(limits) => self.evict(limits),
            None => self.clear(),
        }
        true
    }

    /// Learns the log's bounds from the log itself. A head that we were not told of is a hole in the
    /// feed: what we have is not its end. Returns whether the head has moved.
    pub(crate) fn advance(&mut self, head: Head) -> bool {
        match self.head {
            Some(known) if known.epoch == head.epoch && known.head >= head.head => {
                let first = known.first.max(head.first);
                self.head = Some(Head { first, ..known });
                false
            }
            Some(_) | None => {
                self.clear();
                self.head = Some(head);
                true
            }
        }
    }

    pub(crate) fn read(&self, epoch: Epoch, after: u64, limits: TailLimits) -> TailRead {
        let Some(head) = self.head else {
            return TailRead::Behind;
        };
        if head.epoch != epoch {
            return TailRead::Behind;
        }
        if after >= head.head {
            return TailRead::CaughtUp;
        }
        let missing = usize::try_from(head.head - after).unwrap_or(usize::MAX);
        let Some(start) = self.entries.len().checked_sub(missing) else {
            return TailRead::Behind;
        };
        let mut bytes = 0;
        let entries = self.entries.range(start..).take(limits.messages).take_while(|entry| {
            let fits = bytes < limits.bytes;
            bytes += entry_bytes(entry);
            fits
        });
        TailRead::Entries(entries.cloned().collect())
    }

    pub(crate) const fn head(&self) -> Option<Head> {
        self.head
    }

    pub(crate) fn clear(&mut self) {
        self.entries = VecDeque::new();
        self.bytes = 0;
    }

    fn evict(&mut self, limits: TailLimits) {
        while self.entries.len() > limits.messages || self.bytes > limits.bytes {
            let Some(entry) = self.entries.pop_front() else {
                return;
            };
            self.bytes -= entry_bytes(&entry);
        }
    }
}

fn entry_bytes(entry: &Shared) -> usize {
    let Reply::Message(stored) = entry.reply() else {
        return ENTRY_BYTES;
    };
    stored.payload.len() + ENTRY_BYTES
}

/// What an entry costs beside its payload, roughly.
const ENTRY_BYTES: usize = 512;
