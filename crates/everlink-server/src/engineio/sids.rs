//! The sessions of an endpoint that began by polling.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;

use super::polls::Polls;
use crate::speech::Name;

/// The sessions of an endpoint that began by polling, by their `sid`. One that began by a WebSocket is not
/// there: no other request can be for it.
#[derive(Default)]
pub(super) struct Sids {
    polls: DashMap<Name, Arc<Polls>>,
    polling: Arc<AtomicUsize>,
}

/// A place among those that poll; given back when dropped.
pub(super) struct Place(Arc<AtomicUsize>);

impl Sids {
    /// Takes a place for one that polls, where there is one: no socket bounds how many there are.
    pub(super) fn place(&self, max: usize) -> Option<Place> {
        // Dropped again if it was one too many.
        let place = Place(Arc::clone(&self.polling));
        (self.polling.fetch_add(1, Ordering::Relaxed) < max).then_some(place)
    }

    pub(super) fn insert(&self, sid: Name, polls: Arc<Polls>) {
        self.polls.insert(sid, polls);
    }

    pub(super) fn find(&self, sid: &str) -> Option<Arc<Polls>> {
        self.polls.get(sid).map(|polls| Arc::clone(&polls))
    }

    pub(super) fn remove(&self, sid: &str) {
        self.polls.remove(sid);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_so_many_places_and_no_more() {
        let sids = Sids::default();
        let (one, two) = (sids.place(2), sids.place(2));
        assert!(one.is_some() && two.is_some());
        assert!(sids.place(2).is_none() && sids.place(2).is_none());
        drop(two);
        assert!(sids.place(2).is_some(), "given back at once, since nobody holds it");
        assert!(sids.place(2).is_some());
    }
}
