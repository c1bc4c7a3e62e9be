//! What a client's handles, streams and task have in common.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use everlink_engine::{InputError, SendPolicy};
use everlink_wire::Message;
use futures_util::task::AtomicWaker;
use tokio::sync::watch;

use super::durable::Stored;
use super::options::Options;
use super::socketio::Parcel;
use super::state::{Outlets, State};
use crate::client::{SendError, Ticket};
use crate::outbox::Entry;

/// One client.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    /// Wakes the task.
    pub(crate) waker: Arc<AtomicWaker>,
    /// Whether the task lives, for those who wait for its end.
    pub(crate) running: watch::Sender<bool>,
    /// Senders that wait for room, one after the other.
    turnstile: tokio::sync::Mutex<()>,
    /// How many of them there are.
    waiting: AtomicUsize,
    /// Whether messages are stored before they are sent.
    pub(crate) is_durable: bool,
    pub(crate) outlets: Outlets,
    pub(crate) options: Arc<Options>,
}

impl Shared {
    pub(crate) fn new(state: State, waker: Arc<AtomicWaker>, options: Options) -> Self {
        Self {
            outlets: state.outlets.clone(),
            is_durable: state.durable.is_some(),
            state: Mutex::new(state),
            waker,
            running: watch::Sender::new(false),
            turnstile: tokio::sync::Mutex::new(()),
            waiting: AtomicUsize::new(0),
            options: Arc::new(options),
        }
    }

    /// Locks the state, for one short act.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a message or refuses it, at once. Messages of an earlier run go first.
    pub(crate) fn send(
        self: &Arc<Self>,
        message: &Message,
        policy: SendPolicy,
        entry: Option<&Entry>,
    ) -> Result<Ticket, SendError> {
        let mut state = self.lock();
        if state.is_behind() {
            return Err(if state.is_closed() {
                InputError::Closed.into()
            } else {
                SendError::Behind
            });
        }
        let (id, slot) = state.send(message.clone(), policy, entry)?;
        if let Some(sio) = state.socketio.as_mut().filter(|_| Parcel::asks(message)) {
            sio.awaits(id);
        }
        drop(state);
        self.waker.wake();
        Ok(Ticket::new(Arc::clone(self), id, slot))
    }

    /// Returns whether others wait for room. While nobody does, nobody has to line up.
    pub(crate) fn has_line(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }

    /// Waits until those who came before have found room; holds up those who come later until dropped.
    pub(crate) async fn line_up(&self) -> impl Sized {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let place = Place(&self.waiting);
        (self.turnstile.lock().await, place)
    }

    /// Stores a message that must survive the process; `None` where nothing is kept.
    pub(crate) async fn store(
        &self,
        message: &Message,
        policy: SendPolicy,
    ) -> Result<Option<Stored>, SendError> {
        if policy == SendPolicy::Volatile || !self.is_durable {
            return Ok(None);
        }
        let (outbox, entry) = {
            let mut state = self.lock();
            let closed = state.is_closed();
            let Some(durable) = &mut state.durable else { return Ok(None) };
            if closed {
                return Err(InputError::Closed.into());
            }
            (durable.outbox(), durable.entry(message, policy))
        };
        outbox.append(entry.clone()).await?;
        Ok(Some(Stored::new(outbox, entry)))
    }
}

/// A place in the line of those who wait for room; given up when dropped.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
