//! What can be wrong with a packet.

use super::limits::PING_BYTES_MAX;

/// Longest part of a reason that comes from elsewhere, in bytes.
pub(super) const WHY_BYTES_MAX: usize = 160;

/// Something is no packet of Engine.IO 4.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Engine.IO packet {packet}, byte {at}: {problem}")]
#[non_exhaustive]
pub struct PacketError {
    /// Which one of a body, from 0; 0 in a WebSocket message.
    pub packet: usize,
    /// Where in the body or the message, in bytes from 0.
    pub at: usize,
    /// What is wrong.
    pub problem: Problem,
}

impl PacketError {
    pub(super) const fn at(at: usize, problem: Problem) -> Self {
        Self { packet: 0, at, problem }
    }
}

/// What is wrong with a packet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// There is nothing.
    #[error("nothing is there; accepted: a type from 0 to 6")]
    Empty,
    /// It begins with no type.
    #[error("type {:?}; accepted: 0 to 6, and b in a body", char::from(*byte))]
    #[non_exhaustive]
    UnknownType {
        /// What it begins with.
        byte: u8,
    },
    /// Something stands behind a type that has nothing.
    #[error("{bytes} bytes behind type {kind}; accepted: none")]
    #[non_exhaustive]
    Trailing {
        /// The type.
        kind: char,
        /// How much.
        bytes: usize,
    },
    /// A ping or a pong says too much.
    #[error("a {what} of {bytes} bytes; accepted: up to {PING_BYTES_MAX}")]
    #[non_exhaustive]
    PingTooLong {
        /// Which of them.
        what: &'static str,
        /// How much.
        bytes: usize,
    },
    /// A binary message in a body is not in base64.
    #[error("not base64 with padding: {reason}")]
    #[non_exhaustive]
    Base64 {
        /// Why.
        reason: String,
    },
    /// A body is no text.
    #[error("not UTF-8; accepted: a text")]
    NotUtf8,
    /// An open packet lacks what belongs into it.
    #[error("handshake{}{}: {why}", if field.is_some() { ", " } else { "" }, field.unwrap_or_default())]
    #[non_exhaustive]
    Handshake {
        /// Which field is out of its bounds.
        field: Option<&'static str>,
        /// What is wrong.
        why: String,
    },
}

impl Problem {
    /// Names the kind of problem, for programs and for the test vectors.
    #[must_use]
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::UnknownType { .. } => "unknown_type",
            Self::Trailing { .. } => "trailing",
            Self::PingTooLong { .. } => "ping_too_long",
            Self::Base64 { .. } => "base64",
            Self::NotUtf8 => "not_utf8",
            Self::Handshake { .. } => "handshake",
        }
    }
}

/// A text that no body can carry: it would fall into two packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the packet has a record separator (U+001E) at byte {at}; HTTP long-polling can carry it in a binary message only"
)]
#[non_exhaustive]
pub struct Unsayable {
    /// Where the separator is, in bytes from the packet's type.
    pub at: usize,
}
