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

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: TailLimits = TailLimits { messages: 4, bytes: 1024 * 1024 };
    const EPOCH: Epoch = Epoch(7);

    fn head(head: u64) -> Head {
        Head { epoch: EPOCH, first: 1, head }
    }

    fn records(offsets: std::ops::RangeInclusive<u64>) -> Vec<Arc<Record>> {
        let record = |offset| Record {
            offset,
            producer: "p".into(),
            sequence: offset,
            id: None,
            user: None,
            at: 0,
            payload: "1".into(),
        };
        offsets.map(|offset| Arc::new(record(offset))).collect()
    }

    fn feed(tail: &mut Tail, offsets: std::ops::RangeInclusive<u64>) -> bool {
        let last = *offsets.end();
        tail.feed(&"room".into(), head(last), &records(offsets), Some(LIMITS))
    }

    /// Returns the offsets that follow one, `None` where the log has to be read.
    fn after(tail: &Tail, offset: u64) -> Option<Vec<u64>> {
        match tail.read(EPOCH, offset, LIMITS) {
            TailRead::CaughtUp => Some(Vec::new()),
            TailRead::Behind => None,
            TailRead::Entries(entries) => Some(
                entries
                    .iter()
                    .map(|entry| {
                        let Reply::Message(stored) = entry.reply() else {
                            panic!("not an entry: {:?}", entry.reply())
                        };
                        stored.offset
                    })
                    .collect(),
            ),
        }
    }

    #[test]
    fn what_is_kept_ends_at_the_head_and_is_bounded() {
        let mut tail = Tail::new();
        assert_eq!(after(&tail, 0), None, "nothing is known yet");
        assert!(feed(&mut tail, 1..=3));
        assert_eq!(after(&tail, 0), Some(vec![1, 2, 3]));
        assert!(feed(&mut tail, 4..=6));
        assert_eq!(after(&tail, 1), None, "1 and 2 were dropped");
        assert_eq!(after(&tail, 2), Some(vec![3, 4, 5, 6]));
        assert_eq!(after(&tail, 6), Some(vec![]));
    }

    #[test]
    fn a_hole_in_the_feed_empties_the_tail() {
        let mut tail = Tail::new();
        feed(&mut tail, 1..=3);
        assert!(feed(&mut tail, 5..=6));
        assert_eq!(after(&tail, 3), None, "4 is in the log only");
        assert_eq!(after(&tail, 4), Some(vec![5, 6]));
    }

    #[test]
    fn what_the_log_itself_told_before_is_not_taken_twice() {
        let mut tail = Tail::new();
        feed(&mut tail, 1..=3);
        assert!(tail.advance(head(5)));
        assert_eq!(after(&tail, 3), None);
        assert!(!feed(&mut tail, 4..=5), "that was known");
        assert_eq!(after(&tail, 3), None);
        assert!(feed(&mut tail, 6..=6));
        assert_eq!(after(&tail, 5), Some(vec![6]));
        assert!(!tail.advance(head(4)), "the head never goes back");
        assert_eq!(tail.head().map(|head| head.head), Some(6));
    }

    #[test]
    fn another_life_of_the_log_has_nothing_to_do_with_this_one() {
        let mut tail = Tail::new();
        feed(&mut tail, 1..=3);
        let other = Head { epoch: Epoch(8), first: 1, head: 1 };
        assert!(tail.feed(&"room".into(), other, &records(1..=1), Some(LIMITS)));
        assert_eq!(after(&tail, 0), None, "asked for in the old life");
        assert!(matches!(tail.read(Epoch(8), 0, LIMITS), TailRead::Entries(all) if all.len() == 1));
    }

    #[test]
    fn a_room_without_readers_keeps_the_head_alone() {
        let mut tail = Tail::new();
        assert!(tail.feed(&"room".into(), head(2), &records(1..=2), None));
        assert_eq!(after(&tail, 1), None);
        assert_eq!(after(&tail, 2), Some(vec![]));
    }

    #[test]
    fn bytes_are_bounded_too_and_a_read_has_one_entry_at_least() {
        let limits = TailLimits { messages: 100, bytes: 2 * ENTRY_BYTES + 10 };
        let mut tail = Tail::new();
        tail.feed(&"room".into(), head(5), &records(1..=5), Some(limits));
        assert_eq!(after(&tail, 2), None);
        assert_eq!(after(&tail, 3), Some(vec![4, 5]));
        let small = TailLimits { messages: 100, bytes: 1 };
        let read = tail.read(EPOCH, 3, small);
        assert!(matches!(read, TailRead::Entries(entries) if entries.len() == 1));
    }
}
