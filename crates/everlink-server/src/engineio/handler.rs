//! Engine.IO alone: a program's own handler above a session, without rooms and logs.

use std::collections::VecDeque;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use everlink_engine::Timestamp;
use everlink_engine::server::Code;
use everlink_wire::Message;
use everlink_wire::ws::Item;
use tokio::time::{Sleep, sleep_until};

use super::link::Link;
use super::session::Session;
use crate::connection::Came;
use crate::limits::Seat;
use crate::node::{Mail, Mailbox, Node, Registered};
use crate::speech::Closed;

/// What a program does with the sessions of an Engine.IO endpoint.
///
/// Each method is called on the session's task, one after the other, so that it should not block; a panic in
/// one ends its session alone.
///
/// # Examples
///
/// ```
/// use everlink_server::engineio::{EngineIo, Handler, Link};
/// use everlink_server::Server;
/// use everlink_wire::Message;
///
/// #[derive(Debug)]
/// struct Echo;
///
/// impl Handler for Echo {
///     fn on_message(&self, link: &Link, message: Message) {
///         if let Err(full) = link.send(message) {
///             link.close();
///             eprintln!("{full}");
///         }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::builder().build()?;
/// let router = server.engine_io_handler("/engine.io", &EngineIo::new(), Echo)?;
/// # drop(router);
/// # Ok(())
/// # }
/// ```
pub trait Handler: fmt::Debug + Send + Sync + 'static {
    /// A session has begun.
    fn on_open(&self, link: &Link) {
        let _ = link;
    }

    /// A message has come.
    fn on_message(&self, link: &Link, message: Message);

    /// A session has ended; nothing follows.
    fn on_close(&self, link: &Link, closed: Closed) {
        let _ = (link, closed);
    }
}

/// Carries one session until it ends.
pub(super) async fn serve(
    node: Arc<Node>,
    session: Box<Session>,
    handler: Arc<dyn Handler>,
    seat: Option<Seat>,
) {
    let mailbox = Arc::new(Mailbox::default());
    let number = node.number();
    node.clients.opened(&Registered { number, mailbox: Arc::clone(&mailbox) });
    let bytes_max = session.payload_max().saturating_mul(4);
    let link = Link::new(number, bytes_max);
    let mut task =
        Task { node, session, handler, mailbox, link, closing: None, sleep: None, _seat: seat };
    task.guarded(|handler, link| handler.on_open(link));
    std::future::poll_fn(|cx| task.poll(cx)).await;
}

struct Task {
    node: Arc<Node>,
    session: Box<Session>,
    handler: Arc<dyn Handler>,
    mailbox: Arc<Mailbox>,
    link: Link,
    closing: Option<Closing>,
    sleep: Option<Pin<Box<Sleep>>>,
    _seat: Option<Seat>,
}

/// How a session ends.
#[derive(Clone, Copy, Debug)]
struct Closing {
    closed: Closed,
    /// How long that may take.
    deadline: Timestamp,
    /// The client's word is not waited for.
    answered: bool,
}

impl Task {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..TURNS_MAX {
            match self.turn(cx) {
                Ok(true) => {}
                Ok(false) if self.arm(cx) => {}
                Ok(false) => return Poll::Pending,
                Err(closed) => {
                    let (deadline, answered) = (self.node.now(), true);
                    self.closing.get_or_insert(Closing { closed, deadline, answered });
                    return Poll::Ready(());
                }
            }
        }
        // Others have a right to the thread.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Does what can be done now. Returns whether there may be more.
    fn turn(&mut self, cx: &mut Context<'_>) -> Result<bool, Closed> {
        let now = self.node.now();
        self.session.begin_turn(now);
        self.take_mails(cx)?;
        let mut busy = self.receive(cx)?;
        if self.closing.is_some_and(|closing| closing.deadline <= now) {
            return Err(Closed::Lost);
        }
        if self.closing.is_none() && self.session.tick(true) {
            // Whoever polls later finds the session gone.
            if self.session.wire().is_none() {
                return Err(Closed::Silent);
            }
            self.close(Closed::Silent, Code::Silence.close(), Code::Silence.why());
        }
        busy |= self.take_outbox(cx);
        let is_full = !self.reads();
        let written = self.session.write(cx).map_err(|_| self.session.lost())?;
        if is_full && written > 0 {
            // Its answer may be among what is not read meanwhile.
            self.session.heard();
            busy |= self.reads();
        }
        if self.session.waiting() == 0 && self.closing.is_some_and(|closing| closing.answered) {
            if let Some(wire) = self.session.wire() {
                wire.shutdown(cx);
            }
            return Err(Closed::Lost);
        }
        Ok(busy)
    }

    /// Returns whether the client is read: it is not while it takes too little itself.
    fn reads(&self) -> bool {
        self.session.waiting() < OUT_FULL
    }

