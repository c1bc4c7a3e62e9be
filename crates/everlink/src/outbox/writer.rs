//! The one thread that touches the file: it gathers, commits and answers.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Instant;

use everlink_engine::Cursor;

use super::error::OutboxError;
use super::limits::{BATCH_ENTRIES_MAX, BATCH_WAIT_MAX, LAZY_WAIT_MAX};
use super::state::{Pending, Request, Shared, State, Written};
use super::store::{Batch, Store};

/// What is written next.
#[derive(Debug, Default)]
struct Work {
    entries: Vec<Pending>,
    requests: Vec<Request>,
    closing: bool,
}

#[derive(Debug)]
pub(super) struct Writer {
    shared: Arc<Shared>,
    /// `None` after a failure, until the file could be opened again.
    store: Option<Store>,
    /// Not yet on disk; kept across a failed commit.
    removals: Vec<u64>,
    cursors: BTreeMap<String, Option<Cursor>>,
    /// How many entries the last batch had: so many are expected to come along again.
    expected: usize,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, store: Store) -> Self {
        let (removals, cursors) = (Vec::new(), BTreeMap::new());
        Self { shared, store: Some(store), removals, cursors, expected: 0 }
    }

    /// Runs until the outbox is closed and everything is written.
    pub(super) fn run(mut self) {
        let _ends = EndsWithThread(Arc::clone(&self.shared));
        loop {
            let work = self.gather();
            let closing = work.closing;
            self.carry_out(work);
            if closing {
                // The file is free for others before anybody hears that this one has ended.
                self.store = None;
                return;
            }
        }
    }

    fn gather(&mut self) -> Work {
        let shared = Arc::clone(&self.shared);
        let mut state = self.wait_for_company(wait_for_work(&shared), &shared);
        let count = state.line.len().min(BATCH_ENTRIES_MAX);
        let entries: Vec<_> = state.line.drain(..count).collect();
        self.removals.append(&mut state.removals);
        self.cursors.append(&mut state.cursors);
        // Requests see everything that was appended before them: they wait for the last of it.
        let is_all = state.line.is_empty();
        let requests = if is_all { std::mem::take(&mut state.requests) } else { Vec::new() };
        Work { entries, requests, closing: state.closing && is_all }
    }

    /// Waits until as many entries are in line as came last time, but only for a moment: a lone
    /// sender never waits, and a crowd shares one sync.
    fn wait_for_company<'a>(
        &self,
        state: MutexGuard<'a, State>,
        shared: &'a Shared,
    ) -> MutexGuard<'a, State> {
        let wants_more = |state: &mut State| {
            state.line.len() < self.expected && !state.closing && state.requests.is_empty()
        };
        let waited = shared.work.wait_timeout_while(state, BATCH_WAIT_MAX, wants_more);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn carry_out(&mut self, work: Work) {
        let (entries, withdrawn): (Vec<_>, Vec<_>) =
            work.entries.into_iter().partition(|pending| !pending.done.is_closed());
        self.expected = entries.len();
        self.release(&withdrawn);
        let written = self.commit(&entries);
        self.answer(entries, &written);
        for request in work.requests {
            self.answer_request(request, &written);
        }
    }

    fn commit(&mut self, entries: &[Pending]) -> Written {
        if entries.is_empty() && self.removals.is_empty() && self.cursors.is_empty() {
            return Ok(());
        }
        let batch = Batch {
            removals: &self.removals,
            entries: entries.iter().map(|pending| &pending.entry).collect(),
            cursors: &self.cursors,
        };
        let store = match self.store.take() {
            Some(store) => store,
            None => Store::open(&self.shared.path)?,
        };
        // After a failure redb wants to be opened again, so the store is put back only if all went well.
        store.write(&batch)?;
        self.store = Some(store);
        self.removals.clear();
        self.cursors.clear();
        Ok(())
    }

    fn answer(&mut self, entries: Vec<Pending>, written: &Written) {
        if let Err(error) = written {
            tracing::warn!(%error, messages = entries.len(), "the durable outbox could not be written");
            self.release(&entries);
        }
        for pending in entries {
            let id = pending.entry.id.0;
            let unheard = pending.done.send(written.clone()).is_err();
            if unheard && written.is_ok() {
                self.shared.remove([id]);
            }
        }
    }

    fn answer_request(&mut self, request: Request, written: &Written) {
        // An answer that nobody waits for any more may be lost.
        match request {
            Request::Flush(done) => drop(done.send(written.clone())),
            Request::Load(done) => drop(done.send(self.read(Store::entries))),
            Request::Cursors(done) => drop(done.send(self.read(Store::cursors))),
        }
    }

    fn read<T>(
        &mut self,
        read: impl Fn(&Store) -> Result<T, OutboxError>,
    ) -> Result<T, OutboxError> {
        let store = match self.store.take() {
            Some(store) => store,
            None => Store::open(&self.shared.path)?,
        };
        let result = read(&store)?;
        self.store = Some(store);
        Ok(result)
    }

    fn release(&self, entries: &[Pending]) {
        let mut state = self.shared.lock();
        for pending in entries {
            state.release(pending.entry.id.0);
        }
    }
}

/// Waits for something urgent, or until what is lazy has waited long enough.
fn wait_for_work(shared: &Shared) -> MutexGuard<'_, State> {
    let idle = |state: &mut State| !state.has_urgent_work() && !state.has_lazy_work();
    let state = shared.work.wait_while(shared.lock(), idle);
    let mut state = state.unwrap_or_else(PoisonError::into_inner);
    let due = Instant::now() + LAZY_WAIT_MAX;
    while !state.has_urgent_work() {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        let waited = shared.work.wait_timeout(state, left);
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
    state
}

/// Says that the thread has ended, even if it panicked; whoever still waits is told.
#[derive(Debug)]
struct EndsWithThread(Arc<Shared>);

impl Drop for EndsWithThread {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closing = true;
        state.stopped = true;
        state.line.clear();
        state.requests.clear();
        state.held_until_end.clear();
        self.0.ended.notify_all();
    }
}
