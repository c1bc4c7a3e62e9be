//! The log of one channel, with a bounded history.

use std::collections::VecDeque;

use everlink_engine::{Epoch, Origin, ProducerId};

/// A stored message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) origin: Origin,
    pub(crate) payload: u64,
}

/// What an append came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Appended {
    /// Stored as the last record.
    New,
    /// The producer's last number is this high already.
    Known,
    /// A number before it is missing.
    Hole,
}

/// The log of one channel.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    pub(crate) epoch: Epoch,
    records: VecDeque<Record>,
    /// The offset of the first record that is kept.
    first: u64,
    /// How many of the records are durable, and so visible and acknowledged.
    durable: usize,
    /// The last number of each producer, with its offset.
    producers: Vec<(ProducerId, u64, u64)>,
    /// The same, as of the last time that everything was safe.
    durable_producers: Vec<(ProducerId, u64, u64)>,
    history_max: usize,
}

impl Log {
    pub(crate) fn new(epoch: Epoch, history_max: usize) -> Self {
        Self {
            epoch,
            records: VecDeque::new(),
            first: 1,
            durable: 0,
            producers: Vec::new(),
            durable_producers: Vec::new(),
            history_max,
        }
    }

    /// Appends unless it is known; `before` is the producer's number before it.
    pub(crate) fn append(&mut self, record: Record, before: u64) -> Appended {
        let Origin { producer, sequence } = record.origin;
        let offset = self.first + self.records.len() as u64;
        match self.producers.iter_mut().find(|(known, ..)| *known == producer) {
            Some((_, last, _)) if sequence <= *last => return Appended::Known,
            Some((_, last, _)) if before > *last => return Appended::Hole,
            Some((_, last, at)) => (*last, *at) = (sequence, offset),
            None => self.producers.push((producer, sequence, offset)),
        }
        self.records.push_back(record);
        Appended::New
    }

    /// A number is used up by a refusal; like a record, that is safe only once it is durable.
    pub(crate) fn skip(&mut self, origin: Origin) {
        let Origin { producer, sequence } = origin;
        match self.producers.iter_mut().find(|(known, ..)| *known == producer) {
            Some((_, last, _)) => *last = sequence.max(*last),
            None => self.producers.push((producer, sequence, 0)),
        }
    }

    /// Returns the last number of a producer and its offset.
    pub(crate) fn last_of(&self, producer: ProducerId) -> Option<(u64, u64)> {
        let of = |(known, ..): &&(ProducerId, u64, u64)| *known == producer;
        self.producers.iter().find(of).map(|(_, last, at)| (*last, *at))
    }

    /// Everything appended is safe now: hands it to `each`; what exceeds the history expires.
    pub(crate) fn make_durable(&mut self, each: impl FnMut(&Record)) {
        self.records.iter().skip(self.durable).for_each(each);
        self.durable = self.records.len();
        self.durable_producers.clone_from(&self.producers);
        while self.records.len() > self.history_max {
            self.drop_first();
        }
    }

    /// What was not yet safe is gone: the crash of a process with a durable log.
    pub(crate) fn lose_tail(&mut self) {
        self.records.truncate(self.durable);
        self.producers.clone_from(&self.durable_producers);
    }

    /// The older half of the history expires.
    pub(crate) fn expire(&mut self) {
        for _ in 0..self.durable / 2 {
            self.drop_first();
        }
    }

    /// The last offset that is visible.
    pub(crate) fn head(&self) -> u64 {
        self.first + self.durable as u64 - 1
    }

    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    pub(crate) fn has_pending(&self) -> bool {
        self.durable < self.records.len() || self.durable_producers != self.producers
    }

    pub(crate) fn get(&self, offset: u64) -> Option<Record> {
        let at = offset.checked_sub(self.first)? as usize;
        self.records.get(at).copied()
    }

    fn drop_first(&mut self) {
        if self.records.pop_front().is_some() {
            self.first += 1;
            self.durable = self.durable.saturating_sub(1);
        }
    }
}
