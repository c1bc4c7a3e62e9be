//! A bounded queue from the connection to the application.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::task::AtomicWaker;

/// Messages that the application has not taken yet.
///
/// Taking is cancel-safe because nothing is taken before it is handed out. Several takers share
/// the messages; each message goes to one of them.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    inner: Mutex<Inner<T>>,
    capacity: usize,
    /// Woken when there is room again, for a producer that paused.
    producer: Arc<AtomicWaker>,
}

#[derive(Debug)]
struct Inner<T> {
    items: VecDeque<T>,
    takers: Vec<Waker>,
    closed: bool,
    paused: bool,
}

impl<T> Queue<T> {
    pub(crate) fn new(capacity: usize, producer: Arc<AtomicWaker>) -> Self {
        let inner =
            Inner { items: VecDeque::new(), takers: Vec::new(), closed: false, paused: false };
        Self { inner: Mutex::new(inner), capacity, producer }
    }

    /// Appends, beyond the capacity too: the producer asks for [`Self::room`] before it makes more.
    pub(crate) fn push(&self, item: T) {
        let mut inner = self.lock();
        inner.items.push_back(item);
        wake(inner);
    }

    /// Appends; a full queue loses its oldest item, which is returned.
    pub(crate) fn push_over(&self, item: T) -> Option<T> {
        let mut inner = self.lock();
        let full = inner.items.len() >= self.capacity;
        let oldest = if full { inner.items.pop_front() } else { None };
        inner.items.push_back(item);
        wake(inner);
        oldest
    }

    /// Returns how many more fit; if none, the producer is woken when half of it is free.
    pub(crate) fn room(&self) -> usize {
        let mut inner = self.lock();
        let room = self.capacity.saturating_sub(inner.items.len());
        inner.paused = room == 0;
        room
    }

    /// Returns whether half of it is free.
    pub(crate) fn is_half_free(&self) -> bool {
        self.lock().items.len() <= self.capacity / 2
    }

    /// Says whether more can come; what is in the queue can still be taken.
    pub(crate) fn set_closed(&self, closed: bool) {
        let mut inner = self.lock();
        inner.closed = closed;
        wake(inner);
    }

    /// Takes the oldest item; `None` when nothing is left and nothing more can come.
    pub(crate) fn poll_pop(&self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut inner = self.lock();
        if let Some(item) = self.take(&mut inner) {
            return Poll::Ready(Some(item));
        }
        if inner.closed {
            return Poll::Ready(None);
        }
        if !inner.takers.iter().any(|taker| taker.will_wake(cx.waker())) {
            inner.takers.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Takes up to `limit` of the oldest items, in one go, and gives each to a function; returns how
    /// many. None are there only when nothing is left and nothing more can come, or `limit` is 0.
    pub(crate) fn poll_pop_many(
        &self,
        cx: &mut Context<'_>,
        limit: usize,
        mut give: impl FnMut(T),
    ) -> Poll<usize> {
        if limit == 0 {
            return Poll::Ready(0);
        }
        let Some(first) = std::task::ready!(self.poll_pop(cx)) else { return Poll::Ready(0) };
        give(first);
        let mut count = 1;
        let mut inner = self.lock();
        while count < limit
            && let Some(item) = self.take(&mut inner)
        {
            give(item);
            count += 1;
        }
        Poll::Ready(count)
    }

    /// Takes the oldest item if there is one.
    pub(crate) fn try_pop(&self) -> Option<T> {
        let mut inner = self.lock();
        self.take(&mut inner)
    }

    /// Gives back memory that is not needed now.
    pub(crate) fn rest(&self) {
        self.lock().items.shrink_to_fit();
    }

    fn take(&self, inner: &mut MutexGuard<'_, Inner<T>>) -> Option<T> {
        let item = inner.items.pop_front()?;
        if inner.paused && inner.items.len() <= self.capacity / 2 {
            inner.paused = false;
            self.producer.wake();
        }
        if inner.items.is_empty() && inner.items.capacity() > KEPT_ITEMS {
            inner.items.shrink_to(KEPT_ITEMS);
        }
        Some(item)
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes every taker, after the lock is given back: a waker is code of the application.
fn wake<T>(mut inner: MutexGuard<'_, Inner<T>>) {
    if inner.takers.is_empty() {
        return;
    }
    let mut takers = std::mem::take(&mut inner.takers);
    drop(inner);
    for taker in takers.drain(..) {
        taker.wake();
    }
}

/// An empty queue keeps memory for this many items.
const KEPT_ITEMS: usize = 256;

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::Queue;

    #[test]
    fn a_full_queue_wakes_its_producer_only_when_half_of_it_is_free() {
        let queue = Queue::new(4, Default::default());
        for item in 0..4 {
            assert_eq!(queue.room(), 4 - item);
            queue.push(item);
        }
        assert_eq!(queue.room(), 0);
        assert_eq!(queue.try_pop(), Some(0));
        assert!(queue.lock().paused);
        assert_eq!(queue.try_pop(), Some(1));
        assert!(!queue.lock().paused);
    }

    #[test]
    fn what_is_queued_can_be_taken_after_the_end() {
        let queue = Queue::new(2, Default::default());
        queue.push(1);
        queue.set_closed(true);
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(queue.poll_pop(&mut cx), Poll::Ready(Some(1)));
        assert_eq!(queue.poll_pop(&mut cx), Poll::Ready(None));
        queue.set_closed(false);
        assert_eq!(queue.poll_pop(&mut cx), Poll::Pending);
    }
}
