//! Messages on their way out.

use everlink_engine::{InputError, SendPolicy};
use everlink_wire::Message;

use super::error::SendError;
use super::handle::Client;
use super::ticket::Ticket;
use crate::driver::Stored;

impl Client {
    /// Sends a message; if the outbox is full, as the setting `overflow` says.
    ///
    /// Taken means queued: the [`Ticket`] tells what became of it, and may be ignored. While the
    /// connection is down, messages wait in the outbox, unless the setting `queue` is off.
    ///
    /// # Errors
    ///
    /// [`SendError`] if the message was not taken.
    ///
    /// # Cancel safety
    ///
    /// A cancelled send has not taken the message; one that returned has taken it whole. Senders that
    /// wait for room get it in the order in which they came.
    pub async fn send(&self, message: impl Into<Message>) -> Result<Ticket, SendError> {
        self.send_with(message, SendPolicy::Configured).await
    }

    /// Sends a message with its own policy.
    ///
    /// # Errors
    ///
    /// [`SendError`] if the message was not taken.
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub async fn send_with(
        &self,
        message: impl Into<Message>,
        policy: SendPolicy,
    ) -> Result<Ticket, SendError> {
        let message = message.into();
        let shared = self.shared();
        shared.options.codec.check(&message)?;
        let stored = shared.store(&message, policy).await?;
        let waits = matches!(policy, SendPolicy::Configured | SendPolicy::Wait);
        let mut turn = if waits && shared.has_line() { Some(shared.line_up().await) } else { None };
        loop {
            match shared.send(&message, policy, stored.as_ref().and_then(Stored::entry)) {
                Err(
                    SendError::Refused(InputError::QueueFull { waits: true, .. })
                    | SendError::Behind,
                ) => match &turn {
                    None if waits => turn = Some(shared.line_up().await),
                    Some(_) | None => shared.outlets.room.notified().await,
                },
                Err(error) => return Err(error),
                Ok(ticket) => {
                    stored.into_iter().for_each(Stored::keep);
                    return Ok(ticket);
                }
            }
        }
    }

    /// Sends a message now or not at all: where [`send`](Self::send) would wait, this fails.
    ///
    /// # Errors
    ///
    /// [`SendError`] if the message was not taken.
    pub fn try_send(&self, message: impl Into<Message>) -> Result<Ticket, SendError> {
        let message = message.into();
        let shared = self.shared();
        if shared.lock().durable.is_some() {
            return Err(SendError::MustWait);
        }
        shared.options.codec.check(&message)?;
        shared.send(&message, SendPolicy::Configured, None)
    }
}
