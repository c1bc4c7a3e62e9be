//! What a client's handles, streams and task have in common.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use everlink_engine::SendPolicy;
use everlink_wire::Message;
use futures_util::task::AtomicWaker;
use tokio::sync::watch;

use super::options::Options;
use super::state::{Outlets, State};
use crate::client::{SendError, Ticket};

/// One client.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    /// Wakes the task.
    pub(crate) waker: Arc<AtomicWaker>,
    /// Whether the task lives, for those who wait for its end.
    pub(crate) running: watch::Sender<bool>,
    /// Senders that wait for room, one after the other.
    pub(crate) turnstile: tokio::sync::Mutex<()>,
    pub(crate) outlets: Outlets,
    pub(crate) options: Options,
}

impl Shared {
    pub(crate) fn new(state: State, waker: Arc<AtomicWaker>, options: Options) -> Self {
        Self {
            outlets: state.outlets.clone(),
            state: Mutex::new(state),
            waker,
            running: watch::Sender::new(false),
            turnstile: tokio::sync::Mutex::new(()),
            options,
        }
    }

    /// Locks the state, for one short act.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a message or refuses it, at once.
    pub(crate) fn send(
        self: &Arc<Self>,
        message: &Message,
        policy: SendPolicy,
    ) -> Result<Ticket, SendError> {
        self.options.codec.check(message)?;
        let (id, slot) = self.lock().send(message.clone(), policy)?;
        self.waker.wake();
        Ok(Ticket::new(Arc::clone(self), id, slot))
    }
}
