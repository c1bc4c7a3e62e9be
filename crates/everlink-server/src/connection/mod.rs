//! The task of one connection: it owns the socket, and nothing else writes to it.
//!
//! A turn takes in what has come (news from others, bytes, answers), lets the session say what
//! follows, reads the rooms whose turn it is while the socket has room, and writes once. The task
//! is a future by hand rather than an `async` function, so that an idle one is as small as its fields.

mod attachments;
mod jobs;
mod news;
mod out;
mod outputs;
mod permissions;
mod publishes;
mod reading;
mod receive;
mod socket;
mod steps;
mod timer;
mod untraced;
mod wire;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use everlink_engine::server::{Request, Session, SessionConfig, SessionInput};
use everlink_engine::{AwayReason, Timestamp};
use everlink_wire::Message;
use tokio::time::Instant;

use self::attachments::Attachments;
use self::jobs::Jobs;
use self::permissions::{Asker, Permissions};
use self::publishes::Publishes;
pub(crate) use self::socket::{Came, Socket};
use self::timer::Timer;
pub(crate) use self::wire::Wire;
use crate::hooks::User;
use crate::limits::Seat;
use crate::node::{ClientKey, Mail, Mailbox, Node, Registered};
use crate::speech::{Closed, Name, Speech};
use crate::upgrade::RequestOrigin;

/// What a connection begins with.
pub(crate) struct Opened {
    pub(crate) socket: Socket,
    pub(crate) speech: Box<dyn Speech>,
    /// What only authentication asks for.
    pub(crate) origin: Box<RequestOrigin>,
    pub(crate) seat: Option<Seat>,
    /// What its session is set to, where that is not what all others are.
    pub(crate) config: Option<Arc<SessionConfig<Name>>>,
}

/// One connection of a client.
pub(crate) struct Connection {
    node: Arc<Node>,
    number: u64,
    mailbox: Arc<Mailbox>,
    mails: VecDeque<Mail>,
    socket: Socket,
    speech: Box<dyn Speech>,
    session: Session<Name, Message>,
    client: Option<Box<Client>>,
    /// Until the client is known.
    origin: Option<Box<RequestOrigin>>,
    attachments: Attachments,
    permissions: Permissions,
    publishes: Publishes,
    jobs: Jobs,
    seats: [Option<Seat>; 2],
    /// The user's messages exceed his quotas; nothing is read until then.
    slowed: Option<Timestamp>,
    congested: bool,
    /// There may be more to read from the socket than was read.
    unread: bool,
    /// The client has broken the protocol: nothing more is said once the close frame is written.
    failing: bool,
    /// How it ends, once that is known.
    closed: Option<Closed>,
    /// Its end has been told to others.
    left: bool,
    stage: Stage,
    timer: Timer,
    opened: Instant,
    /// When something last came or went; `None` while resting.
    active: Option<Timestamp>,
    /// The time of this turn.
    now: Timestamp,
}

/// Who is at the other end, once that is known.
#[derive(Debug)]
struct Client {
    name: Name,
    /// The producer of the greeting, as the log names it.
    producer: Name,
    suffix: Option<Name>,
    user: Arc<User>,
    /// It has been welcomed.
    welcomed: bool,
    /// It is the one that stands for its client, and counts in presence.
    attached: bool,
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    /// A close frame is sent, or on its way; its answer is waited for until then.
    Closing {
        code: u16,
        deadline: Timestamp,
        answered: bool,
    },
    Ended {
        code: u16,
    },
}

/// What a turn came to.
enum Turn {
    /// There may be more to do at once.
    Busy,
    /// Something has to happen first.
    Idle,
}

impl Connection {
    pub(crate) fn new(node: Arc<Node>, opened: Opened) -> Self {
        let Opened { socket, mut speech, origin, seat, config } = opened;
        let now = node.now();
        let config = config.unwrap_or_else(|| Arc::clone(&node.session_config));
        let mut session = Session::new(config, now);
        session.handle_input(now, SessionInput::ReturnWindow(node.return_window()));
        if let Some(hello) = speech.greeting() {
            let frame = Request::Hello(hello);
            session.handle_input(now, SessionInput::Frame { frame, bytes: 0 });
        }
        let mailbox = Arc::new(Mailbox::default());
        let number = node.number();
        node.clients.opened(&Registered { number, mailbox: Arc::clone(&mailbox) });
        if node.drain.left(now).is_some() {
            // It came while the drain began, and may not have been counted.
            let (reason, slot) = (AwayReason::Drain, Duration::ZERO);
            mailbox.push(Mail::Away { reason, slot, url: None });
        }
        Self {
            number,
            mailbox,
            mails: VecDeque::new(),
            socket,
            speech,
            session,
            client: None,
            origin: Some(origin),
            attachments: Attachments::default(),
            permissions: Permissions::default(),
            publishes: Publishes::default(),
            jobs: Jobs::default(),
            seats: [seat, None],
            slowed: None,
            congested: false,
            unread: true,
            failing: false,
            closed: None,
            left: false,
            stage: Stage::Open,
            timer: Timer::new(),
            opened: Instant::now(),
            active: Some(now),
            now,
            node,
        }
    }

    /// Does what can be done now.
    fn turn(&mut self, cx: &mut Context<'_>) -> Turn {
        self.pay();
        self.socket.begin_turn(self.now);
        self.take_mails(cx);
        self.receive(cx);
        if self.timer_fired() {
            self.input(SessionInput::Timeout);
        }
        self.poll_jobs(cx);
        self.poll_publishes(cx);
        self.carry_out();
        self.poll_steps(cx);
        self.read_rooms();
        self.write(cx);
        if self.has_more() { Turn::Busy } else { Turn::Idle }
    }

