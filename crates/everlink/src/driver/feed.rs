//! Who listens to the events of a client. Nobody, mostly: then events cost nothing.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::queue::Queue;
use crate::client::Event;

/// The listeners of one client.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    listeners: Vec<Arc<Listener>>,
    tap: Option<Tap>,
    ended: bool,
}

/// A listener's events wait in a queue of its own, which takes memory for what is in it only.
#[derive(Debug)]
pub(crate) struct Listener {
    queue: Queue<Event>,
    /// How many were dropped because they were not taken.
    missed: AtomicU64,
}

/// Hands events of this client on, without running code of others.
#[derive(Clone)]
pub(crate) struct Tap(Arc<dyn Fn(&Event) + Send + Sync>);

impl Tap {
    pub(crate) fn new(hand_on: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hand_on))
    }

    pub(crate) fn tell(&self, event: &Event) {
        (self.0)(event);
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}

impl Feed {
    /// Sets who is told of each event.
    pub(crate) fn tap(&mut self, tap: Option<Tap>) {
        self.tap = tap;
    }

    pub(crate) fn tapped(&self) -> Option<Tap> {
        self.tap.clone()
    }

    /// Adds a listener, who goes by dropping what this returns. At most `events_max` wait for it.
    pub(crate) fn listen(&mut self, events_max: usize) -> Arc<Listener> {
        let queue = Queue::new(events_max, Arc::default());
        queue.set_closed(self.ended);
        let listener = Arc::new(Listener { queue, missed: AtomicU64::new(0) });
        if !self.ended {
            self.forget_gone();
            self.listeners.push(Arc::clone(&listener));
        }
        listener
    }

    /// Returns those who listen now.
    pub(crate) fn listeners(&mut self) -> Vec<Arc<Listener>> {
        self.forget_gone();
        self.listeners.clone()
    }

    /// There will be no more events.
    pub(crate) fn end(&mut self) {
        self.ended = true;
        for listener in self.listeners.drain(..) {
            listener.queue.set_closed(true);
        }
    }

    fn forget_gone(&mut self) {
        self.listeners.retain(|listener| Arc::strong_count(listener) > 1);
    }
}

impl Listener {
    /// Tells of an event; if too many wait, the oldest is dropped.
    pub(crate) fn tell(&self, event: Event) {
        if self.queue.push_over(event).is_some() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns the next event, or word of those that were dropped; `None` at the end.
    pub(crate) async fn next(&self) -> Option<Event> {
        match self.missed.swap(0, Ordering::Relaxed) {
            0 => poll_fn(|cx| self.queue.poll_pop(cx)).await,
            missed => Some(Event::Lagged { missed }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Feed;
    use crate::client::Event;

    #[tokio::test]
    async fn a_slow_listener_is_told_what_it_missed_and_others_miss_nothing() {
        let mut feed = Feed::default();
        let (slow, quick) = (feed.listen(2), feed.listen(8));
        for listener in feed.listeners() {
            for missed in 1..=3 {
                listener.tell(Event::Lagged { missed });
            }
        }
        feed.end();
        let mut seen = Vec::new();
        while let Some(event) = slow.next().await {
            seen.push(event);
        }
        assert_eq!(seen, [1, 2, 3].map(|missed| Event::Lagged { missed }));
        assert_eq!(quick.next().await, Some(Event::Lagged { missed: 1 }));
        assert_eq!(feed.listen(1).next().await, None);
    }

    #[test]
    fn a_listener_that_is_gone_is_forgotten() {
        let mut feed = Feed::default();
        let kept = feed.listen(1);
        drop(feed.listen(1));
        assert_eq!(feed.listeners().len(), 1);
        drop(kept);
        assert_eq!(feed.listeners().len(), 0);
    }
}
