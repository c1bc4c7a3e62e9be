//! What a decoder gives.

use bytes::Bytes;

use super::{Close, Text};

/// One message or control frame from the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A text message, whole, inflated and checked.
    Text(Text),
    /// A binary message, whole and inflated.
    Binary(Bytes),
    /// A ping; answer with a pong of the same payload (RFC 6455, section 5.5.2).
    Ping(Bytes),
    /// A pong, asked for or not.
    Pong(Bytes),
    /// The peer closes; nothing follows. `None` stands for a close frame without a code.
    Close(Option<Close>),
}
