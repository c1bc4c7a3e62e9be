//! One connection's half of the protocol on the server, as a pure function of time and input.

mod greeting;
mod leaving;
mod liveness;
mod positions;
mod publishes;
mod publishing;
mod reading;

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use self::leaving::Leaving;
use self::positions::Positions;
use self::publishes::Publishes;
use super::code::Code;
use super::config::SessionConfig;
use super::contract::{
    ReadOrder, SessionInfo, SessionInput, SessionOutput, SessionStage, SessionTimer,
};
use super::frame::{Place, Reply, Request};
use super::rate::TokenBucket;
use crate::time::Timestamp;

/// One connection of a client to a server node.
///
/// It is a set of reading positions and a count of what is on its way; messages pass by it. The
/// driver reports what happens with [`handle_input`](Self::handle_input), carries out what
/// [`poll_output`](Self::poll_output) returns until it returns `None`, hands entries of the log to the
/// socket as [`next_read`](Self::next_read) asks, and reports [`SessionInput::Timeout`] when
/// [`poll_timeout`](Self::poll_timeout) says.
///
/// `N` is a name, cheap to clone; words of its own it makes from `&'static str`. `P` is a payload: it
/// only passes through [`SessionOutput::Append`] and [`SessionOutput::Volatile`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session<N, P> {
    config: Arc<SessionConfig<N>>,
    outputs: VecDeque<SessionOutput<N, P>>,
    stage: Stage<N>,
    /// The producer of the greeting.
    producer: Option<N>,
    positions: Positions<N>,
    /// Numbers wishes for channels, so that a late answer is known as one.
    joins: u32,
    publishes: Publishes<N>,
    rate: Option<TokenBucket>,
    volatile_rate: Option<TokenBucket>,
    volatile_dropped: u32,
    /// Pages of history on their way.
    pages: u8,
    /// When something was last heard.
    heard: Timestamp,
    /// When a ping was sent that nothing has followed.
    pinged: Option<Timestamp>,
    pings: u32,
    /// Since when the socket has taken nothing.
    congested: Option<Timestamp>,
    /// Frames that were put before a full socket.
    waiting_replies: u16,
    paused: bool,
    /// Until when the rate forbids to read.
    slowed: Option<Timestamp>,
    /// When the credentials end.
    expires: Option<Timestamp>,
    /// Fresh credentials are being judged.
    judging: bool,
    leaving: Option<Leaving>,
    away_told: bool,
    return_window: Option<Duration>,
    window_told: Option<Duration>,
}

/// Where a session is, with what belongs to it there.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage<N> {
    Opened { deadline: Timestamp },
    Greeted { deadline: Timestamp, channels: Vec<Place<N>> },
    Attached,
    TakenOver,
    Closed,
}

