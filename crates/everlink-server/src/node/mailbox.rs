//! What others have to tell a connection.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use everlink_engine::AwayReason;
use everlink_engine::server::Code;
use parking_lot::Mutex;

use super::shared::Shared;
use crate::log::{Appended, LogError};
use crate::speech::Name;

/// A piece of news for a connection.
#[derive(Debug)]
pub(crate) enum Mail {
    /// More can be read.
    Advanced(Arc<Reader>),
    /// A retained value has changed.
    Retained(Arc<Reader>),
    /// A value that is not kept.
    Volatile(Arc<Shared>),
    /// What became of an append.
    Stored(AppendTicket, Result<Appended, LogError>),
    /// The server asks its clients to go.
    Away { reason: AwayReason, slot: Duration, url: Option<Name> },
    /// The same client has come again.
    TakenOver,
    /// The connection ends now.
    Cut { code: Code },
    /// The socket is let go of without a word.
    Sever,
}

/// Numbers the appends of a connection.
pub(crate) type AppendTicket = usize;

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

    /// Moves the volatile values that wait, and leaves the rest.
    pub(crate) fn take_volatile(&self, into: &mut Vec<Arc<Shared>>) {
        let mut inner = self.inner.lock();
        inner.volatile = 0;
        take_volatile(&mut inner.mails, into);
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
        }
    }
}

/// Moves the volatile values out of news, in their order.
pub(crate) fn take_volatile(mails: &mut VecDeque<Mail>, into: &mut Vec<Arc<Shared>>) {
    mails.retain(|mail| {
        let Mail::Volatile(shared) = mail else {
            return true;
        };
        into.push(Arc::clone(shared));
        false
    });
}

/// One connection in a room.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) channel: Name,
    /// News of this kind waits already.
    advanced: AtomicBool,
    retained: AtomicBool,
}

impl Reader {
    pub(crate) const fn new(mailbox: Arc<Mailbox>, channel: Name) -> Self {
        Self {
            mailbox,
            channel,
            advanced: AtomicBool::new(false),
            retained: AtomicBool::new(false),
        }
    }

    pub(crate) fn tell_advanced(self: &Arc<Self>) {
        if !self.advanced.swap(true, Ordering::AcqRel) {
            self.mailbox.push(Mail::Advanced(Arc::clone(self)));
        }
    }

    /// To be called before the room is looked at.
    pub(crate) fn heard_advanced(&self) {
        self.advanced.store(false, Ordering::Release);
    }

    pub(crate) fn tell_retained(self: &Arc<Self>) {
        if !self.retained.swap(true, Ordering::AcqRel) {
            self.mailbox.push(Mail::Retained(Arc::clone(self)));
        }
    }

    /// To be called before the values are looked at.
    pub(crate) fn heard_retained(&self) {
        self.retained.store(false, Ordering::Release);
    }
}

/// Volatile values that wait for one connection; beyond that the oldest is dropped.
pub(crate) const VOLATILE_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use std::task::Wake;

    use everlink_engine::server::Reply;
    use everlink_wire::Message;

    use super::*;

    #[derive(Default)]
    struct Woken(std::sync::atomic::AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn volatile(number: usize) -> Mail {
        let payload = Message::from(number.to_string());
        let (channel, key, user) = ("room".into(), "k".into(), None);
        Mail::Volatile(Arc::new(Shared::new(Reply::Volatile { channel, key, user, payload })))
    }

    #[test]
    fn one_wake_up_is_enough_for_all_that_is_left() {
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let (mailbox, mut mails) = (Mailbox::default(), VecDeque::new());
        mailbox.take(&Context::from_waker(&waker), &mut mails);
        for _ in 0..5 {
            mailbox.push(Mail::TakenOver);
        }
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        mailbox.take(&Context::from_waker(&waker), &mut mails);
        assert_eq!(mails.len(), 5);
        mailbox.push(Mail::TakenOver);
        assert_eq!(woken.0.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn of_volatile_values_the_newest_wait_and_nothing_else_is_dropped() {
        let (mailbox, mut mails) = (Mailbox::default(), VecDeque::new());
        mailbox.push(Mail::TakenOver);
        for number in 0..VOLATILE_MAX + 10 {
            mailbox.push(volatile(number));
        }
        mailbox.take(&Context::from_waker(Waker::noop()), &mut mails);
        assert_eq!(mails.len(), 1 + VOLATILE_MAX);
        assert!(matches!(mails[0], Mail::TakenOver));
        let Mail::Volatile(oldest) = &mails[1] else { panic!("not a value") };
        assert!(
            matches!(oldest.reply(), Reply::Volatile { payload, .. } if payload.as_text() == Some("10"))
        );
    }

    #[test]
    fn a_reader_is_told_once_until_it_has_heard() {
        let mailbox = Arc::new(Mailbox::default());
        let reader = Arc::new(Reader::new(Arc::clone(&mailbox), "room".into()));
        let mut mails = VecDeque::new();
        for _ in 0..3 {
            reader.tell_advanced();
        }
        mailbox.take(&Context::from_waker(Waker::noop()), &mut mails);
        assert_eq!(mails.len(), 1);
        mails.clear();
        reader.heard_advanced();
        reader.tell_advanced();
        mailbox.take(&Context::from_waker(Waker::noop()), &mut mails);
        assert_eq!(mails.len(), 1);
    }
}
