//! A program's hold on a session.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Waker};

use everlink_wire::Message;
use parking_lot::Mutex;

/// A session, for whoever wants to say something there. Cloning makes another handle of the same one.
#[derive(Clone)]
pub struct Link(Arc<Shared>);

struct Shared {
    number: u64,
    bytes_max: usize,
    outbox: Mutex<Outbox>,
}

#[derive(Default)]
struct Outbox {
    messages: VecDeque<Message>,
    bytes: usize,
    closing: bool,
    ended: bool,
    waker: Option<Waker>,
}

impl Link {
    pub(super) fn new(number: u64, bytes_max: usize) -> Self {
        Self(Arc::new(Shared { number, bytes_max, outbox: Mutex::default() }))
    }

    /// Returns a number that no other session of the server has.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// Says a message, after those that were said before.
    ///
    /// # Errors
    ///
    /// The session has ended, or its client takes too little: four times the largest payload waits already. The
    /// message is not said then.
    pub fn send(&self, message: impl Into<Message>) -> Result<(), SendError> {
        let message = message.into();
        let waker = {
            let mut outbox = self.0.outbox.lock();
            if outbox.ended || outbox.closing {
                return Err(SendError::Ended);
            }
            let bytes = outbox.bytes + message.len() + MESSAGE_BYTES;
            let bytes_max = self.0.bytes_max;
            if bytes > bytes_max {
                return Err(SendError::Full { waiting: outbox.bytes, bytes_max });
            }
            outbox.bytes = bytes;
            outbox.messages.push_back(message);
            outbox.waker.take()
        };
        wake(waker);
        Ok(())
    }

    /// Ends the session, once what was said before is on its way.
    pub fn close(&self) {
        let waker = {
            let mut outbox = self.0.outbox.lock();
            outbox.closing = true;
            outbox.waker.take()
        };
        wake(waker);
    }

    /// Takes what is to be said, and whether the session is to end after it.
    pub(super) fn take(&self) -> (VecDeque<Message>, bool) {
        let mut outbox = self.0.outbox.lock();
        outbox.bytes = 0;
        (std::mem::take(&mut outbox.messages), outbox.closing)
    }

    /// Asks to be woken by the next word.
    pub(super) fn watch(&self, cx: &Context<'_>) {
        let mut outbox = self.0.outbox.lock();
        match &mut outbox.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            None => outbox.waker = Some(cx.waker().clone()),
        }
    }

    /// Takes nothing more.
    pub(super) fn end(&self) {
        *self.0.outbox.lock() = Outbox { ended: true, ..Outbox::default() };
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("number", &self.0.number).finish_non_exhaustive()
    }
}

/// A message was not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The session has ended.
    #[error("the session has ended")]
    Ended,
    /// The client takes too little of what is said.
    #[error("{waiting} bytes wait for the client; accepted: up to {bytes_max} with this message")]
    #[non_exhaustive]
    Full {
        /// Bytes that wait.
        waiting: usize,
        /// The most that may.
        bytes_max: usize,
    },
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// What a waiting message takes beside its bytes.
const MESSAGE_BYTES: usize = 64;
