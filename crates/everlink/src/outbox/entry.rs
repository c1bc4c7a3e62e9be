//! One message in the outbox.

use std::time::SystemTime;

use bytes::Bytes;
use everlink_engine::{MessageId, SendPolicy};

/// A message that must survive until its outcome is known.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its number, unique in the outbox. Entries are loaded in the order of these numbers.
    pub id: MessageId,
    /// The name of the channel it is for, where the dialect knows channels. Default: none.
    pub channel: Option<String>,
    /// Whether it is sent as text or as binary.
    pub kind: PayloadKind,
    /// What to send.
    pub payload: Bytes,
    /// What becomes of it when it cannot be sent at once. Default: as configured.
    pub policy: SendPolicy,
    /// When it was made, by the wall clock; information for people, nothing is decided by it.
    pub enqueued_at: SystemTime,
    /// Who published it and as which of his, for `everlink.v1`. It is kept for ever, so that a
    /// server knows a message again that was sent before a crash. Default: none.
    pub origin: Option<EntryOrigin>,
}

impl Entry {
    /// Makes a text message.
    #[must_use]
    pub fn text(id: MessageId, text: impl Into<String>) -> Self {
        Self::new(id, PayloadKind::Text, Bytes::from(text.into()))
    }

    /// Makes a binary message.
    #[must_use]
    pub fn binary(id: MessageId, bytes: impl Into<Bytes>) -> Self {
        Self::new(id, PayloadKind::Binary, bytes.into())
    }

    /// Sets the channel.
    #[must_use]
    pub fn channel(mut self, name: impl Into<String>) -> Self {
        self.channel = Some(name.into());
        self
    }

    /// Sets the policy.
    #[must_use]
    pub const fn policy(mut self, policy: SendPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets the origin.
    #[must_use]
    pub fn origin(mut self, origin: EntryOrigin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Returns what it counts for against the limit in bytes: payload and names.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let names = self.channel.as_ref().map_or(0, String::len)
            + self.origin.as_ref().map_or(0, |origin| origin.producer.len());
        (self.payload.len() + names) as u64
    }

    fn new(id: MessageId, kind: PayloadKind, payload: Bytes) -> Self {
        Self {
            id,
            channel: None,
            kind,
            payload,
            policy: SendPolicy::Configured,
            enqueued_at: SystemTime::now(),
            origin: None,
        }
    }
}

/// How a payload is framed (RFC 6455, section 5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PayloadKind {
    /// UTF-8 text.
    Text,
    /// Any bytes.
    Binary,
}

/// What makes a message that is sent again recognisable (`everlink.v1`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntryOrigin {
    /// The name of the producer that numbered it; not that of a later run of the program.
    pub producer: String,
    /// The producer's number for it in its channel, from 1.
    pub sequence: u64,
    /// The number before it, where that is not `sequence - 1`.
    pub before: Option<u64>,
}
