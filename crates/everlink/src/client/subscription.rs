//! The messages of one channel.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use everlink_engine::{ChannelId, Input};
use everlink_wire::Message;
use futures_util::Stream;

use crate::driver::{Route, Shared};

/// The messages of one channel: a [`Stream`], across every reconnect.
///
/// It holds at most `subscription_messages_max` messages; when more come than are taken, the oldest
/// are dropped, [`missed`](Self::missed) counts them, and
/// [`Event::SubscriberLagged`](crate::Event::SubscriberLagged) tells. So a subscriber that is slow, or
/// never comes back, harms neither the connection nor other channels.
///
/// Dropping the last subscription of a channel unsubscribes it.
#[derive(Debug)]
pub struct Subscription {
    shared: Arc<Shared>,
    id: ChannelId,
    channel: Arc<str>,
    route: Arc<Route>,
}

impl Subscription {
    pub(crate) fn new(
        shared: Arc<Shared>,
        id: ChannelId,
        channel: Arc<str>,
        route: Arc<Route>,
    ) -> Self {
        Self { shared, id, channel, route }
    }

    /// Returns the channel's name.
    #[must_use]
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// Returns the next message; `None` once nothing is left and the channel was unsubscribed, or
    /// the client was closed or gave up.
    ///
    /// # Cancel safety
    ///
    /// Cancelling loses no message.
    pub async fn next(&mut self) -> Option<Message> {
        poll_fn(|cx| self.poll_message(cx)).await
    }

    /// Waits for a message, and appends it and those that wait behind it to `buffer`, up to `limit`
    /// in all; returns how many. 0 is the `None` of [`next`](Self::next), unless `limit` is 0.
    ///
    /// # Cancel safety
    ///
    /// Cancelling loses no message.
    pub async fn next_many(&mut self, buffer: &mut Vec<Message>, limit: usize) -> usize {
        poll_fn(|cx| self.poll_next_many(cx, buffer, limit)).await
    }

    /// Polls for what [`next_many`](Self::next_many) waits for.
    pub fn poll_next_many(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<Message>,
        limit: usize,
    ) -> Poll<usize> {
        self.route.queue.poll_pop_many(cx, limit, |update| buffer.push(update.message))
    }

    /// Returns how many messages were dropped because they were not taken in time.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.route.missed.load(Ordering::Relaxed)
    }

    fn poll_message(&self, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        self.route.queue.poll_pop(cx).map(|update| update.map(|update| update.message))
    }
}

impl Stream for Subscription {
    type Item = Message;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        self.poll_message(cx)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if state.routes.remove(self.id, &self.route) && !state.is_read(self.id) {
            let given_up = state.input(Input::Unsubscribe { channel: self.id });
            debug_assert!(given_up.is_ok(), "only sends and subscriptions can fail");
            drop(state);
            self.shared.waker.wake();
        }
    }
}
