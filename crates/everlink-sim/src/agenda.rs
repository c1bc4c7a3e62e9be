//! The one heap of everything that will happen.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use everlink_engine::TransportId;

/// What is due at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// The first frame on its way to the peer arrives.
    Up(TransportId),
    /// The first frame on its way to the client arrives.
    Down(TransportId),
    /// A dial is answered.
    Answered(TransportId),
    /// The peer notices that a connection is gone.
    PeerLost(TransportId),
    /// The operating system takes what was transmitted.
    Write(TransportId),
    /// A peer drops a connection that it accepted only to drop it.
    Flap(TransportId),
    /// The peer's own work; the number is the peer's.
    Peer(u32),
    /// The application does something.
    App,
    /// The way back is open again.
    Heal,
    /// The weather changes.
    Weather,
    /// The client reads again after a pause.
    ReadOn(TransportId),
    /// The client wakes up.
    Wake,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry<D> {
    at: u64,
    order: u64,
    due: D,
}

/// Events in the order of time, and of entry at the same time.
#[derive(Clone, Debug)]
pub(crate) struct Agenda<D> {
    heap: BinaryHeap<Reverse<Entry<D>>>,
    entered: u64,
}

impl<D: Ord> Default for Agenda<D> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), entered: 0 }
    }
}

impl<D: Ord> Agenda<D> {
    pub(crate) fn enter(&mut self, at: u64, due: D) {
        self.entered += 1;
        self.heap.push(Reverse(Entry { at, order: self.entered, due }));
    }

    pub(crate) fn next_at(&self) -> Option<u64> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    pub(crate) fn take(&mut self) -> Option<D> {
        self.heap.pop().map(|Reverse(entry)| entry.due)
    }
}
