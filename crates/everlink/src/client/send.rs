//! Messages on their way out.

use everlink_engine::{InputError, SendPolicy};
use everlink_wire::Message;
use everlink_wire::socketio::{Args, RESERVED_EVENTS};
use everlink_wire::v1::check_payload;

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
        self.check(&message)?;
        self.send_message(message, policy).await
    }

    /// Sends a message that can be said.
    pub(super) async fn send_message(
        &self,
        message: Message,
        policy: SendPolicy,
    ) -> Result<Ticket, SendError> {
        let shared = self.shared();
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
        self.check(&message)?;
        shared.send(&message, SendPolicy::Configured, None)
    }

    /// Checks that a message can be said in the dialect.
    fn check(&self, message: &Message) -> Result<(), SendError> {
        let shared = self.shared();
        shared.options.codec.check(message)?;
        if shared.options.namespace.is_some() {
            check_event(message)?;
        }
        Ok(())
    }
}

/// A message of Socket.IO is an event: a list in JSON that begins with its name.
fn check_event(message: &Message) -> Result<(), SendError> {
    let refused = |found, accepted| {
        let why = format!("dialect `socketio` cannot send {found}; accepted: {accepted}");
        Err(SendError::Event { why })
    };
    let Some(text) = message.as_text() else {
        let accepted = "a list in JSON that begins with the event's name; bytes by `Emit`";
        return refused("bytes", accepted);
    };
    check_payload(message)?;
    let accepted = "a list that begins with the event's name, as in [\"message\",\"hi\"]";
    let Ok(args) = Args::parse(text) else {
        return refused("JSON that is no list", accepted);
    };
    match args.event() {
        Some(name) if !RESERVED_EVENTS.contains(&&*name) => Ok(()),
        Some(_) => refused("an event with a reserved name", accepted),
        None => refused("a list without a name", accepted),
    }
}
