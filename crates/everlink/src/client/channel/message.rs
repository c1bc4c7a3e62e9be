//! What a channel brings.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use everlink_engine::GapCause;

use crate::client::Payload;
use crate::driver::{Mark, Reader};

/// Something that a [`Channel`](crate::Channel) brings, in order.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ChannelEvent {
    /// A message of the channel's log: each once, in the order of their offsets.
    Message(LogMessage),
    /// A range that will not come, before what follows it.
    #[non_exhaustive]
    Gap {
        /// The first offset that is missing.
        from: u64,
        /// The last offset that is missing; below `from` when nothing is missing and only the log
        /// began a new life.
        to: u64,
        /// Why.
        cause: GapCause,
    },
    /// A value beside the log, such as typing: it is never repeated, and lost while the channel is
    /// not read.
    #[non_exhaustive]
    Volatile {
        /// Which kind of value.
        key: Arc<str>,
        /// Whose it is, where the server knows him.
        user: Option<Arc<str>>,
        /// The value.
        payload: Payload,
    },
    /// The last value of a kind, newer than the one before; repeated at each attach, so that a
    /// change that was missed corrects itself.
    #[non_exhaustive]
    Retained {
        /// Which kind of value.
        key: Arc<str>,
        /// Its version.
        version: u64,
        /// The value.
        payload: Payload,
    },
    /// The server refuses this channel; the rest of the connection goes on. It is not asked for again
    /// before a new [`Channel`](crate::Channel) is opened.
    #[non_exhaustive]
    Refused {
        /// The server's code.
        code: u32,
        /// The server's words; empty if it used none.
        why: Arc<str>,
    },
}

/// A stored message.
#[derive(Clone)]
#[non_exhaustive]
pub struct LogMessage {
    /// Its place in the log. Delivered again after a crash, it has the same.
    pub offset: u64,
    /// The life of the log: offsets of different epochs have nothing to do with each other.
    pub epoch: u64,
    /// Who published it, as the server names him.
    pub producer: Arc<str>,
    /// As which of his in this channel, from 1.
    pub sequence: u64,
    /// The user who published it, where the server knows him.
    pub user: Option<Arc<str>>,
    /// When the server stored it, by its clock.
    pub at: SystemTime,
    /// What was published.
    pub payload: Payload,
    pub(crate) given_id: Option<Arc<str>>,
    pub(crate) handle: Option<(Arc<Reader>, Mark)>,
}

impl LogMessage {
    /// Returns the message's name, the same each time it is delivered: the one that it was given, or
    /// else `producer/sequence`.
    #[must_use]
    pub fn id(&self) -> String {
        match &self.given_id {
            Some(id) => id.to_string(),
            None => format!("{}/{}", self.producer, self.sequence),
        }
    }

    /// Says that this message and all before it in its channel are handled. A message of a page of
    /// history has nothing to acknowledge: then nothing happens.
    pub fn ack(&self) {
        if let Some((reader, mark)) = &self.handle {
            reader.handled(*mark);
        }
    }

    pub(crate) fn stored_at(at: Duration) -> SystemTime {
        UNIX_EPOCH.checked_add(at).unwrap_or(UNIX_EPOCH)
    }
}

/// Two are equal when they are the same message with the same payload.
impl PartialEq for LogMessage {
    fn eq(&self, other: &Self) -> bool {
        (self.epoch, self.offset, self.sequence) == (other.epoch, other.offset, other.sequence)
            && self.producer == other.producer
            && self.payload == other.payload
    }
}

impl fmt::Debug for LogMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogMessage")
            .field("offset", &self.offset)
            .field("epoch", &self.epoch)
            .field("producer", &self.producer)
            .field("sequence", &self.sequence)
            .field("payload", &self.payload)
            .finish_non_exhaustive()
    }
}
