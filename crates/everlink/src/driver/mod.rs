//! The task that owns a client's sockets. It holds I/O and no policy: every rule about
//! reconnecting is the engine's.

mod clock;
mod cursors;
mod dials;
mod durable;
mod elsewhere;
mod feed;
mod keys;
mod linger;
mod metrics;
mod news;
mod options;
mod publish;
mod queue;
mod reader;
mod receive;
mod renewal;
mod routes;
mod shared;
mod socketio;
mod staging;
mod state;
mod tickets;
mod transport;
mod turns;
mod v1;

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use everlink_engine::{HangUp, Input, News, TransportId};
use tokio::time::{Instant, Sleep, sleep_until};

use clock::SLEEP_CHECK;
use dials::Dials;
use linger::Linger;
use publish::Publisher;
use receive::Budget;
use state::Work;
use transport::{Ended, Transport, Wrote};

use crate::client::Event;

pub(crate) use cursors::CursorStore;
pub(crate) use durable::{Durable, Stored, block_on};
pub(crate) use feed::{Listener, Tap};
pub use keys::masking_keys;
pub(crate) use keys::seed;
pub use metrics::{METRICS, Metric, MetricKind, metrics_reference};
pub(crate) use options::{Classify, Options};
pub(crate) use queue::Queue;
pub(crate) use reader::{Arrival, Mark, Reader};
pub use routes::ChannelMessage;
pub(crate) use routes::Route;
pub(crate) use shared::Shared;
pub(crate) use socketio::{Join, Parcel, Question, Role, SocketIo};
pub(crate) use state::{Outlets, State};
pub use turns::DialLimit;
pub(crate) use v1::V1;

/// Starts the task of a client, unless it lives. The caller has checked that there is a runtime.
pub(crate) fn start(shared: &Arc<Shared>, runtime: &tokio::runtime::Handle) {
    let mut state = shared.lock();
    if state.running {
        return;
    }
    state.running = true;
    shared.running.send_replace(true);
    let driver = Driver::new(Arc::clone(shared), &state);
    drop(state);
    runtime.spawn(driver.run());
}

/// One turn after the other: take what came, tell the engine, carry out what it asks, write once.
struct Driver {
    shared: Arc<Shared>,
    work: VecDeque<Work>,
    dials: Dials,
    transports: Vec<Transport>,
    linger: Linger,
    timer: Option<Pin<Box<Sleep>>>,
    publisher: Publisher,
    ended: bool,
}

impl Driver {
    fn new(shared: Arc<Shared>, state: &State) -> Self {
        let publisher = Publisher::new(&shared.options.name, state);
        Self {
            shared,
            work: VecDeque::new(),
            dials: Dials::default(),
            transports: Vec::new(),
            linger: Linger::default(),
            timer: None,
            publisher,
            ended: false,
        }
    }

