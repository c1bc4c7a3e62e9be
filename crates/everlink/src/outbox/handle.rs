//! The handle that an application or a client holds.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};
use std::thread;

use everlink_engine::{Cursor, MessageId};
use tokio::sync::oneshot;

use super::entry::Entry;
use super::error::{Operation, OutboxError};
use super::limits::{DROP_WAIT_MAX, OutboxLimits};
use super::state::{Request, Shared, Written};
use super::store::Store;
use super::writer::Writer;

/// Messages on disk until their outcome is known, and the cursors of what was handled.
///
/// Cheap to clone; all clones are one outbox. The file is locked against other processes for as
/// long as a clone lives. When the last clone is dropped, what is in line is written and the
/// writer thread is waited for, at most [`DROP_WAIT_MAX`]; [`close`](Self::close) waits without
/// blocking the runtime, and reports a failure.
#[derive(Clone, Debug)]
pub struct DurableOutbox {
    handle: Arc<Handle>,
}

impl DurableOutbox {
    /// Opens the outbox in the file `path`, or creates it.
    ///
    /// Blocks while the file is read and checked: some milliseconds for thousands of messages.
    /// In async code, call it before the runtime is busy, or in `spawn_blocking`.
    ///
    /// # Errors
    ///
    /// [`OutboxError::Locked`] if somebody else has it open, [`OutboxError::NewerVersion`],
    /// [`OutboxError::Damaged`], and what the system may refuse.
    pub fn open(path: impl AsRef<Path>, limits: OutboxLimits) -> Result<Self, OutboxError> {
        let path = path.as_ref();
        let store = Store::open(path)?;
        let shared = Arc::new(Shared::new(path, limits, store.census()?));
        let writer = Writer::new(Arc::clone(&shared), store);
        thread::Builder::new()
            .name("everlink-outbox".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| OutboxError::io(path, Operation::Open, &error))?;
        Ok(Self { handle: Arc::new(Handle { shared }) })
    }

    /// Stores an entry; the returned future resolves once it is on disk.
    ///
    /// The entry takes its place in line at once, before the future is first polled; entries are
    /// written in the order of these calls and loaded in the order of their numbers.
    ///
    /// # Errors
    ///
    /// [`OutboxError::Full`], [`OutboxError::IdTaken`], [`OutboxError::NeverStored`] and
    /// [`OutboxError::Closed`] before anything is written; [`OutboxError::DiskFull`],
    /// [`OutboxError::ReadOnly`] and [`OutboxError::Io`] from the commit. The entry is then not
    /// stored, and those before it stay. A later append tries the disk anew.
    ///
    /// # Cancel safety
    ///
    /// An entry is stored whole or not at all. Dropping the future before it resolves withdraws
    /// the entry: it is not stored, or removed again with the next commit. Only a crash between
    /// these two commits leaves it to be loaded by the next run.
    pub fn append(&self, entry: Entry) -> Append {
        let (done, written) = oneshot::channel();
        let refused = self.shared().append(entry, done).err();
        Append { refused, written, shared: Arc::clone(self.shared()) }
    }

    /// Removes entries whose outcome is known; unknown numbers are ignored.
    ///
    /// Room is free at once. The file follows with the next commit, at most
    /// [`LAZY_WAIT_MAX`](super::LAZY_WAIT_MAX) later: a crash before it lets the next run load
    /// them again. That is harmless where the peer knows a message again by its origin; where it
    /// does not, call [`flush`](Self::flush) after this, and see `docs/how-to/durable-outbox.md`.
    pub fn remove(&self, ids: impl IntoIterator<Item = MessageId>) {
        self.shared().remove(ids.into_iter().map(|id| id.0));
    }

    /// Keeps how far a channel was handled, lazily as [`remove`](Self::remove) does; `None` forgets it.
    ///
    /// After a crash reading goes on from the cursor on disk: what was delivered and not yet
    /// noted is delivered again, with the same offset.
    ///
    /// # Errors
    ///
    /// [`OutboxError::TooManyCursors`] and [`OutboxError::Closed`].
    pub fn keep_cursor(&self, channel: &str, cursor: Option<Cursor>) -> Result<(), OutboxError> {
        self.shared().keep_cursor(channel, cursor)
    }

