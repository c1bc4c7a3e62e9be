//! From the application to the engine: events that ask for their answer, and answers.

use std::sync::Arc;

use everlink_engine::SendPolicy;
use everlink_wire::Message;

use super::Question;
use crate::client::{AnswerError, SendError, Ticket};
use crate::driver::shared::Shared;

impl Shared {
    /// Checks that Socket.IO is spoken.
    pub(crate) fn check_socket_io(&self) -> Result<(), SendError> {
        if self.options.namespace.is_some() {
            return Ok(());
        }
        let dialect = self.lock().engine.config().dialect().name;
        Err(SendError::NotSocketIo { dialect })
    }

    /// Answers an event of the peer, in the session in which it asked.
    pub(crate) fn answer(
        self: &Arc<Self>,
        question: Question,
        message: &Message,
    ) -> Result<Ticket, AnswerError> {
        let is_open = self.lock().socketio.as_ref().is_some_and(|sio| sio.is_open(question));
        if !is_open {
            return Err(AnswerError::SessionOver);
        }
        Ok(self.send(message, SendPolicy::Fail, None)?)
    }
}
