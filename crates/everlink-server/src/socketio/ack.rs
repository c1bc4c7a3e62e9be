//! Acknowledgements, both ways.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::args::Args;
use super::inbox::Command;
use super::socket::Socket;

/// Acknowledges an event of a client, once; dropped, it never does.
#[derive(Debug)]
pub struct AckSender {
    to: Option<(Socket, u64)>,
}

impl AckSender {
    pub(super) const fn new(to: Option<(Socket, u64)>) -> Self {
        Self { to }
    }

    /// Returns whether the client wants one.
    #[must_use]
    pub const fn is_wanted(&self) -> bool {
        self.to.is_some()
    }

    /// Acknowledges with these arguments. Nothing happens if the client wants none, or is gone.
    pub fn send(self, args: impl Into<Args>) {
        if let Some((socket, id)) = self.to {
            let (sid, args) = (socket.sid().clone(), args.into());
            socket.inbox().push(Command::Ack { sid, id, args });
        }
    }
}

/// An event was not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AckError {
    /// The acknowledgement did not come in time.
    #[error("the client did not acknowledge in time")]
    Timeout,
    /// The socket is gone.
    #[error("the socket is disconnected")]
    Disconnected,
    /// The event could not be sent.
    #[error(transparent)]
    Emit(#[from] EmitError),
}

/// An event was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// The name is one of those that libraries keep for themselves.
    #[error(
        "event {event:?} is reserved; accepted: any name but {:?}",
        everlink_wire::socketio::RESERVED_EVENTS
    )]
    #[non_exhaustive]
    Reserved {
        /// The name.
        event: String,
    },
    /// The socket is gone.
    #[error("the socket is disconnected")]
    Disconnected,
    /// Too much waits for this socket, or for too many acknowledgements.
    #[error("{what} of this socket: {max} wait already, the most that may")]
    #[non_exhaustive]
    Full {
        /// What waits.
        what: &'static str,
        /// How much may.
        max: usize,
    },
    /// It cannot be stored.
    #[error("the event cannot be stored: {why}")]
    #[non_exhaustive]
    Store {
        /// Why.
        why: String,
    },
}

/// Acknowledgements that a socket waits for.
#[derive(Debug, Default)]
pub(super) struct Acks(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    waiting: BTreeMap<u64, oneshot::Sender<Args>>,
    /// The last ones that have come.
    answered: BTreeSet<u64>,
}

impl Acks {
    /// Begins to wait under a number, or under the next one.
    pub(super) fn wait(
        &self,
        id: Option<u64>,
    ) -> Result<(u64, oneshot::Receiver<Args>), EmitError> {
        let mut inner = self.0.lock();
        if inner.waiting.len() >= ACKS_MAX {
            inner.waiting.retain(|_, sender| !sender.is_closed());
            if inner.waiting.len() >= ACKS_MAX {
                return Err(EmitError::Full { what: "acknowledgements", max: ACKS_MAX });
            }
        }
        let id = id.unwrap_or(inner.next);
        inner.next = inner.next.max(id) + 1;
        let (sender, receiver) = oneshot::channel();
        inner.waiting.insert(id, sender);
        Ok((id, receiver))
    }

    /// Numbers go on from here: those below were given before.
    pub(super) fn count_from(&self, next: u64) {
        let mut inner = self.0.lock();
        inner.next = inner.next.max(next);
    }

    /// Returns the number that comes next.
    pub(super) fn next(&self) -> u64 {
        self.0.lock().next
    }

    /// One has come.
    pub(super) fn came(&self, id: u64, args: Args) {
        self.answered([id]);
        let sender = self.0.lock().waiting.remove(&id);
        if let Some(sender) = sender {
            // Nobody may wait for it any more.
            let _ = sender.send(args);
        }
    }

    /// These have come, now or before.
    pub(super) fn answered(&self, ids: impl IntoIterator<Item = u64>) {
        let mut inner = self.0.lock();
        inner.answered.extend(ids);
        while inner.answered.len() > ANSWERED_MAX {
            inner.answered.pop_first();
        }
    }

    /// Returns whether one has come, though the log may not say so yet.
    pub(super) fn is_answered(&self, id: u64) -> bool {
        self.0.lock().answered.contains(&id)
    }

    pub(super) fn forget(&self, id: u64) {
        self.0.lock().waiting.remove(&id);
    }

    /// None will come any more.
    pub(super) fn clear(&self) {
        let dropped = std::mem::take(&mut self.0.lock().waiting);
        drop(dropped);
    }
}

/// Acknowledgements that one socket may wait for.
const ACKS_MAX: usize = 1024;

/// Acknowledgements that are remembered, so that their events are not sent again.
const ANSWERED_MAX: usize = 1024;
