//! The events of all connections of a pool, in one stream.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};

use futures_util::Stream;

use crate::client::Event;
use crate::driver::{Queue, Tap};

/// Something that happened to one of a pool's connections.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PoolEvent {
    /// The connection's name, as in logs and metrics; empty for [`Event::Lagged`], which is about the
    /// receiver.
    pub connection: Arc<str>,
    /// What happened.
    pub event: Event,
}

/// The events of all connections of a pool, from when this was made on.
///
/// At most [`EVENTS_MAX`](Self::EVENTS_MAX) wait to be taken; a receiver that is slower misses the
/// oldest, and is told so by [`Event::Lagged`]. No connection waits for it.
#[derive(Debug)]
pub struct PoolEvents(Arc<Line>);

/// What waits for one receiver.
#[derive(Debug)]
struct Line {
    queue: Queue<PoolEvent>,
    missed: AtomicU64,
}

/// Who listens to the events of a pool.
#[derive(Debug, Default)]
pub(super) struct Hub {
    lines: Mutex<Vec<Weak<Line>>>,
}

impl Hub {
    pub(super) fn listen(&self) -> PoolEvents {
        let queue = Queue::new(PoolEvents::EVENTS_MAX, Arc::default());
        let line = Arc::new(Line { queue, missed: AtomicU64::new(0) });
        self.with(|lines| {
            lines.retain(|line| line.strong_count() > 0);
            lines.push(Arc::downgrade(&line));
        });
        PoolEvents(line)
    }

    /// Returns what hands on the events of a connection.
    pub(super) fn tap(self: &Arc<Self>, connection: Arc<str>) -> Tap {
        let hub = Arc::clone(self);
        Tap::new(move |event| hub.tell(&connection, event))
    }

    /// No more events will come.
    pub(super) fn end(&self) {
        let lines = self.with(std::mem::take);
        for line in lines.iter().filter_map(Weak::upgrade) {
            line.queue.set_closed(true);
        }
    }

    fn tell(&self, connection: &Arc<str>, event: &Event) {
        let lines: Vec<_> = self.with(|lines| lines.iter().filter_map(Weak::upgrade).collect());
        for line in lines {
            let told = PoolEvent { connection: Arc::clone(connection), event: event.clone() };
            if line.queue.push_over(told).is_some() {
                line.missed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Vec<Weak<Line>>) -> T) -> T {
        act(&mut self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl PoolEvents {
    /// How many events wait for a slow receiver.
    pub const EVENTS_MAX: usize = 4096;

    /// Returns the next event; `None` once the pool is closed or dropped and nothing is left.
    ///
    /// # Cancel safety
    ///
    /// Cancelling loses nothing.
    pub async fn next(&mut self) -> Option<PoolEvent> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// Returns an event if one is there.
    #[must_use]
    pub fn try_next(&mut self) -> Option<PoolEvent> {
        self.lagged().or_else(|| self.0.queue.try_pop())
    }

    fn poll_event(&self, cx: &mut Context<'_>) -> Poll<Option<PoolEvent>> {
        match self.lagged() {
            Some(lagged) => Poll::Ready(Some(lagged)),
            None => self.0.queue.poll_pop(cx),
        }
    }

    fn lagged(&self) -> Option<PoolEvent> {
        let missed = self.0.missed.swap(0, Ordering::Relaxed);
        let event = Event::Lagged { missed };
        (missed > 0).then(|| PoolEvent { connection: "".into(), event })
    }
}

impl Stream for PoolEvents {
    type Item = PoolEvent;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<PoolEvent>> {
        self.poll_event(cx)
    }
}