impl<N: Clone + Ord + From<&'static str>, P> Session<N, P> {
    /// Makes the session of a connection that has just opened.
    #[must_use]
    pub fn new(config: Arc<SessionConfig<N>>, now: Timestamp) -> Self {
        Self {
            outputs: VecDeque::new(),
            stage: Stage::Opened { deadline: now.after(config.hello_timeout) },
            producer: None,
            positions: Positions::default(),
            joins: 0,
            publishes: Publishes::default(),
            rate: config.rate.map(TokenBucket::new),
            volatile_rate: config.volatile_rate.map(TokenBucket::new),
            volatile_dropped: 0,
            pages: 0,
            heard: now,
            pinged: None,
            pings: 0,
            congested: None,
            waiting_replies: 0,
            paused: false,
            slowed: None,
            expires: None,
            judging: false,
            leaving: None,
            away_told: false,
            return_window: None,
            window_told: None,
            config,
        }
    }

    /// Reports one input, at time `now`, which must not be before that of the input before. After the
    /// session is over every input is without effect.
    pub fn handle_input(&mut self, now: Timestamp, input: SessionInput<N, P>) {
        if matches!(self.stage, Stage::Closed) {
            return;
        }
        match input {
            SessionInput::Frame { frame, bytes } => self.frame(now, frame, bytes),
            SessionInput::Heard => self.heard(now),
            SessionInput::Joined { channel, join, bounds } => self.joined(&channel, join, bounds),
            SessionInput::JoinRefused { channel, join, code, why } => {
                self.join_refused(channel, join, code, why);
            }
            SessionInput::Advanced { channel, bounds } => self.advanced(&channel, bounds),
            SessionInput::Sent { channel, epoch, first, through } => {
                self.sent(&channel, epoch, first, through);
            }
            SessionInput::Missing { channel, bounds } => self.missing(&channel, bounds),
            SessionInput::Stored { channel, producer, sequence, offset } => {
                self.publishes.stored(&channel, producer.as_ref(), sequence, offset);
            }
            SessionInput::Refused { channel, producer, sequence, code, why } => {
                self.refused(channel, producer, sequence, code, why);
            }
            SessionInput::Hole { channel, producer, sequence } => {
                self.hole(&channel, producer.as_ref(), sequence);
            }
            SessionInput::Unavailable { retry } => {
                self.end(Code::Overload, retry, Code::Overload.why().into());
            }
            SessionInput::PageSent => self.pages = self.pages.saturating_sub(1),
            SessionInput::Admitted { suffix, expires } => self.admitted(now, suffix, expires),
            SessionInput::Rejected { code, retry, why } => self.rejected(code, retry, why),
            SessionInput::ReturnWindow(window) => self.return_window = Some(window),
            SessionInput::Congested => self.congested = Some(now),
            SessionInput::Relieved => self.relieved(),
            SessionInput::GoAway { reason, slot, url } => self.go_away(now, reason, slot, url),
            SessionInput::TakenOver => self.taken_over(now),
            SessionInput::End { code, why } => self.end(code, None, why),
            SessionInput::Gone => self.gone(),
            SessionInput::Timeout => self.timeout(now),
        }
        self.settle_pause(now);
    }

    /// Returns the next thing to carry out, or `None` when nothing is left. Acknowledgements come last,
    /// so that those of many commits that were reported before make one frame.
    pub fn poll_output(&mut self) -> Option<SessionOutput<N, P>> {
        if self.outputs.is_empty() {
            self.flush_acks();
        }
        self.outputs.pop_front()
    }

    /// Returns when to report [`SessionInput::Timeout`], and which timer asks for it. Early is harmless.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Timestamp, SessionTimer)> {
        let mut earliest: Option<(Timestamp, SessionTimer)> = None;
        let mut at = |at: Option<Timestamp>, timer| {
            if let Some(at) = at
                && earliest.is_none_or(|(other, _)| at < other)
            {
                earliest = Some((at, timer));
            }
        };
        match &self.stage {
            Stage::Closed => return None,
            Stage::Opened { deadline } => at(Some(*deadline), SessionTimer::Hello),
            Stage::Greeted { deadline, .. } => at(Some(*deadline), SessionTimer::Admission),
            Stage::Attached | Stage::TakenOver => {
                let (silence, timer) = self.silence_deadline();
                at(silence, timer);
            }
        }
        at(self.expires, SessionTimer::Credentials);
        at(self.write_deadline(), SessionTimer::Write);
        at(self.leaving.map(|leaving| leaving.until), SessionTimer::Leave);
        at(self.slowed, SessionTimer::Rate);
        earliest
    }

    /// Returns what to read next, of the channel whose turn it is; `None` while the socket is congested,
    /// outputs wait to be carried out, or nothing is there. The same order comes again until it is
    /// answered with [`SessionInput::Sent`] or [`SessionInput::Missing`].
    #[must_use]
    pub fn next_read(&self) -> Option<ReadOrder<N>> {
        let reads = matches!(self.stage, Stage::Attached | Stage::TakenOver);
        let may_read = reads && self.congested.is_none() && self.outputs.is_empty();
        if may_read { self.positions.next_read() } else { None }
    }

    /// Returns whether what an order asked for is still what the channel needs: to be asked before its
    /// entries are handed to the socket, if other inputs were reported since.
    #[must_use]
    pub fn is_current(&self, order: &ReadOrder<N>) -> bool {
        self.positions.is_at(&order.channel, order.epoch, order.after)
    }

    /// Returns whether the driver must hand in no more frames for now.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.paused
    }

    /// Gives back memory that busier times left behind; nothing else changes. For a connection that
    /// has gone quiet.
    pub fn release(&mut self) {
        self.outputs.shrink_to_fit();
        self.publishes.release();
    }

    /// Returns what the session is and has been.
    #[must_use]
    pub fn info(&self) -> SessionInfo {
        let stage = match &self.stage {
            Stage::Opened { .. } => SessionStage::Opened,
            Stage::Greeted { .. } => SessionStage::Greeted,
            Stage::Attached => SessionStage::Attached,
            Stage::TakenOver => SessionStage::TakenOver,
            Stage::Closed => SessionStage::Closed,
        };
        let outputs = self.outputs.capacity() * size_of::<SessionOutput<N, P>>();
        SessionInfo {
            stage,
            channels: self.positions.len(),
            behind: self.positions.behind(),
            publishes: self.publishes.count(),
            publish_bytes: self.publishes.bytes(),
            volatile_dropped: self.volatile_dropped,
            is_paused: self.paused,
            is_congested: self.congested.is_some(),
            heap_bytes: outputs + self.positions.heap_bytes() + self.publishes.heap_bytes(),
        }
    }

    fn frame(&mut self, now: Timestamp, frame: Request<N, P>, bytes: u32) {
        self.heard(now);
        if let Stage::Opened { .. } = self.stage {
            let Request::Hello(hello) = frame else {
                return self.break_off();
            };
            return self.greeted(now, hello);
        }
        let attached = matches!(self.stage, Stage::Attached | Stage::TakenOver);
        match frame {
            Request::Ping { nonce } => self.pong(nonce),
            Request::Pong { .. } => {}
            Request::Bye => self.close(Code::Done),
            Request::Hello(_) => self.break_off(),
            _ if !attached => self.break_off(),
            Request::Volatile { channel, key, payload } => {
                self.volatile(now, channel, key, payload);
            }
            _ if !self.may_send(now) => self.end(Code::TooFast, None, Code::TooFast.why().into()),
            Request::Publish(publish) => self.publish(publish, bytes),
            Request::Subscribe { channels } => self.subscribe(channels),
            Request::Unsubscribe { request, channels } => self.unsubscribe(request, &channels),
            Request::Read { request, channel, after, limit } => {
                self.page(request, channel, after, limit);
            }
            Request::Auth { token } => self.fresh_credentials(token),
        }
    }

    fn transmit(&mut self, reply: Reply<N, P>) {
        if self.congested.is_some() {
            self.waiting_replies = self.waiting_replies.saturating_add(1);
        }
        self.outputs.push_back(SessionOutput::Transmit(reply));
    }

    fn say_error(&mut self, code: Code, fatal: bool, retry: Option<Duration>, why: N) {
        self.transmit(Reply::Err { code: code.number(), fatal, retry, why });
    }
}
