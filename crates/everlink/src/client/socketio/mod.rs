//! Socket.IO: events with arguments instead of messages.

mod args;
mod ask;
mod emit;
mod event;
mod join;
mod url;

use std::sync::Arc;

pub use args::EventArgs;
pub use ask::{Answer, AnswerError, EmitError};
pub use emit::Emit;
pub(super) use event::as_message;
pub use event::{Responder, SocketEvent, SocketEvents};
pub use join::{Join, JoinBuilder};
pub(super) use url::endpoint;

/// What is known of the session with a Socket.IO server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// How the server names this client to others.
    pub sid: Arc<str>,
    /// Whether the server takes the session up again after a loss, if we are back soon enough.
    pub recoverable: bool,
    /// Whether it did so for the present connection: then nothing that it sent meanwhile is missing.
    pub recovered: bool,
}
