//! The other half of rule 1: a message that was refused is never acknowledged.

use alloc::vec::Vec;

/// Numbers of a producer in a channel that were refused, each with its code.
///
/// A `nack` can be lost with its connection. Its message is sent again then, and its number is used up:
/// without this it would count as stored. What is remembered is bounded: numbers in a row with the same
/// code are one entry, and entries go as soon as the client shows that it has their answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Refusals {
    /// By number, without overlap.
    entries: Vec<RefusedNumbers>,
}

/// Numbers in a row that were refused with one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RefusedNumbers {
    /// The first of them.
    pub first: u64,
    /// The last of them.
    pub last: u64,
    /// Why, as a `nack` says it.
    pub code: u32,
}

impl Refusals {
    /// The most entries of a producer in a channel.
    pub const ENTRIES_MAX: usize = 256;

    /// Nothing was refused.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Makes them of entries that were written down; `None` if they are not in order or too many.
    #[must_use]
    pub fn from_entries(entries: Vec<RefusedNumbers>) -> Option<Self> {
        let is_sound = |entry: &RefusedNumbers| entry.first > 0 && entry.first <= entry.last;
        let in_order = entries.windows(2).all(|pair| pair[0].last < pair[1].first);
        let sound = entries.len() <= Self::ENTRIES_MAX && entries.iter().all(is_sound) && in_order;
        sound.then_some(Self { entries })
    }

    /// Remembers a number above all that are remembered. `before` is the producer's number before it:
    /// those between were dropped by policy. Returns whether there was room.
    #[must_use]
    pub fn add(&mut self, sequence: u64, before: u64, code: u32) -> bool {
        if let Some(newest) = self.entries.last_mut()
            && newest.code == code
            && (newest.first..=newest.last).contains(&before)
        {
            newest.last = newest.last.max(sequence);
            return true;
        }
        if self.entries.len() >= Self::ENTRIES_MAX {
            return false;
        }
        self.entries.push(RefusedNumbers { first: sequence, last: sequence, code });
        true
    }

    /// Returns why a number was refused, if it was.
    #[must_use]
    pub fn find(&self, sequence: u64) -> Option<u32> {
        let at = self.entries.partition_point(|entry| entry.last < sequence);
        let entry = self.entries.get(at)?;
        (entry.first <= sequence).then_some(entry.code)
    }

    /// The client has the answers to all numbers before this one; returns whether that changed anything.
    pub fn forget_before(&mut self, sequence: u64) -> bool {
        let known = self.entries.partition_point(|entry| entry.last < sequence);
        self.entries.drain(..known);
        let cut = self.entries.first_mut().filter(|entry| entry.first < sequence);
        let is_cut = cut.is_some();
        if let Some(entry) = cut {
            entry.first = sequence;
        }
        if self.entries.is_empty() {
            self.entries = Vec::new();
        }
        is_cut || known > 0
    }

    /// Returns what is remembered, by number.
    #[must_use]
    pub fn entries(&self) -> &[RefusedNumbers] {
        &self.entries
    }

    /// Returns whether there may be no room for another one.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.entries.len() >= Self::ENTRIES_MAX
    }

    /// Returns whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
