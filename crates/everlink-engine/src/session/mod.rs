//! What outlives every transport: outbox, channels with their cursors, catch-up.

mod catchup;
mod channels;
mod outbox;
mod overlap;
mod pump;
mod reads;
mod receive;
mod recovery;
mod requests;
mod runs;
mod send;

pub(crate) use channels::Channels;
pub(crate) use outbox::{Entry, Outbox};
pub(crate) use overlap::{Held, Overlap};
pub(crate) use reads::Reads;
pub(crate) use recovery::Recovery;
pub(crate) use requests::{Answered, Refusal, Requests};
pub(crate) use runs::Runs;

use crate::config::Config;
use crate::frame::{MessageId, ProducerId};
use crate::time::Span;

/// The producer number of this client.
pub(crate) const SELF: ProducerId = ProducerId(0);

/// The session's memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Session<P> {
    pub(crate) outbox: Outbox<P>,
    pub(crate) channels: Channels,
    pub(crate) overlap: Option<Overlap<P>>,
    pub(crate) last_message: Option<MessageId>,
    /// The highest message that was handed to any transport.
    pub(crate) highest_transmitted: Option<MessageId>,
    /// Questions for pages of history.
    pub(crate) reads: Reads,
    /// The session that the peer keeps, where it keeps one.
    pub(crate) recovery: Recovery,
    /// How long the server's logs remember a producer, as it said last.
    pub(crate) origin_ttl: Option<Span>,
    /// A send was refused that wants to be told of room.
    pub(crate) wants_room: bool,
}

impl<P> Session<P> {
    pub(crate) fn new(config: &Config) -> Self {
        let settings = &config.settings;
        Self {
            outbox: Outbox::new(settings.queue_messages_max, settings.queue_bytes_max),
            channels: Channels::default(),
            overlap: None,
            last_message: None,
            highest_transmitted: None,
            reads: Reads::default(),
            recovery: Recovery::default(),
            origin_ttl: None,
            wants_room: false,
        }
    }
}
