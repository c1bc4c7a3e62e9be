//! A channel of `everlink.v1`: its log, read without a loss.

mod builder;
mod history;
mod message;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use everlink_engine::{ChannelId, Cursor, Input, SendPolicy};
use futures_util::Stream;
use std::future::poll_fn;

pub use builder::{ChannelBuilder, Start};
pub use history::{HistoryError, HistoryPage};
pub use message::{ChannelEvent, LogMessage};

use super::error::SendError;
use super::payload::Payload;
use super::publish::{Ack, publish};
use super::ticket::Ticket;
use crate::driver::{Arrival, Mark, Reader, Shared};

/// One channel of `everlink.v1`: a [`Stream`] of [`ChannelEvent`]s, across every reconnect.
///
/// Nothing is dropped here. When more comes than is taken, the channel is given up for the moment
/// and read on from where it was once half of what waits is taken; other channels and the heartbeat
/// go on meanwhile. The server's log keeps what was not sent. Only volatile values are lost then.
///
/// # What is handled
///
/// By default an item counts as handled when the next one is asked for: when the loop that handles
/// them comes round. With [`ChannelBuilder::manual_ack`] it is handled when
/// [`LogMessage::ack`] or [`ack`](Self::ack) says so. With a store of cursors
/// ([`ClientBuilder::cursors`](crate::ClientBuilder::cursors)) the next run goes on behind what was
/// handled: what was delivered and not handled comes again, with the same offset and name.
///
/// Dropping it gives the channel up. It is no handle of the client.
#[derive(Debug)]
pub struct Channel {
    shared: Arc<Shared>,
    id: ChannelId,
    reader: Arc<Reader>,
    is_manual: bool,
    /// What the application has in its hands.
    taken: Option<Mark>,
}

impl Channel {
    pub(crate) fn new(
        shared: Arc<Shared>,
        id: ChannelId,
        reader: Arc<Reader>,
        is_manual: bool,
    ) -> Self {
        Self { shared, id, reader, is_manual, taken: None }
    }

    /// Returns the channel's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.reader.name
    }

    /// Returns what comes next; `None` once nothing is left and the client was closed or gave up.
    ///
    /// Unless acknowledged by hand, what was returned before counts as handled now.
    ///
    /// # Cancel safety
    ///
    /// Cancelling loses nothing.
    pub async fn next(&mut self) -> Option<ChannelEvent> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// Returns the next message, and passes over everything else: gaps too. For an application that
    /// has no use for them; the others use [`next`](Self::next).
    ///
    /// # Cancel safety
    ///
    /// Cancelling loses no message.
    pub async fn next_message(&mut self) -> Option<LogMessage> {
        loop {
            if let ChannelEvent::Message(message) = self.next().await? {
                return Some(message);
            }
        }
    }

    /// Says that everything up to an offset is handled, in the life of the log that came last.
    ///
    /// # Errors
    ///
    /// [`AckError`] if nothing of that offset was delivered yet.
    pub fn ack(&self, offset: u64) -> Result<(), AckError> {
        let acked = self.reader.handled_through(offset);
        acked.map_err(|delivered| AckError { offset, delivered })
    }

    /// Returns how far the channel is handled; `None` before anything is.
    #[must_use]
    pub fn handled(&self) -> Option<Cursor> {
        self.reader.cursor()
    }

    /// Publishes a message to this channel; see [`Client::publish`](crate::Client::publish).
    ///
    /// # Errors
    ///
    /// [`SendError`] if the message was not taken.
    ///
    /// # Cancel safety
    ///
    /// As [`Client::publish`](crate::Client::publish).
    pub async fn publish(&self, payload: impl Into<Payload>) -> Result<Ack, SendError> {
        publish(&self.shared, self.name(), payload.into(), SendPolicy::Configured).await
    }

    /// Sends a value beside the log, such as typing: now or not at all, never repeated.
    ///
    /// # Errors
    ///
    /// [`SendError`] if it cannot be said. That it was not sent because there is no connection is no
    /// error: the [`Ticket`] says so.
    pub fn volatile(&self, key: &str, payload: impl Into<Payload>) -> Result<Ticket, SendError> {
        self.shared.volatile(self.name(), key, payload.into())
    }

    /// Returns the last value of a kind, if the server has sent one.
    #[must_use]
    pub fn retained(&self, key: &str) -> Option<Payload> {
        self.reader.retained(key)
    }

    /// Asks for a page of the channel's history; see [`Client::history`](crate::Client::history).
    ///
    /// # Errors
    ///
    /// [`HistoryError`] says why there is none.
    ///
    /// # Cancel safety
    ///
    /// Cancelling only stops waiting.
    pub async fn history(&self, after: u64, limit: u32) -> Result<HistoryPage, HistoryError> {
        self.shared.history(self.name(), after, limit).await
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<ChannelEvent>> {
        if let Some(mark) = self.taken.take() {
            self.reader.handled(mark);
        }
        let arrival = std::task::ready!(self.reader.queue.poll_pop(cx));
        Poll::Ready(arrival.map(|arrival| {
            let Arrival { mut event, mark } = arrival;
            self.taken = mark.filter(|_| !self.is_manual);
            if let (ChannelEvent::Message(message), Some(mark)) = (&mut event, mark) {
                message.handle = Some((Arc::clone(&self.reader), mark));
            }
            event
        }))
    }
}

impl Stream for Channel {
    type Item = ChannelEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ChannelEvent>> {
        self.poll_event(cx)
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if state.forget_reader(self.id) {
            let given_up = state.input(Input::Unsubscribe { channel: self.id });
            debug_assert!(given_up.is_ok(), "only sends and subscriptions can fail");
            drop(state);
            self.shared.waker.wake();
        }
    }
}

/// An acknowledgement of something that was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("offset {offset} was not delivered yet; accepted: up to {delivered}")]
#[non_exhaustive]
pub struct AckError {
    /// The offset given.
    pub offset: u64,
    /// The last offset that was delivered; 0 if none was.
    pub delivered: u64,
}
