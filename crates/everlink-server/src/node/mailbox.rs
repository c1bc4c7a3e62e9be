//! What others have to tell a connection.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use everlink_engine::AwayReason;
use parking_lot::Mutex;

use super::shared::Shared;
use crate::log::{Appended, LogError};

/// A piece of news for a connection.
#[derive(Debug)]
pub(crate) enum Mail {
    /// More can be read in an attachment.
    Advanced(AttachmentKey),
    /// A retained value of an attachment has changed.
    Retained(AttachmentKey),
    /// A value that is not kept.
    Volatile(Arc<Shared>),
    /// What became of an append.
    Stored(AppendTicket, Result<Appended, LogError>),
    /// The server asks its clients to go.
    Away { reason: AwayReason, slot: Duration },
    /// The same client has come again.
    TakenOver,
    /// The connection ends now.
    Cut { code: u16, why: &'static str },
}

/// Numbers the attachments of a connection.
pub(crate) type AttachmentKey = u32;

/// Numbers the appends of a connection.
pub(crate) type AppendTicket = u64;

/// Where others leave news for a connection. One wake-up is enough for all that is in it.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    mails: VecDeque<Mail>,
    /// Of the mails: those that may be dropped.
    volatile: usize,
    dropped: u64,
    closed: bool,
    waker: Option<Waker>,
}

impl Mailbox {
    /// Leaves a piece of news. Of volatile values only the newest [`VOLATILE_MAX`] wait.
    pub(crate) fn push(&self, mail: Mail) {
        let waker = {
            let mut inner = self.inner.lock();
            if inner.closed {
                return;
            }
            if matches!(mail, Mail::Volatile(_)) {
                inner.make_room_for_volatile();
            }
            inner.mails.push_back(mail);
            inner.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Moves all news into an empty buffer, and asks to be woken by the next.
    pub(crate) fn take(&self, cx: &Context<'_>, into: &mut VecDeque<Mail>) {
        let mut inner = self.inner.lock();
        inner.volatile = 0;
        std::mem::swap(&mut inner.mails, into);
        match &mut inner.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            None => inner.waker = Some(cx.waker().clone()),
        }
    }

    /// Gives memory back that only a busy connection needs.
    pub(crate) fn rest(&self) {
        self.inner.lock().mails.shrink_to_fit();
    }

    /// Takes nothing more.
    pub(crate) fn close(&self) {
        let mut inner = self.inner.lock();
        inner.closed = true;
        inner.mails = VecDeque::new();
        inner.waker = None;
    }
}

impl Inner {
    fn make_room_for_volatile(&mut self) {
        if self.volatile < VOLATILE_MAX {
            self.volatile += 1;
            return;
        }
        let oldest = self.mails.iter().position(|mail| matches!(mail, Mail::Volatile(_)));
        if let Some(oldest) = oldest {
            self.mails.remove(oldest);
            self.dropped += 1;
        }
    }
}

/// One connection in a room.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) key: AttachmentKey,
    /// News of this kind waits already.
    advanced: AtomicBool,
    retained: AtomicBool,
}

impl Reader {
    pub(crate) const fn new(mailbox: Arc<Mailbox>, key: AttachmentKey) -> Self {
        Self {
            mailbox,
            key,
            advanced: AtomicBool::new(false),
            retained: AtomicBool::new(false),
        }
    }

    pub(crate) fn tell_advanced(&self) {
        if !self.advanced.swap(true, Ordering::AcqRel) {
            self.mailbox.push(Mail::Advanced(self.key));
        }
    }

    /// To be called before the room is looked at.
    pub(crate) fn heard_advanced(&self) {
        self.advanced.store(false, Ordering::Release);
    }

    pub(crate) fn tell_retained(&self) {
        if !self.retained.swap(true, Ordering::AcqRel) {
            self.mailbox.push(Mail::Retained(self.key));
        }
    }

    /// To be called before the values are looked at.
    pub(crate) fn heard_retained(&self) {
        self.retained.store(false, Ordering::Release);
    }
}

/// Volatile values that wait for one connection; beyond that the oldest is dropped.
pub(crate) const VOLATILE_MAX: usize = 64;
