//! The log that all nodes share: appended to at once, committed in groups, read as far as it is committed.

use std::collections::VecDeque;

use everlink_engine::Epoch;
use everlink_engine::server::{Bounds, LastStored, OriginVerdict, Refusals, judge_origin};

use super::broken::Broken;

/// A message in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) producer: u32,
    pub(super) sequence: u64,
    pub(super) payload: u64,
}

/// What is known of the producers.
type Producers = Vec<Producer>;

/// What is known of a producer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Producer {
    name: u32,
    last: LastStored,
    refusals: Refusals,
}

/// A message as it comes to the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    pub(super) entry: Entry,
    /// The producer's number before it.
    pub(super) before: u64,
    /// Its publisher has the answers to all numbers before it.
    pub(super) first: bool,
    /// It is refused for good, with this code.
    pub(super) refused: Option<u32>,
}

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

    /// Appends unless it is known, or uses up the number of what is refused; `None` if there is no room
    /// to remember that.
    pub(super) fn append(&mut self, offer: Offer, broken: Option<Broken>) -> Option<OriginVerdict> {
        let Offer { entry, before, first, refused } = offer;
        let Entry { producer: name, sequence, .. } = entry;
        let place = self.producers.iter().position(|known| known.name == name);
        let known = place.map(|place| &mut self.producers[place]);
        if let Some(known) = known.filter(|_| first) {
            known.refusals.forget_before(sequence);
        }
        let known = place.map(|place| self.producers[place].clone());
        let last = known.as_ref().map(|known| known.last);
        let mut refusals = known.map(|known| known.refusals).unwrap_or_default();
        let verdict = match broken {
            Some(Broken::Dedupe) if refused.is_none() => OriginVerdict::Append,
            _ => judge_origin(last, &refusals, sequence, before),
        };
        if verdict != OriginVerdict::Append {
            return Some(verdict);
        }
        let offset = match refused {
            None => {
                self.entries.push_back(entry);
                self.first + self.entries.len() as u64 - 1
            }
            Some(_) if broken == Some(Broken::Refusals) => last.map_or(0, |last| last.offset),
            Some(code) if refusals.add(sequence, before, code) => {
                last.map_or(0, |last| last.offset)
            }
            Some(_) => return None,
        };
        let producer = Producer { name, last: LastStored { sequence, offset }, refusals };
        match place {
            Some(place) => self.producers[place] = producer,
            None => self.producers.push(producer),
        }
        Some(verdict)
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
