//! What goes into a log and comes out of it.

use std::sync::Arc;

use everlink_engine::Epoch;
use everlink_engine::server::LastStored;
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
    /// What to store.
    pub body: Body,
}

/// What to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A message: JSON as text, or bytes.
    Message(Message),
    /// Nothing: the message was refused for good, and its number is used up. A producer that the log
    /// does not know leaves no trace by it.
    Skip,
}

/// What an append came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// Stored at this offset; of a skip, the last one of its producer that was stored before, or 0.
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
