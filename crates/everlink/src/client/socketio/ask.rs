//! Answers to our events, and what can go wrong.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use everlink_engine::MessageId;

use super::args::EventArgs;
use super::emit::Emit;
use crate::client::error::SendError;
use crate::client::handle::Client;
use crate::client::publish::PublishError;
use crate::client::ticket::{Delivery, Dropped, Ticket};
use crate::driver::Shared;

/// The answer to one event: a future that may be ignored.
///
/// It waits as long as the server takes, across every reconnect; `tokio::time::timeout` bounds it, which
/// takes nothing back.
///
/// # Cancel safety
///
/// It can be polled, dropped and polled again at will; the event goes its way regardless.
pub struct Answer {
    ticket: Ticket,
    shared: Arc<Shared>,
}

/// An event that was not taken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// The client did not take it.
    #[error(transparent)]
    NotTaken(#[from] SendError),
    /// The list or an argument is no JSON, or cannot be said in it.
    #[error("not JSON: {why}")]
    #[non_exhaustive]
    NotJson {
        /// Why.
        why: String,
    },
    /// The name is one that libraries keep for themselves.
    #[error(
        "event `{event}` is reserved; accepted: any name but connect, connect_error, disconnect, \
         disconnecting, newListener and removeListener"
    )]
    #[non_exhaustive]
    Reserved {
        /// The name.
        event: String,
    },
    /// Too many arguments of bytes.
    #[error("{given} attachments; accepted: up to {}", Emit::ATTACHMENTS_MAX)]
    #[non_exhaustive]
    TooManyAttachments {
        /// How many.
        given: usize,
    },
}

impl EmitError {
    /// Says that something is no JSON.
    #[must_use]
    pub fn not_json(error: &serde_json::Error) -> Self {
        Self::NotJson { why: error.to_string() }
    }
}

/// An answer that was not taken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The session in which it was asked is over; in the present one its number means something else.
    #[error("the session in which this was asked is over")]
    SessionOver,
    /// It cannot be said.
    #[error(transparent)]
    Emit(#[from] EmitError),
}

impl From<SendError> for AnswerError {
    fn from(error: SendError) -> Self {
        Self::Emit(error.into())
    }
}

impl Answer {
    pub(super) fn new(client: &Client, ticket: Ticket) -> Self {
        Self { ticket, shared: Arc::clone(client.shared()) }
    }

    /// Returns the event's number, which events such as
    /// [`Event::MaybeDoubled`](crate::Event::MaybeDoubled) name.
    #[must_use]
    pub fn id(&self) -> MessageId {
        self.ticket.id()
    }
}

impl Future for Answer {
    type Output = Result<EventArgs, PublishError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let delivery = ready!(Pin::new(&mut self.ticket).poll(cx));
        Poll::Ready(match delivery {
            Delivery::Acknowledged { .. } => {
                let mut state = self.shared.lock();
                let answer = state.socketio.as_mut().and_then(|sio| sio.take_answer(self.id()));
                // It is asked for twice only by whoever polls a future that is done.
                answer.ok_or(PublishError::Closed)
            }
            Delivery::Written | Delivery::Dropped { why: Dropped::Cleared } => {
                Err(PublishError::Closed)
            }
            Delivery::Dropped { why } => Err(PublishError::Dropped { why }),
        })
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        let id = self.id();
        if let Some(sio) = &mut self.shared.lock().socketio {
            sio.awaits_no_more(id);
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Answer").field(&self.id().0).finish()
    }
}
