//! What handlers and tasks have to tell a connection.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Context;

use everlink_engine::Cursor;
use everlink_wire::Message;
use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::args::Args;
use super::entering::Entered;
use crate::hooks::Refusal;
use crate::log::Head;
use crate::speech::Name;

/// Something that a connection is to do for one of its sockets.
#[derive(Debug)]
pub(super) enum Command {
    /// A CONNECT was judged.
    Entered {
        number: u32,
        result: Result<Entered, Refused>,
    },
    /// What follows CONNECT's answer may begin.
    Begin {
        sid: Name,
    },
    /// An event for the client.
    Emit {
        sid: Name,
        emission: Emission,
    },
    /// An acknowledgement for the client.
    Ack {
        sid: Name,
        id: u64,
        args: Args,
    },
    Join {
        sid: Name,
        channel: Name,
        from: Cursor,
        done: Reply<Joined>,
    },
    Leave {
        sid: Name,
        channel: Name,
    },
    Publish {
        channel: Name,
        id: Option<String>,
        payload: Message,
        done: Reply<Stored>,
    },
    Volatile {
        channel: Name,
        key: Name,
        payload: Message,
    },
    Read {
        channel: Name,
        after: u64,
        limit: u32,
        done: Reply<Page>,
    },
    /// The server lets a socket go, or all of the connection.
    Disconnect {
        sid: Name,
        close: bool,
    },
    /// The socket has come again on another connection.
    TakenOver {
        sid: Name,
    },
}

/// An event on its way to a client.
#[derive(Clone, Debug)]
pub(super) struct Emission {
    pub(super) event: Name,
    pub(super) args: Args,
    pub(super) id: Option<u64>,
    pub(super) volatile: bool,
}

/// Where an answer goes; nobody may wait for it any more.
pub(super) type Reply<T> = oneshot::Sender<Result<T, Refusal>>;

/// Why a CONNECT is refused, as the client is told.
#[derive(Clone, Debug)]
pub(super) struct Refused(pub(super) String);

/// A room is read from here on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Joined {
    pub(super) epoch: u64,
    /// The last message in it.
    pub(super) head: u64,
    /// How many of them will follow.
    pub(super) replay: u64,
}

/// A message is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    /// Its name, as readers see it.
    pub(super) id: String,
    pub(super) offset: u64,
}

/// A page of history.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) head: Head,
    pub(super) messages: Vec<everlink_engine::server::Stored<Name, Message>>,
}

/// Where commands wait for a connection.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    inner: Mutex<Inner>,
    waker: AtomicWaker,
    running: AtomicUsize,
}

#[derive(Debug, Default)]
struct Inner {
    commands: VecDeque<Command>,
    emitted_bytes: usize,
    emitted: usize,
    closed: bool,
}

impl Inbox {
    /// Leaves a command. Returns whether there is anyone to take it.
    pub(super) fn push(&self, command: Command) -> bool {
        {
            let mut inner = self.inner.lock();
            if inner.closed {
                return false;
            }
            inner.commands.push_back(command);
        }
        self.waker.wake();
        true
    }

    /// Leaves an event, if there is room for it.
    pub(super) fn emit(&self, sid: &Name, emission: Emission) -> Emitted {
        let bytes = size(&emission);
        {
            let mut inner = self.inner.lock();
            if inner.closed {
                return Emitted::Gone;
            }
            let full = inner.emitted >= EMITS_MAX
                || (inner.emitted > 0 && inner.emitted_bytes + bytes > EMIT_BYTES_MAX);
            if full {
                return Emitted::Full;
            }
            inner.emitted += 1;
            inner.emitted_bytes += bytes;
            inner.commands.push_back(Command::Emit { sid: Name::clone(sid), emission });
        }
        self.waker.wake();
        Emitted::Queued
    }

    /// Takes the next command. Those that write wait unless there is `room`; whoever finds nothing is woken.
    pub(super) fn take(&self, cx: &Context<'_>, room: bool) -> Option<Command> {
        self.waker.register(cx.waker());
        let mut inner = self.inner.lock();
        let writes = matches!(inner.commands.front()?, Command::Emit { .. } | Command::Ack { .. });
        if writes && !room {
            return None;
        }
        let command = inner.commands.pop_front()?;
        if let Command::Emit { emission, .. } = &command {
            inner.emitted = inner.emitted.saturating_sub(1);
            inner.emitted_bytes = inner.emitted_bytes.saturating_sub(size(emission));
        }
        if inner.commands.is_empty() && inner.commands.capacity() > KEPT_COMMANDS {
            inner.commands = VecDeque::new();
        }
        Some(command)
    }

    /// Has the connection look again.
    pub(super) fn wake(&self) {
        self.waker.wake();
    }

    /// Gives back what nothing waits in.
    pub(super) fn rest(&self) {
        self.inner.lock().commands.shrink_to_fit();
    }

    /// Takes nothing more.
    pub(super) fn close(&self) {
        let mut inner = self.inner.lock();
        inner.closed = true;
        let dropped = std::mem::take(&mut inner.commands);
        drop(inner);
        drop(dropped);
    }

    pub(super) fn handler_began(&self) {
        self.running.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn handler_ended(&self) {
        if self.running.fetch_sub(1, Ordering::AcqRel) == HANDLERS_MAX {
            self.wake();
        }
    }

    /// Returns whether as many handlers run as may.
    pub(super) fn is_busy(&self) -> bool {
        self.running.load(Ordering::Acquire) >= HANDLERS_MAX
    }
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Emitted {
    Queued,
    Full,
    Gone,
}

fn size(emission: &Emission) -> usize {
    let attached: usize = emission.args.attachments().iter().map(bytes::Bytes::len).sum();
    emission.args.list().len() + emission.event.len() + attached
}

/// Events that wait to be written to one connection.
pub(super) const EMITS_MAX: usize = 1024;

/// Bytes in them; a single event may be larger.
pub(super) const EMIT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Handlers of one connection that run at once; beyond it nothing is read.
pub(super) const HANDLERS_MAX: usize = 64;

const KEPT_COMMANDS: usize = 32;
