//! Endpoints of plain JSON, for clients that were written for other servers: the messenger's `/ws`, and
//! the chat page's `/ws/chat/{conversation}/` and `/ws/status/{conversation}/`.
//!
//! They are [`Speech`](crate::speech::Speech)es: a conversation is a channel, and replay, heartbeat,
//! limits and drain are those of every connection.

mod frame;
mod open;
mod speech;
mod view;

pub(crate) use open::{Target, open};
pub(crate) use view::{
    ASSISTANT, MessageView, given_id, id_producer, is_message_id, message_id, time,
};

/// Which of the endpoints a connection is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// The messenger: messages, typing, and what else it asks for.
    Messenger,
    /// The chat page: messages and replies.
    Chat,
    /// The chat page's status: events of the AI worker.
    Status,
}

/// Offered as a subprotocol before a token, by pages that cannot set a header.
pub(crate) const BEARER_PROTOCOL: &str = "bearer";
