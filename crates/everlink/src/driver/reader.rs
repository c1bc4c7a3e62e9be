//! Channels that the application reads without a loss: what waits for it, and how far it has come.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use everlink_engine::Cursor;
use everlink_engine::limits::RETAINED_MAX;

use super::cursors::CursorStore;
use super::queue::Queue;
use crate::client::{ChannelEvent, Payload};

/// The reading end of one channel.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) name: Arc<str>,
    pub(crate) queue: Queue<Arrival>,
    /// Where cursors survive the process. A message that somebody keeps must not keep its file open.
    store: Weak<CursorStore>,
    progress: Mutex<Progress>,
}

/// Something for the application.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) event: ChannelEvent,
    /// What is handled when this is.
    pub(crate) mark: Option<Mark>,
}

/// A place in a channel, in the order in which the application was brought there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    turn: u64,
    pub(crate) cursor: Cursor,
}

#[derive(Debug, Default)]
struct Progress {
    /// What was brought last.
    brought: Option<Mark>,
    /// What was handled.
    handled: Option<Mark>,
    retained: Vec<(Arc<str>, Payload)>,
    /// Everything from the beginning is wanted: that the log is another one than none is no news.
    begins: bool,
}

impl Reader {
    pub(crate) fn new(
        name: Arc<str>,
        queue: Queue<Arrival>,
        store: Option<&Arc<CursorStore>>,
        begins: bool,
    ) -> Self {
        let progress = Mutex::new(Progress { begins, ..Progress::default() });
        let store = store.map(Arc::downgrade).unwrap_or_default();
        Self { name, queue, store, progress }
    }

    /// Brings something that moves the cursor.
    pub(crate) fn bring(&self, cursor: Cursor, event: Option<ChannelEvent>) {
        let mark = {
            let mut progress = self.lock();
            let turn = progress.brought.map_or(1, |mark| mark.turn + 1);
            *progress.brought.insert(Mark { turn, cursor })
        };
        match event {
            Some(event) => self.queue.push(Arrival { event, mark: Some(mark) }),
            None => self.handled(mark),
        }
    }

    /// Brings something that moves nothing.
    pub(crate) fn tell(&self, event: ChannelEvent) {
        if let ChannelEvent::Retained { key, payload, .. } = &event {
            self.retain(key, payload);
        }
        self.queue.push(Arrival { event, mark: None });
    }

    /// Returns whether this is the first place that is brought to a reader of everything.
    pub(crate) fn begins(&self) -> bool {
        std::mem::take(&mut self.lock().begins)
    }

    /// Reading begins here: what comes behind it is not handled yet, even after a crash.
    pub(crate) fn starts(&self, cursor: Cursor) {
        let untouched = {
            let progress = self.lock();
            progress.brought.is_none() && progress.handled.is_none()
        };
        if untouched {
            self.handled(Mark { turn: 0, cursor });
        }
    }

    /// Everything up to this mark is handled; older news is ignored.
    pub(crate) fn handled(&self, mark: Mark) {
        {
            let mut progress = self.lock();
            if progress.handled.is_some_and(|known| known.turn >= mark.turn) {
                return;
            }
            progress.handled = Some(mark);
        }
        let Some(store) = self.store.upgrade() else { return };
        if let Err(error) = store.keep(&self.name, mark.cursor) {
            tracing::warn!(channel = %self.name, %error, "cursor not kept");
        }
    }

    /// Everything up to an offset of what was brought last is handled; returns `Err` with the last
    /// offset that was brought if that is less.
    pub(crate) fn handled_through(&self, offset: u64) -> Result<(), u64> {
        let (brought, handled) = {
            let progress = self.lock();
            (progress.brought, progress.handled)
        };
        let Some(brought) = brought else { return Err(0) };
        let last = brought.cursor.offset;
        let Some(back) = last.checked_sub(offset) else { return Err(last) };
        // Each offset has its turn, except those that a gap took together.
        let turn = brought.turn.saturating_sub(back);
        let cursor = Cursor { offset, ..brought.cursor };
        let is_known = handled.is_some_and(|known| {
            known.cursor.epoch == cursor.epoch && known.cursor.offset >= offset
        });
        if !is_known {
            let known = handled.map_or(0, |known| known.turn);
            self.handled(Mark { turn: turn.max(known + 1).min(brought.turn), cursor });
        }
        Ok(())
    }

    /// Returns how far the channel is handled.
    pub(crate) fn cursor(&self) -> Option<Cursor> {
        self.lock().handled.map(|mark| mark.cursor)
    }

    /// Returns the last value of a kind.
    pub(crate) fn retained(&self, key: &str) -> Option<Payload> {
        let progress = self.lock();
        let mut known = progress.retained.iter().filter(|(name, _)| **name == *key);
        known.next().map(|(_, payload)| payload.clone())
    }

    fn retain(&self, key: &Arc<str>, payload: &Payload) {
        let mut progress = self.lock();
        progress.retained.retain(|(name, _)| name != key);
        if progress.retained.len() >= RETAINED_MAX {
            progress.retained.remove(0);
        }
        progress.retained.push((Arc::clone(key), payload.clone()));
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
