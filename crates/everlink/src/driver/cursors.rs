//! How far channels were handled, kept across processes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use everlink_engine::Cursor;

use super::durable::block_on;
use crate::outbox::{DurableOutbox, OutboxError};

/// The cursors of one client: on disk, and as they are now.
#[derive(Debug)]
pub(crate) struct CursorStore {
    outbox: DurableOutbox,
    /// Bounded by the store, which refuses more channels than it may have.
    known: Mutex<HashMap<String, Cursor>>,
}

impl CursorStore {
    /// Reads what an earlier run left. Blocks for as long as that takes.
    pub(crate) fn load(outbox: DurableOutbox) -> Result<Self, OutboxError> {
        let known = block_on(outbox.cursors())?.into_iter().collect();
        Ok(Self { outbox, known: Mutex::new(known) })
    }

    pub(crate) fn cursor(&self, channel: &str) -> Option<Cursor> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(channel).copied()
    }

    pub(crate) fn keep(&self, channel: &str, cursor: Cursor) -> Result<(), OutboxError> {
        self.outbox.keep_cursor(channel, Some(cursor))?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(channel.to_owned(), cursor);
        Ok(())
    }

    pub(crate) async fn flush(&self) -> Result<(), OutboxError> {
        self.outbox.flush().await
    }
}
