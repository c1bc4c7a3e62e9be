//! Messages for the logs of channels.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use everlink_engine::{MessageId, SendPolicy};

use super::channel::{ChannelBuilder, HistoryError, HistoryPage};
use super::error::SendError;
use super::handle::Client;
use super::payload::Payload;
use super::ticket::{Delivery, Dropped, Ticket};
use crate::driver::Shared;

impl Client {
    /// Publishes a message to a channel's log (`everlink.v1`); if the outbox is full, as the setting
    /// `overflow` says.
    ///
    /// When this returns, the message is numbered and in the outbox, on disk if that is durable: it
    /// will be stored once, in the order of these calls for each channel, whatever happens to the
    /// connection. The [`Ack`] tells when it is, and may be ignored.
    ///
    /// # Errors
    ///
    /// [`SendError`] if the message was not taken.
    ///
    /// # Cancel safety
    ///
    /// A cancelled publish has not taken the message; one that returned has taken it whole.
    pub async fn publish(
        &self,
        channel: &str,
        payload: impl Into<Payload>,
    ) -> Result<Ack, SendError> {
        self.publish_with(channel, payload, SendPolicy::Configured).await
    }

    /// Publishes a message with its own policy. [`SendPolicy::Volatile`] is none that a log knows:
    /// see [`volatile`](Self::volatile).
    ///
    /// # Errors
    ///
    /// [`SendError`] if the message was not taken.
    ///
    /// # Cancel safety
    ///
    /// As [`publish`](Self::publish).
    pub async fn publish_with(
        &self,
        channel: &str,
        payload: impl Into<Payload>,
        policy: SendPolicy,
    ) -> Result<Ack, SendError> {
        publish(self.shared(), channel, payload.into(), policy).await
    }

    /// Sends a value beside a channel's log, such as typing: now or not at all, never repeated.
    ///
    /// # Errors
    ///
    /// [`SendError`] if it cannot be said. That it was not sent because there is no connection is no
    /// error: the [`Ticket`] says so.
    pub fn volatile(
        &self,
        channel: &str,
        key: &str,
        payload: impl Into<Payload>,
    ) -> Result<Ticket, SendError> {
        self.shared().volatile(channel, key, payload.into())
    }

    /// Describes how a channel's log is to be read (`everlink.v1`).
    pub fn channel(&self, name: &str) -> ChannelBuilder {
        ChannelBuilder::new(Arc::clone(self.shared()), name)
    }

    /// Asks for a page of a channel's history: at most `limit` messages behind the offset `after`; 0
    /// is the beginning. The channel need not be read.
    ///
    /// # Errors
    ///
    /// [`HistoryError`] says why there is none. A question does not survive its connection.
    ///
    /// # Cancel safety
    ///
    /// Cancelling only stops waiting.
    pub async fn history(
        &self,
        channel: &str,
        after: u64,
        limit: u32,
    ) -> Result<HistoryPage, HistoryError> {
        self.shared().history(channel, after, limit).await
    }
}

pub(super) async fn publish(
    shared: &Arc<Shared>,
    channel: &str,
    payload: Payload,
    policy: SendPolicy,
) -> Result<Ack, SendError> {
    shared.check_published(channel, &payload)?;
    if shared.is_durable && policy != SendPolicy::Volatile {
        return shared.publish_stored(channel, payload, policy).await.map(Ack);
    }
    let waits = matches!(policy, SendPolicy::Configured | SendPolicy::Wait);
    let mut turn = if waits && shared.has_line() { Some(shared.line_up().await) } else { None };
    loop {
        match shared.publish(channel, &payload, policy) {
            Err(error) if error.waits_for_room() => match &turn {
                None if waits => turn = Some(shared.line_up().await),
                Some(_) | None => shared.outlets.room.notified().await,
            },
            result => return result.map(Ack),
        }
    }
}

/// The acknowledgement of one published message: a future that may be ignored.
///
/// # Cancel safety
///
/// It can be polled, dropped and polled again at will; the message goes its way regardless, unless it is
/// [withdrawn](Self::withdraw).
pub struct Ack(Ticket);

/// A message is in its channel's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Stored {
    /// The offset up to which the acknowledgement reaches: the message's own, or a later one of ours
    /// if several were acknowledged together. `None` where the server does not know it any more, as
    /// for a message that was sent again when later ones of ours were stored already.
    pub offset: Option<u64>,
}

/// A message that will not be in its channel's log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The server refused it for good.
    #[error("the server refused the message with code {code}: {why}")]
    #[non_exhaustive]
    Refused {
        /// The server's code.
        code: u32,
        /// The server's words; empty if it used none.
        why: Arc<str>,
    },
    /// It was dropped by its policy before it was sent, or withdrawn.
    #[error("dropped before it was sent: {why}")]
    #[non_exhaustive]
    Dropped {
        /// Why.
        why: Dropped,
    },
    /// The client was closed before the acknowledgement came. A durable outbox keeps it; without one
    /// it may or may not be stored.
    #[error("the client was closed before the message was acknowledged")]
    Closed,
}

impl Ack {
    /// Returns the message's number, which events such as
    /// [`Event::MaybeDoubled`](crate::Event::MaybeDoubled) name.
    #[must_use]
    pub fn id(&self) -> MessageId {
        self.0.id()
    }

    /// Takes the message back if it was never handed to a connection: then it ends as
    /// [`PublishError::Dropped`] with [`Dropped::Withdrawn`]. Any other message goes its way.
    pub fn withdraw(&self) {
        self.0.withdraw();
    }
}

impl Future for Ack {
    type Output = Result<Stored, PublishError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let delivery = std::task::ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(match delivery {
            Delivery::Acknowledged { offset } => {
                Ok(Stored { offset: (offset > 0).then_some(offset) })
            }
            Delivery::Dropped { why: Dropped::Refused { code } } => {
                Err(PublishError::Refused { code, why: self.0.words() })
            }
            // What is only written is not published; no dialect with logs says so.
            Delivery::Written | Delivery::Dropped { why: Dropped::Cleared } => {
                Err(PublishError::Closed)
            }
            Delivery::Dropped { why } => Err(PublishError::Dropped { why }),
        })
    }
}

impl fmt::Debug for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ack").field(&self.0.id().0).finish()
    }
}
