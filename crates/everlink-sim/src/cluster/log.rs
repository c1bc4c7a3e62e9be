//! The log that all nodes share: appended to at once, committed in groups, read as far as it is committed.

use std::collections::VecDeque;

use everlink_engine::Epoch;
use everlink_engine::server::{Bounds, LastStored, OriginVerdict, judge_origin};

use super::broken::Broken;

/// A message in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) producer: u32,
    pub(super) sequence: u64,
    pub(super) payload: u64,
}

/// What is known of the producers.
type Producers = Vec<(u32, LastStored)>;

/// The log of one channel.
#[derive(Clone, Debug)]
pub(super) struct Log {
    epoch: Epoch,
    entries: VecDeque<Entry>,
    /// The offset of the first entry that is kept.
    first: u64,
    /// How many of the entries are committed.
    committed: usize,
    producers: Producers,
    /// The same, as of the last commit.
    committed_producers: Producers,
}

impl Log {
    pub(super) fn new(epoch: Epoch) -> Self {
        Self {
            epoch,
            entries: VecDeque::new(),
            first: 1,
            committed: 0,
            producers: Vec::new(),
            committed_producers: Vec::new(),
        }
    }

    /// Appends unless it is known; `before` is the producer's number before it.
    pub(super) fn append(
        &mut self,
        entry: Entry,
        before: u64,
        broken: Option<Broken>,
    ) -> OriginVerdict {
        let offset = self.first + self.entries.len() as u64;
        let place = self.producers.iter().position(|(known, _)| *known == entry.producer);
        let last = place.map(|place| self.producers[place].1);
        let verdict = match broken {
            Some(Broken::Dedupe) => OriginVerdict::Append,
            _ => judge_origin(last, entry.sequence, before),
        };
        if verdict == OriginVerdict::Append {
            let last = LastStored { sequence: entry.sequence, offset };
            match place {
                Some(place) => self.producers[place].1 = last,
                None => self.producers.push((entry.producer, last)),
            }
            self.entries.push_back(entry);
        }
        verdict
    }

    /// A message was refused: its number is used up, if it is the producer's next.
    pub(super) fn skip(&mut self, producer: u32, sequence: u64, before: u64) -> OriginVerdict {
        let place = self.producers.iter().position(|(known, _)| *known == producer);
        let last = place.map(|place| self.producers[place].1);
        let verdict = judge_origin(last, sequence, before);
        if verdict == OriginVerdict::Append {
            let offset = last.map_or(0, |last| last.offset);
            let last = LastStored { sequence, offset };
            match place {
                Some(place) => self.producers[place].1 = last,
                None => self.producers.push((producer, last)),
            }
        }
        verdict
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.committed < self.entries.len() || self.committed_producers != self.producers
    }

    /// Makes everything safe; hands each entry that was not, with its offset, to `each`.
    pub(super) fn commit(&mut self, mut each: impl FnMut(u64, Entry)) {
        for (at, entry) in self.entries.iter().enumerate().skip(self.committed) {
            each(self.first + at as u64, *entry);
        }
        self.committed = self.entries.len();
        self.committed_producers.clone_from(&self.producers);
    }

    /// Drops what exceeds the history that is kept.
    pub(super) fn trim(&mut self, keep: usize) {
        while self.committed > keep && self.entries.pop_front().is_some() {
            self.first += 1;
            self.committed -= 1;
        }
    }

    pub(super) fn committed(&self) -> usize {
        self.committed
    }

    /// The process of the store died: what was not committed is gone.
    pub(super) fn lose_tail(&mut self) {
        self.entries.truncate(self.committed);
        self.producers.clone_from(&self.committed_producers);
    }

    /// The life and the bounds, as far as it is committed.
    pub(super) fn bounds(&self) -> Bounds {
        let head = self.first + self.committed as u64 - 1;
        Bounds { epoch: self.epoch, first: self.first, head }
    }

    /// The same with what is not committed: what no reader may see.
    pub(super) fn bounds_of_all(&self) -> Bounds {
        Bounds { head: self.first + self.entries.len() as u64 - 1, ..self.bounds() }
    }

    pub(super) fn get(&self, offset: u64) -> Option<Entry> {
        let at = offset.checked_sub(self.first)?;
        self.entries.get(at as usize).copied()
    }
}