    /// Waits until every earlier append, removal and cursor is on disk.
    ///
    /// # Errors
    ///
    /// Why the commit failed; removals and cursors are tried again with the next one.
    ///
    /// # Cancel safety
    ///
    /// Cancelling only stops waiting.
    pub async fn flush(&self) -> Result<(), OutboxError> {
        self.ask(Request::Flush).await?
    }

    /// Reads every entry, in the order of their numbers.
    ///
    /// Right after [`open`](Self::open) these are the ones that an earlier run left: each may
    /// have reached the peer already, only its outcome was never noted. Number new ones above
    /// [`last_id`](Self::last_id).
    ///
    /// # Errors
    ///
    /// [`OutboxError::Damaged`], [`OutboxError::Io`] and [`OutboxError::Closed`].
    ///
    /// # Cancel safety
    ///
    /// Reading changes nothing.
    pub async fn load(&self) -> Result<Vec<Entry>, OutboxError> {
        self.ask(Request::Load).await?
    }

    /// Reads the cursors of all channels, in the order of their names.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    ///
    /// # Cancel safety
    ///
    /// Reading changes nothing.
    pub async fn cursors(&self) -> Result<Vec<(String, Cursor)>, OutboxError> {
        self.ask(Request::Cursors).await?
    }

    /// Writes what is in line, ends the writer thread and frees the file, for all clones.
    ///
    /// # Errors
    ///
    /// Why the last commit failed.
    ///
    /// # Cancel safety
    ///
    /// Cancelling only stops waiting: the outbox closes all the same.
    pub async fn close(self) -> Result<(), OutboxError> {
        let (done, written) = oneshot::channel();
        let (held, ended) = oneshot::channel();
        self.shared().close(done, held);
        // The sender is dropped, never used, once the thread has freed the file.
        let _ = ended.await;
        written.await.unwrap_or(Ok(()))
    }

    /// Returns the highest number that was ever stored, in this run or an earlier one; 0 if none.
    #[must_use]
    pub fn last_id(&self) -> u64 {
        self.shared().lock().last_id
    }

    /// Returns how many messages are stored or in line.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared().lock().len()
    }

    /// Returns whether no message is stored or in line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many bytes they count for ([`Entry::bytes`]).
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.shared().lock().bytes()
    }

    /// Returns how much may be stored.
    #[must_use]
    pub fn limits(&self) -> OutboxLimits {
        self.shared().limits
    }

    /// Returns the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared().path
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> Request,
    ) -> Result<T, OutboxError> {
        let (done, answer) = oneshot::channel();
        self.shared().request(request(done))?;
        answer.await.map_err(|_| self.shared().closed())
    }
}

/// The last one ends the thread.
#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closing = true;
        self.shared.work.notify_one();
        let runs = |state: &mut super::state::State| !state.stopped;
        let waited = self.shared.ended.wait_timeout_while(state, DROP_WAIT_MAX, runs);
        if waited.unwrap_or_else(PoisonError::into_inner).1.timed_out() {
            let path = self.shared.path.display();
            tracing::warn!(%path, "the durable outbox is still being written after its last handle is gone");
        }
    }
}

/// An append on its way to the disk; see [`DurableOutbox::append`].
#[derive(Debug)]
#[must_use = "dropping an append withdraws its entry"]
pub struct Append {
    refused: Option<OutboxError>,
    written: oneshot::Receiver<Written>,
    shared: Arc<Shared>,
}

impl Future for Append {
    type Output = Result<(), OutboxError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(refused) = self.refused.take() {
            return Poll::Ready(Err(refused));
        }
        let written = Pin::new(&mut self.written).poll(context);
        written.map(|written| written.unwrap_or_else(|_| Err(self.shared.closed())))
    }
}
