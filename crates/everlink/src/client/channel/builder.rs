//! How a channel is read.

use std::sync::Arc;

use everlink_engine::{Cursor, Epoch, Input};

use super::Channel;
use crate::client::error::SubscribeError;
use crate::driver::{Queue, Reader, Shared};

/// Where reading a channel begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Start {
    /// With what is published from now on.
    Now,
    /// With the oldest message that the log still has. What it has no more is told as a gap.
    Beginning,
    /// Behind this place.
    After(Cursor),
    /// Where an earlier run of this client left off, by its store of cursors; from now on where it has
    /// none.
    Stored,
}

/// Describes how a channel is read; made by [`Client::channel`](crate::Client::channel).
#[derive(Debug)]
#[must_use = "nothing is read before `open`"]
pub struct ChannelBuilder {
    shared: Arc<Shared>,
    name: String,
    start: Start,
    is_manual: bool,
}

impl ChannelBuilder {
    pub(crate) fn new(shared: Arc<Shared>, name: &str) -> Self {
        Self { shared, name: name.to_owned(), start: Start::Stored, is_manual: false }
    }

    /// Sets where reading begins. Default: [`Start::Stored`].
    pub fn from(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// Lets messages count as handled only when that is said, by
    /// [`LogMessage::ack`](crate::LogMessage::ack) or [`Channel::ack`]. Default: when the next one is
    /// asked for.
    pub fn manual_ack(mut self) -> Self {
        self.is_manual = true;
        self
    }

    /// Reads the channel until the [`Channel`] is dropped. The connection need not stand yet.
    ///
    /// # Errors
    ///
    /// [`SubscribeError`] if the dialect has no logs, the name cannot be used, there are too many
    /// channels, or this client reads the channel already.
    pub fn open(self) -> Result<Channel, SubscribeError> {
        let Self { shared, name, start, is_manual } = self;
        let state = &mut *shared.lock();
        if state.v1.is_none() {
            let dialect = state.engine.config().dialect().name;
            return Err(SubscribeError::NoLog { dialect });
        }
        let id = state.channels.register(&name)?;
        if state.is_subscribed(id) {
            return Err(SubscribeError::InUse { channel: name });
        }
        let store = shared.options.cursors.as_ref();
        let from = match start {
            Start::Now => None,
            Start::Beginning => Some(BEGINNING),
            Start::After(cursor) => Some(cursor),
            Start::Stored => store.and_then(|store| store.cursor(&name)),
        };
        state.input(Input::Subscribe { channel: id, from })?;
        let name = state.channels.name(id).cloned().unwrap_or_else(|| name.into());
        let queue = Queue::new(shared.options.subscription_messages_max, Arc::clone(&shared.waker));
        let begins = start == Start::Beginning;
        let reader = Arc::new(Reader::new(name, queue, store, begins));
        if let Some(cursor) = from.filter(|_| !begins) {
            reader.starts(cursor);
        }
        reader.queue.set_closed(state.released);
        state.add_reader(id, Arc::clone(&reader));
        shared.waker.wake();
        Ok(Channel::new(Arc::clone(&shared), id, reader, is_manual))
    }
}

/// Before the first message of any life of a log.
const BEGINNING: Cursor = Cursor { epoch: Epoch(0), offset: 0 };