    async fn run(mut self) {
        poll_fn(|cx| self.poll(cx)).await;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.shared.waker.register(cx.waker());
        let mut budget = Budget::FULL;
        for _ in 0..TURNS_MAX {
            if self.turn(cx, &mut budget) {
                if budget.is_spent() {
                    break;
                }
                continue;
            }
            self.publisher.publish(&self.shared);
            if self.finish() {
                return Poll::Ready(());
            }
            if self.arm(cx) {
                return Poll::Pending;
            }
        }
        self.publisher.publish(&self.shared);
        // Others want to run too.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Takes one turn; returns whether another one may find something to do. News goes before
    /// time: a late timer must not kill a link that is alive.
    fn turn(&mut self, cx: &mut Context<'_>, budget: &mut Budget) -> bool {
        let mut busy = self.take_dials(cx);
        busy |= self.read_all(cx, budget);
        self.tell_time();
        busy |= self.renew(cx);
        busy |= self.carry_out();
        busy |= self.write_all(cx);
        self.linger.poll(cx);
        busy
    }

    fn take_dials(&mut self, cx: &mut Context<'_>) -> bool {
        let mut busy = false;
        while let Some((id, result)) = self.dials.poll(cx) {
            busy = true;
            match result {
                Ok(dialed) => {
                    self.publisher.opened(id, &dialed.opened);
                    // Most clients have one, and an unused place costs as much as a used one.
                    self.transports.reserve_exact(1);
                    self.transports.push(Transport::new(id, dialed, &self.shared.options));
                    self.shared.lock().report(id, News::Opened);
                }
                Err(failed) => {
                    let verdict = self.shared.options.classify(failed.failure, &failed.detail);
                    let mut state = self.shared.lock();
                    state.gone(id, false, failed.failure, verdict, &failed.detail);
                }
            }
        }
        busy
    }

    fn read_all(&mut self, cx: &mut Context<'_>, budget: &mut Budget) -> bool {
        let mut busy = false;
        let mut at = 0;
        while let Some(transport) = self.transports.get_mut(at) {
            let was_resting = transport.is_resting();
            match receive::read(transport, &self.shared, cx, budget) {
                Ok(read) => {
                    busy |= read;
                    at += 1;
                    if transport.is_resting() && !was_resting {
                        self.work.shrink_to_fit();
                        self.publisher.rest();
                        self.shared.lock().rest();
                    }
                }
                Err(ended) => {
                    busy = true;
                    let transport = self.transports.swap_remove(at);
                    self.lost(transport, ended);
                }
            }
        }
        busy
    }

    /// A transport is gone: its socket is closed, or lingers for the peer's end.
    fn lost(&mut self, mut transport: Transport, ended: Ended) {
        let id = transport.id;
        transport.paused = false;
        if ended.orderly {
            let (io, out) = transport.into_rest();
            self.linger.add(io, out, self.shared.options.close_timeout);
        } else {
            drop(transport);
        }
        let verdict = self.shared.options.classify(ended.failure, &ended.detail);
        let mut state = self.shared.lock();
        state.gone(id, true, ended.failure, verdict, &ended.detail);
    }

    fn tell_time(&mut self) {
        let mut state = self.shared.lock();
        state.resume_taken();
        let mut now = state.clock.now();
        if state.clock.woke(now) {
            let woken = state.input(Input::Woke);
            debug_assert!(woken.is_ok(), "only sends and subscriptions can fail");
            now = state.clock.now();
        }
        if state.engine.poll_timeout().is_some_and(|(deadline, _)| deadline <= now) {
            let timed_out = state.input(Input::Timeout);
            debug_assert!(timed_out.is_ok(), "only sends and subscriptions can fail");
        }
    }

    /// Shows fresh credentials where the old ones come to their end.
    fn renew(&mut self, cx: &mut Context<'_>) -> bool {
        let mut busy = false;
        for transport in &mut self.transports {
            if let Some(lasts) = transport.speech.take_renewed() {
                transport.renewal.lasts(lasts);
            }
            let Poll::Ready(answer) = transport.renewal.poll(cx, &self.shared.options) else {
                continue;
            };
            busy = true;
            let mut state = self.shared.lock();
            let token = answer.and_then(|fresh| {
                let lasts = fresh.lasts();
                let (_, token) = fresh.into_parts(true)?;
                Ok((token.ok_or("the source of credentials gave no token")?, lasts))
            });
            match (token, &state.v1) {
                (Ok((token, lasts)), Some(v1)) => {
                    transport.renewal.lasts(lasts);
                    if let Some(message) = transport.speech.authenticate(token, v1) {
                        transport.say(&message);
                    }
                }
                (Ok(_), None) => {}
                (Err(error), _) => {
                    state.news.push(Event::CredentialsFailed { error: error.into() });
                }
            }
        }
        busy
    }

    /// Carries out what the engine asked for; frames are encoded, and written together later.
    fn carry_out(&mut self) -> bool {
        let shared = Arc::clone(&self.shared);
        let state = &mut *shared.lock();
        std::mem::swap(&mut self.work, &mut state.work);
        let busy = !self.work.is_empty();
        while let Some(work) = self.work.pop_front() {
            match work {
                Work::Dial(dial) => {
                    let turn = shared.options.dial_limit.as_ref().map(DialLimit::turn);
                    let wait = turn.as_ref().map(|turn| turn.wait).unwrap_or_default();
                    if !wait.is_zero() {
                        let until = state.clock.now().after(wait);
                        state.report(dial.transport, News::Deferred { until });
                        tracing::info!(client = %shared.options.name, ?wait, "dial waits for its turn");
                    }
                    self.dials.start(&shared, dial, turn);
                }
                Work::HangUp { transport, how } => self.hang_up(transport, how),
                Work::Transmit { transport, frame } => {
                    let open = self.transports.iter_mut().find(|open| open.id == transport);
                    match (open, &mut state.socketio) {
                        (Some(open), Some(sio)) => {
                            open.counted(|open| socketio::say(open, sio, &frame));
                        }
                        (Some(open), None) => {
                            open.encode(&frame, &state.channels, state.v1.as_deref());
                        }
                        (None, _) => {}
                    }
                }
            }
        }
        busy
    }

    fn hang_up(&mut self, transport: TransportId, how: HangUp) {
        if self.dials.abandon(transport) {
            return;
        }
        let Some(at) = self.transports.iter().position(|open| open.id == transport) else {
            return;
        };
        match how {
            HangUp::Close(code) => self.transports[at].close(code),
            HangUp::Abandon => drop(self.transports.swap_remove(at)),
        }
    }

    fn write_all(&mut self, cx: &mut Context<'_>) -> bool {
        let mut busy = false;
        for transport in &mut self.transports {
            if let Poll::Ready(Wrote { frames }) = transport.poll_write(cx) {
                busy = true;
                self.shared.lock().report(transport.id, News::Written { frames });
            }
        }
        busy
    }

    /// Sets the timer; returns whether there is time to wait for.
    fn arm(&mut self, cx: &mut Context<'_>) -> bool {
        let now = Instant::now();
        let Some(at) = self.deadline(now) else {
            self.timer = None;
            return true;
        };
        if at <= now {
            return false;
        }
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        timer.as_mut().poll(cx).is_pending()
    }

    fn deadline(&self, now: Instant) -> Option<Instant> {
        let state = self.shared.lock();
        let engine = state.engine.poll_timeout().map(|(at, _)| state.clock.instant(at));
        let look = (!state.is_closed()).then(|| now + SLEEP_CHECK);
        let asleep = match (&self.timer, look) {
            // A look that is planned already stays where it is.
            (Some(timer), Some(look)) => Some(timer.deadline().min(look)),
            (_, look) => look,
        };
        let asleep = asleep.filter(|at| *at > now).or(look);
        let renewals = self.transports.iter().filter_map(|open| open.renewal.deadline()).min();
        [engine, self.linger.deadline(), asleep, renewals].into_iter().flatten().min()
    }

    /// Ends the task when nothing is wanted and nothing is left.
    fn finish(&mut self) -> bool {
        let idle = self.transports.is_empty() && self.dials.is_empty() && self.linger.is_empty();
        if !idle {
            return false;
        }
        let mut state = self.shared.lock();
        if !state.is_closed() || !state.work.is_empty() || !state.news.is_empty() {
            return false;
        }
        self.ended = true;
        end(&self.shared, &mut state);
        true
    }
}

impl Drop for Driver {
    /// The runtime is going away, or the task has panicked: nothing can be carried out any more.
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let mut state = self.shared.lock();
        let closed = state.input(Input::Disconnect);
        debug_assert!(closed.is_ok(), "only sends and subscriptions can fail");
        state.work.clear();
        end(&self.shared, &mut state);
    }
}

fn end(shared: &Shared, state: &mut State) {
    state.running = false;
    if state.released {
        state.feed.end();
    }
    shared.running.send_replace(false);
}

/// Turns in a row before the task lets others run.
const TURNS_MAX: usize = 32;
