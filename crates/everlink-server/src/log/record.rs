//! What goes into a log and comes out of it.

use std::sync::Arc;

use everlink_engine::Epoch;
use everlink_engine::server::{LastStored, Refusals};
use everlink_wire::Message;

/// A message to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// The channel.
    pub channel: Arc<str>,
    /// Who published it: a name that no other user's producer can have.
    pub producer: Arc<str>,
    /// The producer's number in this channel, from 1.
    pub sequence: u64,
    /// The producer's number before it; usually `sequence - 1`.
    pub before: u64,
    /// The message's name, where it has another than producer and sequence make.
    pub id: Option<Arc<str>>,
    /// The user, where he is known.
    pub user: Option<Arc<str>>,
    /// It is the first that its publisher says on a connection: it has the answers to all numbers before,
    /// and refusals of them need not be remembered any more.
    pub first: bool,
    /// Numbers of a producer that the log did not know which were refused before this message, and left
    /// no trace: they are remembered with the producer, if this message begins him.
    pub refused: Refusals,
    /// What to store.
    pub body: Body,
}

/// What to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A message: JSON as text, or bytes.
    Message(Message),
    /// Nothing: the number is used up. A producer that the log does not know leaves no trace by it.
    Skip,
    /// Nothing: the message was refused for good with this code, and its number is used up. That is
    /// remembered, so that the same message is refused again when it is sent again. A producer that the
    /// log does not know leaves no trace by it; see [`Append::refused`].
    Refused(u32),
}

/// What an append came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// Stored at this offset; of a skip or a refusal, the last one of its producer that was stored before,
    /// or 0 if the log does not know him.
    New {
        /// The life of the log; 0 of a skip in a channel whose log has not begun.
        epoch: Epoch,
        /// Its place.
        offset: u64,
        /// When it was stored, in milliseconds since 1970.
        at: u64,
    },
    /// It was stored before.
    Known {
        /// The life of the log.
        epoch: Epoch,
        /// What is known of the producer.
        last: LastStored,
    },
    /// It was refused before, with this code, and is not stored.
    Refused {
        /// The code.
        code: u32,
    },
    /// A number before it is missing; nothing was stored.
    Hole(LastStored),
}

/// A stored message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place in the log, from 1.
    pub offset: u64,
    /// Who published it.
    pub producer: Arc<str>,
    /// As which of his.
    pub sequence: u64,
    /// Its name, where it has another than producer and sequence make.
    pub id: Option<Arc<str>>,
    /// The user, where he is known.
    pub user: Option<Arc<str>>,
    /// When it was stored, in milliseconds since 1970; never less than that of the one before.
    pub at: u64,
    /// What was published.
    pub payload: Message,
}

/// The life and the bounds of a channel's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The life of the log: below 2^48, another one whenever history was lost; 0 if it has not begun.
    pub epoch: Epoch,
    /// The first offset that is still there; `head + 1` when nothing is.
    pub first: u64,
    /// The last offset; 0 before the first message.
    pub head: u64,
}

/// Consecutive messages of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The log as it was read.
    pub head: Head,
    /// The messages, in order.
    pub records: Vec<Arc<Record>>,
}

/// How much to read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimit {
    /// Most messages; 0 reads only where the log is.
    pub records: usize,
    /// Bytes of payload after which a page ends; it has one message at least.
    pub bytes: usize,
}