    fn receive(&mut self, cx: &mut Context<'_>) -> Result<bool, Closed> {
        for _ in 0..READS_MAX {
            loop {
                if self.closing.is_none() {
                    self.take_outbox(cx);
                    if !self.reads() {
                        return Ok(false);
                    }
                }
                match self.session.next_item() {
                    Ok(None) => break,
                    Ok(Some(came)) => self.came(came)?,
                    Err(breach) => {
                        tracing::debug!(error = %breach, "a client of Engine.IO breaks the rules");
                        self.close(Closed::Broken, breach.close_code(), &breach.to_string());
                        return Ok(true);
                    }
                }
            }
            match self.session.poll_read(cx) {
                Poll::Pending => return Ok(false),
                Poll::Ready(Ok(count)) if count > 0 => {}
                Poll::Ready(_) => return Err(self.session.lost()),
            }
        }
        Ok(true)
    }

    fn came(&mut self, came: Came) -> Result<(), Closed> {
        let message = match came {
            Came::Bye => {
                self.close(Closed::ByClient, NORMAL, "");
                return Ok(());
            }
            Came::Item(Item::Close(_)) if self.closing.is_some() => return Err(Closed::ByClient),
            Came::Item(Item::Close(close)) => {
                self.end(Closed::ByClient, close.map(|close| (close.code, "")), true);
                return Ok(());
            }
            Came::Item(Item::Text(text)) => Message::Text(text),
            Came::Item(Item::Binary(bytes)) => Message::Binary(bytes),
            Came::Item(Item::Ping(_) | Item::Pong(_)) => return Ok(()),
        };
        if self.closing.is_none() {
            self.guarded(|handler, link| handler.on_message(link, message));
        }
        Ok(())
    }

    /// Says what the program wants said. Returns whether it was something.
    fn take_outbox(&mut self, cx: &Context<'_>) -> bool {
        self.link.watch(cx);
        if self.closing.is_some() || !self.reads() {
            return false;
        }
        let (messages, closing) = self.link.take();
        let busy = !messages.is_empty();
        for message in messages {
            self.session.send_message(message);
        }
        if closing {
            self.close(Closed::ByServer { code: NORMAL }, NORMAL, "");
        }
        busy
    }

    fn take_mails(&mut self, cx: &Context<'_>) -> Result<(), Closed> {
        let mut mails = VecDeque::new();
        self.mailbox.take(cx, &mut mails);
        for mail in mails {
            match mail {
                // There are no words for a slot here: the client comes back at once, to another node.
                Mail::Away { .. } => {
                    let code = Code::Restart;
                    self.close(Closed::ByServer { code: code.close() }, code.close(), code.why());
                }
                Mail::Cut { code } => {
                    self.close(Closed::ByServer { code: code.close() }, code.close(), code.why());
                }
                Mail::Sever => return Err(Closed::Lost),
                Mail::Advanced(_)
                | Mail::Retained(_)
                | Mail::Volatile(_)
                | Mail::Stored(..)
                | Mail::TakenOver => {}
            }
        }
        Ok(())
    }

    fn close(&mut self, closed: Closed, code: u16, why: &str) {
        self.end(closed, Some((code, why)), false);
    }

    fn end(&mut self, closed: Closed, close: Option<(u16, &str)>, answered: bool) {
        if self.closing.is_none() {
            let answers = self.session.close(close);
            let deadline = self.node.now().after(CLOSE_TIMEOUT);
            self.closing = Some(Closing { closed, deadline, answered: answered || !answers });
            self.link.end();
        }
    }

    /// Returns whether a deadline has passed.
    fn arm(&mut self, cx: &mut Context<'_>) -> bool {
        let at = match self.closing {
            Some(closing) => closing.deadline,
            None => self.session.poll_timeout(),
        };
        let at = self.node.instant(at);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if sleep.deadline() != at {
            sleep.as_mut().reset(at);
        }
        sleep.as_mut().poll(cx).is_ready()
    }

    /// Contains a panic of the program.
    fn guarded(&mut self, call: impl FnOnce(&dyn Handler, &Link)) {
        let (handler, link) = (Arc::clone(&self.handler), self.link.clone());
        if std::panic::catch_unwind(AssertUnwindSafe(|| call(&*handler, &link))).is_err() {
            tracing::error!("a handler of the application panicked");
            let code = Code::Internal;
            self.close(Closed::ByServer { code: code.close() }, code.close(), code.why());
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        let closed = self.closing.map_or(Closed::Lost, |closing| closing.closed);
        self.link.end();
        self.guarded(|handler, link| handler.on_close(link, closed));
        self.mailbox.close();
        self.node.clients.closed(self.link.number());
        self.node.drain.gone.notify_waiters();
    }
}

/// Everything is as it should be (RFC 6455, section 7.4.1).
const NORMAL: u16 = 1000;

/// How long the peer's answer to a close is waited for.
const CLOSE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(1);

/// The client is not read, and nothing more is said, while so much waits.
const OUT_FULL: usize = 64 * 1024;

/// Reads before something else has its turn.
const READS_MAX: usize = 8;

/// Turns before other tasks have theirs.
const TURNS_MAX: usize = 16;
