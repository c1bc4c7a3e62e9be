//! What the handles and the writer thread share: the line, the accounts and the wishes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use everlink_engine::Cursor;
use tokio::sync::oneshot;

use super::entry::Entry;
use super::error::OutboxError;
use super::limits::{CURSORS_MAX, OutboxLimits};
use super::record::policy_code;
use super::store::Census;

/// How one append ended.
pub(super) type Written = Result<(), OutboxError>;

/// An entry that waits for a commit.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) entry: Entry,
    pub(super) done: oneshot::Sender<Written>,
}

/// Something to be done after the next commit.
#[derive(Debug)]
pub(super) enum Request {
    Flush(oneshot::Sender<Written>),
    Load(oneshot::Sender<Result<Vec<Entry>, OutboxError>>),
    Cursors(oneshot::Sender<Result<Vec<(String, Cursor)>, OutboxError>>),
}

/// Guarded by one lock, never held across a read or a write of the file.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Entries that are not yet being written, in order.
    pub(super) line: VecDeque<Pending>,
    /// Entries to remove with the next commit.
    pub(super) removals: Vec<u64>,
    /// Cursors to write with the next commit; `None` forgets one.
    pub(super) cursors: BTreeMap<String, Option<Cursor>>,
    pub(super) requests: Vec<Request>,
    /// Sizes of all entries that are stored or in line, by number.
    sizes: BTreeMap<u64, u64>,
    bytes: u64,
    pub(super) last_id: u64,
    channels: BTreeSet<String>,
    /// Dropped when the writer thread ends.
    pub(super) held_until_end: Vec<oneshot::Sender<()>>,
    /// No more is taken; what is in line is written.
    pub(super) closing: bool,
    /// The writer thread is gone.
    pub(super) stopped: bool,
}

/// The state, and the bells.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) path: PathBuf,
    pub(super) limits: OutboxLimits,
    state: Mutex<State>,
    /// Rung for the writer.
    pub(super) work: Condvar,
    /// Rung by the writer when it ends.
    pub(super) ended: Condvar,
}

impl Shared {
    pub(super) fn new(path: &Path, limits: OutboxLimits, census: Census) -> Self {
        let bytes = census.sizes.values().sum();
        let state = State {
            sizes: census.sizes,
            bytes,
            last_id: census.last_id,
            channels: census.channels.into_iter().collect(),
            ..State::default()
        };
        Self {
            path: path.to_owned(),
            limits,
            state: Mutex::new(state),
            work: Condvar::new(),
            ended: Condvar::new(),
        }
    }

    /// Every change under the lock is complete before it can panic, so a poisoned lock is sound.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an entry in line, or says why not.
    pub(super) fn append(&self, entry: Entry, done: oneshot::Sender<Written>) -> Written {
        let mut state = self.lock();
        self.check(&state, &entry)?;
        let (id, bytes) = (entry.id.0, entry.bytes());
        state.sizes.insert(id, bytes);
        state.bytes += bytes;
        state.last_id = state.last_id.max(id);
        state.line.push_back(Pending { entry, done });
        self.work.notify_one();
        Ok(())
    }

    /// Takes entries out: at once from the line and the accounts, with the next commit from the file.
    pub(super) fn remove(&self, ids: impl IntoIterator<Item = u64>) {
        let mut state = self.lock();
        for id in ids {
            if state.release(id) {
                state.take_out(id);
            }
        }
        self.work.notify_one();
    }

    /// Notes how far a channel was handled.
    pub(super) fn keep_cursor(&self, channel: &str, cursor: Option<Cursor>) -> Written {
        let mut state = self.lock();
        if state.closing {
            return Err(self.closed());
        }
        if cursor.is_none() {
            state.channels.remove(channel);
        } else if !state.channels.contains(channel) {
            if state.channels.len() >= CURSORS_MAX {
                let path = self.path.clone();
                return Err(OutboxError::TooManyCursors { path, cursors_max: CURSORS_MAX });
            }
            state.channels.insert(channel.to_owned());
        }
        state.cursors.insert(channel.to_owned(), cursor);
        self.work.notify_one();
        Ok(())
    }

    pub(super) fn request(&self, request: Request) -> Written {
        let mut state = self.lock();
        if state.closing {
            return Err(self.closed());
        }
        state.requests.push(request);
        self.work.notify_one();
        Ok(())
    }

    /// Takes nothing more; `done` hears of the last commit, `held` is dropped at the end.
    pub(super) fn close(&self, done: oneshot::Sender<Written>, held: oneshot::Sender<()>) {
        let mut state = self.lock();
        if state.stopped {
            return;
        }
        state.closing = true;
        state.requests.push(Request::Flush(done));
        state.held_until_end.push(held);
        self.work.notify_one();
    }

    pub(super) fn closed(&self) -> OutboxError {
        OutboxError::Closed { path: self.path.clone() }
    }

    fn check(&self, state: &State, entry: &Entry) -> Written {
        let (path, id, asked_bytes) = (self.path.clone(), entry.id.0, entry.bytes());
        if state.closing {
            return Err(OutboxError::Closed { path });
        }
        if policy_code(entry.policy).is_none() {
            return Err(OutboxError::NeverStored {
                path,
                id,
                policy: format!("{:?}", entry.policy),
            });
        }
        if state.sizes.contains_key(&id) {
            return Err(OutboxError::IdTaken { path, id });
        }
        let messages = state.sizes.len() as u64;
        let OutboxLimits { messages_max, bytes_max } = self.limits;
        if messages < messages_max && state.bytes.saturating_add(asked_bytes) <= bytes_max {
            return Ok(());
        }
        let bytes = state.bytes;
        Err(OutboxError::Full { path, messages, messages_max, bytes, bytes_max, asked_bytes })
    }
}

impl State {
    /// Takes an entry out of the accounts; returns whether it was there.
    pub(super) fn release(&mut self, id: u64) -> bool {
        let Some(bytes) = self.sizes.remove(&id) else {
            return false;
        };
        self.bytes -= bytes;
        true
    }

    pub(super) fn len(&self) -> usize {
        self.sizes.len()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn has_urgent_work(&self) -> bool {
        !self.line.is_empty() || !self.requests.is_empty() || self.closing
    }

    pub(super) fn has_lazy_work(&self) -> bool {
        !self.removals.is_empty() || !self.cursors.is_empty()
    }

    fn take_out(&mut self, id: u64) {
        let at = self.line.iter().position(|pending| pending.entry.id.0 == id);
        if let Some(pending) = at.and_then(|at| self.line.remove(at)) {
            // Whoever removes it knows its outcome; its append has nothing left to fail at.
            let _ = pending.done.send(Ok(()));
        } else {
            self.removals.push(id);
        }
    }
}
