//! What is wrong with a packet.

use crate::v1::DEPTH_MAX;

use super::limits::{ACK_ID_MAX, NAMESPACE_BYTES_MAX};

/// A packet that breaks the rules of Socket.IO. The connection is to be closed, as other servers do.
///
/// `at` counts bytes from the start of the text, from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PacketError {
    /// The text is empty.
    #[error("socket.io: an empty packet; accepted: a type from 0 to 6")]
    Empty,
    /// The first character is no type.
    #[error("socket.io: type {found:?} at byte 0; accepted: 0 to 6")]
    #[non_exhaustive]
    Type {
        /// The character.
        found: char,
    },
    /// The number of attachments is missing, or no number.
    #[error("socket.io: the number of attachments at byte {at}; accepted: digits, then `-`")]
    #[non_exhaustive]
    AttachmentCount {
        /// Where.
        at: usize,
    },
    /// More attachments than are accepted.
    #[error("socket.io: {found} attachments; accepted: at most {max}")]
    #[non_exhaustive]
    TooManyAttachments {
        /// How many were announced.
        found: u64,
        /// The limit.
        max: usize,
    },
    /// The namespace's name is too long.
    #[error("socket.io: a namespace of {found} bytes; accepted: at most {NAMESPACE_BYTES_MAX}")]
    #[non_exhaustive]
    NamespaceTooLong {
        /// Its length in bytes.
        found: usize,
    },
    /// The number of an acknowledgement is too large, or begins with zeros.
    #[error(
        "socket.io: the acknowledgement number at byte {at}; accepted: 0 to {ACK_ID_MAX}, no zeros before it"
    )]
    #[non_exhaustive]
    AckId {
        /// Where.
        at: usize,
    },
    /// An acknowledgement without a number, or a number where none belongs.
    #[error("socket.io: {kind} with {found}; accepted: {accepted}")]
    #[non_exhaustive]
    Shape {
        /// Which packet.
        kind: &'static str,
        /// What was found.
        found: &'static str,
        /// What is accepted.
        accepted: &'static str,
    },
    /// The payload is not JSON.
    #[error("socket.io: the payload is not valid JSON at byte {at}")]
    #[non_exhaustive]
    Json {
        /// Where.
        at: usize,
    },
    /// The payload's lists and objects nest too deep.
    #[error("socket.io: the payload nests deeper than {DEPTH_MAX}")]
    TooDeep,
    /// An event's name is neither a text nor a number, or one that libraries keep for themselves.
    #[error("socket.io: event name {found}; accepted: a text that is not reserved, or a number")]
    #[non_exhaustive]
    EventName {
        /// The beginning of what was found.
        found: String,
    },
    /// A placeholder names an attachment that does not exist.
    #[error("socket.io: placeholder of attachment {found}; accepted: 0 to {count} less one")]
    #[non_exhaustive]
    Placeholder {
        /// The number, or what stands in its place.
        found: String,
        /// How many attachments there are.
        count: usize,
    },
    /// A binary message, and no packet waits for one.
    #[error(
        "socket.io: a binary message of {bytes} bytes; accepted: a text, as no packet waits for attachments"
    )]
    #[non_exhaustive]
    UnexpectedBinary {
        /// Its length.
        bytes: usize,
    },
    /// A text, and a packet still waits for attachments.
    #[error("socket.io: a text; accepted: {missing} more attachments of the packet before")]
    #[non_exhaustive]
    AttachmentsMissing {
        /// How many are still to come.
        missing: usize,
    },
    /// Text and attachments together are too large.
    #[error("socket.io: a packet of {found} bytes or more; accepted: at most {max}")]
    #[non_exhaustive]
    TooLarge {
        /// What has come so far, in bytes.
        found: usize,
        /// The limit.
        max: usize,
    },
}

impl PacketError {
    /// Returns one word for what is wrong, the same in every implementation.
    #[must_use]
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Type { .. } => "type",
            Self::AttachmentCount { .. } => "attachment_count",
            Self::TooManyAttachments { .. } => "too_many_attachments",
            Self::NamespaceTooLong { .. } => "namespace_too_long",
            Self::AckId { .. } => "ack_id",
            Self::Shape { .. } => "shape",
            Self::Json { .. } => "json",
            Self::TooDeep => "too_deep",
            Self::EventName { .. } => "event_name",
            Self::Placeholder { .. } => "placeholder",
            Self::UnexpectedBinary { .. } => "unexpected_binary",
            Self::AttachmentsMissing { .. } => "attachments_missing",
            Self::TooLarge { .. } => "too_large",
        }
    }
}
