//! The feed itself.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use everlink_engine::ConnectionState;

use super::builder::FeedBuilder;
use super::sequence::Hole;
use super::updates::{Update, Updates};
use crate::client::{Info, NoRuntime};
use crate::pool::{Pool, PoolError, PoolEvents};

/// A function of the application that is told of holes.
pub(super) type OnHole = dyn Fn(&Hole) + Send + Sync;

/// Market data from an exchange, over as many connections as its streams need.
///
/// Streams are subscribed in batches within the exchange's rate, and again after each reconnect; one that
/// is refused is told once ([`Event::SubscriptionRejected`](crate::Event::SubscriptionRejected)) and not
/// asked for again. A connection is renewed before the exchange ends it, and at once when the exchange
/// says that it is about to go: the new one is subscribed before the old one is left, and what both bring
/// is handed out once. What a cut has swallowed nobody can bring back: where a stream is numbered, that
/// is an [`Update::Hole`], told once and in its place.
///
/// Dropping the feed closes all connections.
pub struct Feed {
    pool: Pool,
    updates: Mutex<Updates>,
    on_hole: Option<Arc<OnHole>>,
}

/// What a feed has counted so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeedStats {
    /// Messages that were handed out, or wait for that.
    pub messages: u64,
    /// Copies that were dropped because their number had been there; what the connections dropped
    /// themselves during a move is counted by [`Info`].
    pub copies: u64,
    /// Holes.
    pub holes: u64,
    /// Numbers missing in all holes together.
    pub missing: u64,
}

impl Feed {
    /// Starts to describe a feed of one URL, at which messages name their stream:
    /// `wss://stream.example.com/stream`.
    pub fn builder(url: impl Into<String>) -> FeedBuilder {
        FeedBuilder::new(url.into())
    }

    pub(super) fn new(pool: Pool, on_hole: Option<Arc<OnHole>>) -> Self {
        Self { pool, updates: Mutex::default(), on_hole }
    }

    /// Takes a stream, such as `btcusdt@trade`, until it is given up. One that is taken already is left as
    /// it is.
    ///
    /// # Errors
    ///
    /// [`PoolError`] if there is no room or the name cannot be used; nothing is changed.
    pub fn subscribe(&self, stream: &str) -> Result<(), PoolError> {
        self.pool.subscribe(stream)
    }

    /// Gives a stream up. Nothing happens if it is not taken.
    pub fn unsubscribe(&self, stream: &str) {
        self.pool.unsubscribe(stream);
        self.lock().tracker.forget(stream);
    }

    /// Says that everything of a stream up to a number is known from elsewhere, as from a snapshot of the
    /// depth: what comes with such a number is dropped, and a hole is told from there on.
    pub fn known_to(&self, stream: &str, number: u64) {
        self.lock().tracker.known_to(stream, number);
    }

    /// Returns the next update of any stream; `None` once the feed is closed and nothing is left.
    /// Several takers share the updates.
    ///
    /// # Cancel safety
    ///
    /// Cancelling loses nothing.
    pub async fn recv(&self) -> Option<Update> {
        let mut one = Vec::with_capacity(1);
        self.recv_many(&mut one, 1).await;
        one.pop()
    }

    /// Waits for an update of any stream, and appends it and those that wait behind it to `buffer`, up to
    /// `limit` in all; returns how many. 0 is the `None` of [`recv`](Self::recv), unless `limit` is 0.
    ///
    /// # Cancel safety
    ///
    /// Cancelling loses nothing.
    pub async fn recv_many(&self, buffer: &mut Vec<Update>, limit: usize) -> usize {
        poll_fn(|cx| self.poll_recv_many(cx, buffer, limit)).await
    }

    /// Polls for what [`recv_many`](Self::recv_many) waits for.
    pub fn poll_recv_many(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<Update>,
        limit: usize,
    ) -> Poll<usize> {
        if limit == 0 {
            return Poll::Ready(0);
        }
        let mut holes = Vec::new();
        let polled = self.poll_updates(cx, buffer, limit, &mut holes);
        for hole in &holes {
            self.tell(hole);
        }
        polled
    }

    /// Takes updates; one taker at a time, so that a stream keeps its order.
    fn poll_updates(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<Update>,
        limit: usize,
        holes: &mut Vec<Hole>,
    ) -> Poll<usize> {
        let mut updates = self.lock();
        let mut messages = Vec::new();
        loop {
            let count = updates.hand_out(buffer, limit);
            if count > 0 {
                return Poll::Ready(count);
            }
            if ready!(self.pool.poll_recv_many(cx, &mut messages, limit.min(BATCH_MAX))) == 0 {
                return Poll::Ready(0);
            }
            holes.append(&mut updates.take_in(&mut messages));
        }
    }

    /// Returns the events of all connections from now on: states, attempts, refused streams, moves.
    #[must_use]
    pub fn events(&self) -> PoolEvents {
        self.pool.events()
    }

    /// Returns the state of all connections together, of which the worst counts: while one of them tries
    /// to come back, it is [`Reconnecting`](ConnectionState::Reconnecting).
    #[must_use]
    pub fn state(&self) -> ConnectionState {
        self.pool.state()
    }

    /// Makes every connection anew at once, those that gave up included.
    ///
    /// # Errors
    ///
    /// [`NoRuntime`] outside of a tokio runtime.
    pub fn reconnect(&self) -> Result<(), NoRuntime> {
        self.pool.reconnect()
    }

    /// Returns what each connection is and has been.
    #[must_use]
    pub fn infos(&self) -> Vec<Info> {
        self.pool.infos()
    }

    /// Returns what was counted so far.
    #[must_use]
    pub fn stats(&self) -> FeedStats {
        let updates = self.lock();
        FeedStats {
            messages: updates.messages,
            copies: updates.copies,
            holes: updates.holes,
            missing: updates.missing,
        }
    }

    /// Returns the connections, for what a feed does not have itself.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Gives up every stream and closes every connection in an orderly way.
    ///
    /// # Cancel safety
    ///
    /// Cancelled, the rest goes on by itself.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    fn tell(&self, hole: &Hole) {
        let Some(on_hole) = &self.on_hole else { return };
        if catch_unwind(AssertUnwindSafe(|| on_hole(hole))).is_err() {
            tracing::error!(stream = %hole.stream, "the function that is told of holes panicked");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Updates> {
        self.updates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("pool", &self.pool).finish_non_exhaustive()
    }
}

/// Most messages that are judged in one go.
const BATCH_MAX: usize = 1024;
