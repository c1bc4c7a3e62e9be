//! Where the requests of a client that polls and its session meet.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Waker};

use bytes::Bytes;
use everlink_engine::Timestamp;
use everlink_wire::engineio::Packet;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::connection::Wire;

/// Where the requests of one client leave what they bring, and wait for what they get.
#[derive(Default)]
pub(crate) struct Polls {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    stage: Stage,
    news: News,
    /// A body is being received, or was not taken yet.
    posting: bool,
    /// A GET that waits for its answer.
    poll: Option<oneshot::Sender<Bytes>>,
    /// From when on the client is silent.
    deadline: Option<Timestamp>,
    waker: Option<Waker>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Polling,
    /// A WebSocket has been opened for the session.
    Upgrading,
    Upgraded,
    Ended,
}

/// What the requests have brought.
#[derive(Default)]
pub(super) struct News {
    pub(super) packets: VecDeque<Packet>,
    /// The bytes of them.
    pub(super) bytes: usize,
    /// Is told once they are taken.
    pub(super) taken: Option<oneshot::Sender<()>>,
    /// A WebSocket to which the session may go over.
    pub(super) candidate: Option<Box<Wire>>,
    pub(super) fault: Option<Fault>,
}

/// What ends a session that polls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Two requests of a kind at once.
    Overlap,
    /// A body that is not understood.
    Body,
    /// An answer that did not reach the client, or a request that was cut off.
    Lost,
}

/// Why a request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The session has ended.
    Ended,
    /// The session has gone over to a WebSocket.
    Upgraded,
    /// Another one of the kind is under way: the session ends with that.
    Overlap,
}

impl Polls {
    /// A GET waits for packets. One that comes too late finds the session gone, though its timer may not have
    /// gone off yet.
    pub(super) fn poll(&self, now: Timestamp) -> Result<oneshot::Receiver<Bytes>, Refused> {
        let (sender, receiver) = oneshot::channel();
        let mut inner = self.inner.lock();
        inner.check()?;
        if inner.deadline.is_some_and(|deadline| deadline <= now) {
            return Err(Refused::Ended);
        }
        // The request of one that was cut off is noticed by the connection's end, and here.
        if inner.poll.is_some() {
            inner.fault(Fault::Overlap);
            return Err(Refused::Overlap);
        }
        inner.poll = Some(sender);
        inner.wake();
        Ok(receiver)
    }

    /// A POST begins. It ends when what is returned is dropped.
    pub(super) fn post(self: &Arc<Self>) -> Result<Posting, Refused> {
        let mut inner = self.inner.lock();
        inner.check()?;
        if std::mem::replace(&mut inner.posting, true) {
            inner.fault(Fault::Overlap);
            return Err(Refused::Overlap);
        }
        Ok(Posting { polls: Arc::clone(self), is_done: false })
    }

    /// The session ends with this.
    pub(super) fn fault(&self, fault: Fault) {
        self.inner.lock().fault(fault);
    }

    /// Reserves the change to a WebSocket; there is one at a time, and none after it has come about.
    pub(super) fn begin_upgrade(&self) -> bool {
        let mut inner = self.inner.lock();
        let free = inner.stage == Stage::Polling;
        if free {
            inner.stage = Stage::Upgrading;
        }
        free
    }

    /// A WebSocket has been opened for the session, or could not be.
    pub(super) fn opened(&self, candidate: Option<Box<Wire>>) {
        let mut inner = self.inner.lock();
        if inner.stage == Stage::Upgrading {
            match candidate {
                Some(candidate) => inner.news.candidate = Some(candidate),
                None => inner.stage = Stage::Polling,
            }
            inner.wake();
        }
    }

    /// The session has not gone over to its WebSocket, and polls on.
    pub(super) fn upgrade_failed(&self) {
        let mut inner = self.inner.lock();
        if inner.stage == Stage::Upgrading {
            inner.stage = Stage::Polling;
        }
    }

    /// The session has gone over to its WebSocket. A GET that waits all the same is refused, as one that comes
    /// later is: clients have none open when they go over.
    pub(super) fn upgraded(&self) {
        let mut inner = self.inner.lock();
        inner.stage = Stage::Upgraded;
        inner.waker = None;
        inner.poll = None;
    }

    /// Returns why a GET that waited was not answered.
    pub(super) fn why_refused(&self) -> Refused {
        self.inner.lock().check().err().unwrap_or(Refused::Ended)
    }

    /// Takes what has come, and asks to be woken by more.
    pub(super) fn take(&self, cx: &Context<'_>) -> News {
        let mut inner = self.inner.lock();
        inner.watch(cx);
        std::mem::take(&mut inner.news)
    }

    /// Answers the GET that waits. Returns whether there was one; if not, the next one wakes the session.
    pub(super) fn answer(&self, cx: &Context<'_>, body: impl FnOnce() -> Option<Bytes>) -> bool {
        let mut inner = self.inner.lock();
        inner.watch(cx);
        if inner.poll.is_none() {
            return false;
        }
        let Some(body) = body() else {
            return false;
        };
        let answered = inner.poll.take().is_some_and(|poll| poll.send(body).is_ok());
        if !answered {
            inner.fault(Fault::Lost);
        }
        answered
    }

    /// The client must show by then that it is there.
    pub(super) fn expect(&self, deadline: Option<Timestamp>) {
        self.inner.lock().deadline = deadline;
    }

    pub(super) fn is_polled(&self) -> bool {
        self.inner.lock().poll.is_some()
    }

    /// Nothing is taken any more; a GET that waits gets this.
    pub(super) fn end(&self, last: &'static str) {
        let mut inner = self.inner.lock();
        inner.stage = Stage::Ended;
        inner.news = News::default();
        inner.waker = None;
        if let Some(poll) = inner.poll.take() {
            // Whoever has gone need not be told.
            let _ = poll.send(Bytes::from_static(last.as_bytes()));
        }
    }
}

impl Inner {
    const fn check(&self) -> Result<(), Refused> {
        match self.stage {
            Stage::Polling | Stage::Upgrading => Ok(()),
            Stage::Upgraded => Err(Refused::Upgraded),
            Stage::Ended => Err(Refused::Ended),
        }
    }

    fn fault(&mut self, fault: Fault) {
        self.news.fault.get_or_insert(fault);
        self.wake();
    }

    fn watch(&mut self, cx: &Context<'_>) {
        match &mut self.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            None => self.waker = Some(cx.waker().clone()),
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// A POST under way. What was dropped before it was done has been cut off, and ends the session.
pub(super) struct Posting {
    polls: Arc<Polls>,
    is_done: bool,
}

impl Posting {
    /// Leaves what the body holds. The client is answered once the session has taken it, so that it sends no
    /// faster than it is read.
    pub(super) fn leave(&self, packets: VecDeque<Packet>, bytes: usize) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut inner = self.polls.inner.lock();
        if inner.check().is_ok() {
            inner.news.packets = packets;
            inner.news.bytes = bytes;
            inner.news.taken = Some(sender);
            inner.wake();
        }
        receiver
    }

    /// It can be answered.
    pub(super) fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for Posting {
    fn drop(&mut self) {
        let mut inner = self.polls.inner.lock();
        inner.posting = false;
        if !self.is_done {
            inner.fault(Fault::Lost);
        }
    }
}