    /// Returns whether a turn has left something for the next that nothing else would wake the task for.
    fn has_more(&mut self) -> bool {
        self.carry_out()
            || self.may_receive()
            || self.may_read_rooms()
            || self.jobs.has_new()
            || self.publishes.has_new()
    }

    fn input(&mut self, input: SessionInput<Name, Message>) {
        self.session.handle_input(self.now, input);
    }

    /// Writes what waits.
    fn write(&mut self, cx: &mut Context<'_>) {
        let written = match self.socket.write(cx) {
            Ok(written) => written,
            Err(error) => {
                tracing::debug!(number = self.number, %error, "a write failed");
                self.ends(self.socket.lost());
                return self.end(ABRUPT);
            }
        };
        if written > 0 {
            self.node.counters.bytes_out.add(written as u64);
            self.active = Some(self.now);
        }
        if self.socket.is_congested() {
            if written > 0 || !self.congested {
                self.congested = true;
                self.input(SessionInput::Congested);
            }
        } else if std::mem::take(&mut self.congested) {
            self.input(SessionInput::Relieved);
        }
        if self.socket.waiting() == 0 && std::mem::take(&mut self.failing) {
            // Its answer is not waited for (RFC 6455, section 7.1.7), only its end.
            self.socket.shutdown(cx);
        }
        if let Stage::Closing { code, answered: true, .. } = self.stage
            && self.socket.waiting() == 0
        {
            self.socket.shutdown(cx);
            self.end(code);
        }
    }

    /// Begins the closing handshake (RFC 6455, section 7.1.2): the session is over.
    fn close(&mut self, code: u16, why: &str) {
        if self.stage == Stage::Open {
            self.ends(Closed::ByServer { code });
            let answers = self.socket.close(Some((code, why)));
            self.begin_closing(code, !answers);
        }
    }

    /// Notes how it ends; the first cause counts.
    fn ends(&mut self, closed: Closed) {
        self.closed.get_or_insert(closed);
    }

    fn begin_closing(&mut self, code: u16, answered: bool) {
        let deadline = self.now.after(CLOSE_TIMEOUT);
        self.stage = Stage::Closing { code, deadline, answered };
        self.leave();
    }

    /// Lets go of the socket.
    fn end(&mut self, code: u16) {
        let code = match self.stage {
            Stage::Closing { code, .. } | Stage::Ended { code } => code,
            Stage::Open => code,
        };
        self.stage = Stage::Ended { code };
        self.leave();
    }

    /// Leaves every channel and whatever else others see of the connection.
    fn leave(&mut self) {
        self.input(SessionInput::Gone);
        while self.session.poll_output().is_some() {}
        self.detach();
        self.attachments.clear();
        self.jobs.clear();
        self.publishes.clear();
        self.mailbox.close();
        self.mails.clear();
        self.slowed = None;
        if !std::mem::replace(&mut self.left, true) {
            self.speech.closed(self.closed.unwrap_or(Closed::Lost));
        }
    }

    /// The connection does not stand for its client any more.
    fn detach(&mut self) {
        for attachment in self.attachments.iter_mut() {
            attachment.exit();
        }
        if let Some(client) = self.client.as_mut().filter(|client| client.attached) {
            client.attached = false;
            let key = client.key();
            self.node.clients.detach(&key, self.number);
        }
    }

    fn asker(&self) -> Option<Asker> {
        let client = self.client.as_ref()?;
        Some(Asker { node: Arc::clone(&self.node), user: Arc::clone(&client.user) })
    }

    fn registered(&self) -> Registered {
        Registered { number: self.number, mailbox: Arc::clone(&self.mailbox) }
    }

    /// Gives back what an idle connection does not need.
    fn rest(&mut self) {
        self.active = None;
        self.socket.rest();
        self.speech.rest();
        self.session.release();
        self.mails = VecDeque::new();
        self.mailbox.rest();
        self.publishes.rest();
        self.attachments.rest();
    }
}

impl Client {
    fn key(&self) -> ClientKey {
        ClientKey { user: self.user.id().cloned(), client: Arc::clone(&self.name) }
    }
}

impl Future for Connection {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        for _ in 0..TURNS_MAX {
            this.now = this.node.now();
            let turn = this.turn(cx);
            if matches!(this.stage, Stage::Ended { .. }) {
                return Poll::Ready(());
            }
            if matches!(turn, Turn::Idle) && !this.timer_arm(cx) {
                return Poll::Pending;
            }
        }
        // Others have a right to the thread.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.end(ABRUPT);
        if let Stage::Ended { code } = self.stage {
            self.node.counters.meters.closed(code);
        }
        self.node.counters.meters.lifetime.record(self.opened.elapsed().as_secs_f64());
        self.node.clients.closed(self.number);
        self.node.drain.gone.notify_waiters();
    }
}

/// Stands for an end without a close frame (RFC 6455, section 7.1.5).
const ABRUPT: u16 = 1006;

/// How long the peer's close frame, and its end of the stream, are waited for (RFC 6455, section 7.1.1).
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// A connection that has been idle for so long holds no buffers.
const REST_AFTER: Duration = Duration::from_millis(200);

/// Turns before other tasks have their turn.
const TURNS_MAX: usize = 16;
