//! The streams of one connection, and whose event comes next.

use crate::fake::market::{Market, Stream};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// The streams of one connection.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    streams: BTreeSet<Stream>,
    /// One entry for each stream.
    queue: BinaryHeap<Reverse<Next>>,
}

/// The next event of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Next {
    pub(crate) due: u64,
    pub(crate) stream: Stream,
    pub(crate) number: u64,
}

impl Subscriptions {
    /// Adds a stream, from its next event on; one that is there already stays as it is.
    pub(crate) fn add(&mut self, market: &Market, stream: Stream, now: u64) {
        if !self.streams.insert(stream) {
            return;
        }
        let number = market.newest(stream, now) + 1;
        let due = market.due(stream, number);
        self.queue.push(Reverse(Next { due, stream, number }));
    }

    pub(crate) fn remove(&mut self, stream: Stream) {
        if self.streams.remove(&stream) {
            self.queue.retain(|Reverse(next)| next.stream != stream);
        }
    }

    /// Returns how many there would be with these too.
    pub(crate) fn len_with(&self, more: &[Stream]) -> usize {
        let mut more: Vec<_> =
            more.iter().filter(|stream| !self.streams.contains(*stream)).collect();
        more.sort_unstable();
        more.dedup();
        self.streams.len() + more.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Stream> {
        self.streams.iter().copied()
    }

    /// Takes the next event that is due, and puts the one after it in its place.
    pub(crate) fn take(&mut self, market: &Market, now: u64) -> Option<Next> {
        let Reverse(next) = *self.queue.peek()?;
        if next.due > now {
            return None;
        }
        self.queue.pop();
        let number = next.number + 1;
        let due = market.due(next.stream, number);
        self.queue.push(Reverse(Next { due, number, ..next }));
        Some(next)
    }

    /// Returns when the next event is due.
    pub(crate) fn due(&self) -> Option<u64> {
        self.queue.peek().map(|Reverse(next)| next.due)
    }
}
