//! The reference model: small rules that judge the engine after every step, from what goes in, what
//! comes out, and what the peer really got. It shares no code with the engine.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a rule looks at the few inputs and outputs that it is about"
)]

mod attempts;
mod feed;
mod outbox;
mod reads;
mod sessions;
mod states;
mod transports;

pub(crate) use feed::Truth;

use everlink_engine::{
    ChannelId, ConnectionState, Event, Input, InputError, MessageId, News, Output, Received,
    SendPolicy, Settings, TransportId,
};

use attempts::Attempts;
use feed::Feed;
use outbox::Outbox;
use reads::Reads;
use sessions::Sessions;
use states::States;
use transports::Transports;

/// A rule that was broken. Boxed, so that the usual answer is one word.
pub(crate) type Check = Result<(), Box<Broken>>;

/// Which rule was broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) rule: &'static str,
    pub(crate) detail: String,
}

/// Makes a broken rule.
pub(crate) fn broken(rule: &'static str, detail: impl Into<String>) -> Check {
    Err(Box::new(Broken { rule, detail: detail.into() }))
}

/// A violation of a rule, with its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// When, in nanoseconds of simulated time.
    pub at: u64,
    /// The rule.
    pub rule: &'static str,
    /// What was seen.
    pub detail: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} — {}: {}", crate::trace::clock(self.at), self.rule, self.detail)
    }
}

/// Judges one engine.
#[derive(Debug)]
pub(crate) struct Judge {
    states: States,
    transports: Transports,
    attempts: Attempts,
    outbox: Outbox,
    feed: Feed,
    reads: Reads,
    sessions: Sessions,
    instant: (u64, u32),
    /// Transports of which nothing can come, to be judged when the engine has said all.
    buried: Vec<TransportId>,
    violation: Option<Violation>,
}

/// Time-outs in a row at one instant beyond which the engine is taken to be busy for ever.
const TIMEOUTS_AT_ONE_INSTANT: u32 = 20;

impl Judge {
    pub(crate) fn new(config: &everlink_engine::Config) -> Self {
        Self {
            states: States::default(),
            transports: Transports::new(config.settings(), config.dialect()),
            attempts: Attempts::new(config.settings()),
            outbox: Outbox::new(config.settings(), config.dialect()),
            feed: Feed::new(config.dialect()),
            reads: Reads::new(nanos(config.settings().greeting_timeout())),
            sessions: Sessions::default(),
            instant: (0, 0),
            buried: Vec::new(),
            violation: None,
        }
    }

    pub(crate) fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// An input is about to be given; `late` says how long after its deadline a time-out comes.
    pub(crate) fn input(&mut self, now: u64, input: &Input<u64>, late: u64) {
        let check = self.judge_input(now, input, late);
        self.note(now, check);
    }

    /// A message was offered, and the engine answered.
    pub(crate) fn offered(
        &mut self,
        now: u64,
        message: (MessageId, Option<ChannelId>, u32, SendPolicy),
        asks: bool,
        answer: Result<(), InputError>,
    ) {
        let check = self.outbox.offered(message, asks, answer, self.states.told);
        self.note(now, check);
    }

    /// A page of history was asked for, and the engine answered.
    pub(crate) fn asked(
        &mut self,
        now: u64,
        question: (u32, ChannelId, u64),
        answer: Result<(), InputError>,
    ) {
        let check = self.reads.asked(now, question, answer, self.states.told);
        self.note(now, check);
    }

    /// The engine wants something done.
    pub(crate) fn output(&mut self, now: u64, output: &Output<u64>, truth: &impl Truth) {
        let check = self.judge_output(now, output, truth);
        self.note(now, check);
    }

    /// Everything that the engine wanted is done.
    pub(crate) fn at_rest(&mut self, now: u64, state: ConnectionState) {
        while let Some(transport) = self.buried.pop() {
            let check = self.outbox.buried(transport);
            self.note(now, check);
        }
        let check = self
            .states
            .at_rest(state)
            .and_then(|()| self.transports.at_rest(now, state))
            .and_then(|()| self.reads.at_rest(now, state))
            .and_then(|()| self.sessions.at_rest())
            .and_then(|()| self.outbox.at_rest());
        self.note(now, check);
    }

    /// A message reached the peer's application.
    pub(crate) fn arrived(&mut self, now: u64, id: MessageId) {
        let check = self.outbox.arrived(id);
        self.note(now, check);
    }

    /// A message is safe in the peer's log.
    pub(crate) fn stored(&mut self, now: u64, id: MessageId) {
        let check = self.outbox.stored(id);
        self.note(now, check);
    }

    /// The peer has an event for a session.
    pub(crate) fn will_come(&mut self, session: u64, event: u64) {
        self.sessions.will_come(session, event);
    }

    /// The engine is let into a session.
    pub(crate) fn entered(&mut self, session: u64) {
        self.sessions.entered(session);
    }

    pub(crate) fn refused_at_peer(&mut self, now: u64, id: MessageId) {
        let check = self.outbox.arrived(id);
        self.note(now, check);
    }

    pub(crate) fn hole_at_peer(&mut self, now: u64, channel: ChannelId, sequence: u64) {
        let detail = format!("number {sequence} of {channel:?} came before one it follows");
        self.note(now, broken("publishes come without a hole", detail));
    }

    /// Nothing more can come of a transport, at either end.
    pub(crate) fn buried(&mut self, transport: TransportId) {
        self.buried.push(transport);
    }

    /// The client wakes up: what it could not hear counts from now.
    pub(crate) fn woke(&mut self, now: u64) {
        self.reads.overslept(now);
        self.transports.overslept(now);
    }

    /// The world has been calm for long: everything must be settled, and everything delivered.
    pub(crate) fn all_quiet(&mut self, now: u64, truth: &impl Truth) {
        let check = self
            .states
            .quiet()
            .and_then(|()| self.outbox.quiet())
            .and_then(|()| self.sessions.quiet())
            .and_then(|()| self.feed.rooms(truth))
            .and_then(|()| self.feed.quiet(truth));
        self.note(now, check);
    }

    /// Compares a count of the engine with the model's.
    pub(crate) fn compare_queue(&mut self, now: u64, messages: usize, bytes: usize) {
        let check = self.outbox.compare(messages, bytes);
        self.note(now, check);
    }

    /// How many messages were lost, each with a warning.
    pub(crate) fn lost_in_doubt(&self) -> u64 {
        self.outbox.lost_in_doubt
    }

    fn note(&mut self, at: u64, check: Check) {
        if let Err(broken) = check
            && self.violation.is_none()
        {
            self.violation = Some(Violation { at, rule: broken.rule, detail: broken.detail });
        }
    }

    fn judge_input(&mut self, now: u64, input: &Input<u64>, late: u64) -> Check {
        self.progress(now, matches!(input, Input::Timeout))?;
        match input {
            Input::Transport(transport, news) => {
                self.transports.news(now, *transport, news);
                if let News::Frame(frame) = news {
                    self.frame(now, *transport, frame);
                }
            }
            Input::Timeout => {
                if late > LATE {
                    self.reads.overslept(now);
                    self.transports.overslept(now);
                    self.attempts.nudged();
                }
            }
            Input::Connect | Input::Reconnect => {
                self.states.wanted(matches!(input, Input::Connect));
                self.transports.forced();
                self.attempts.forced();
            }
            Input::Disconnect => {
                self.sessions.unwanted();
                self.states.unwanted();
            }
            Input::NetworkChanged | Input::Online => self.attempts.nudged(),
            Input::Woke => {
                self.reads.overslept(now);
                self.transports.overslept(now);
                self.attempts.nudged();
            }
            Input::Subscribe { channel, from } => self.feed.wanted(*channel, *from),
            Input::Unsubscribe { channel } => self.feed.unwanted(*channel),
            Input::Pause { channel } => self.feed.paused(*channel, true),
            Input::Resume { channel } => self.feed.paused(*channel, false),
            Input::Send(_)
            | Input::Ask(_)
            | Input::Withdraw { .. }
            | Input::Read { .. }
            | Input::Offline => {}
        }
        Ok(())
    }

    fn frame(&mut self, now: u64, transport: TransportId, frame: &Received<u64>) {
        if !self.transports.is_heard(transport) {
            return;
        }
        match *frame {
            Received::Welcome { return_window, backoff_max, origin_ttl, .. } => {
                self.outbox.remembers(origin_ttl.map(nanos));
                self.attempts.welcomed(return_window, backoff_max);
            }
            Received::Pong { window: Some(window), .. } => self.attempts.window(window),
            Received::Away { slot, .. } => self.attempts.away(now, slot),
            Received::Bye => self.states.unwanted(),
            _ => self.feed.frame(transport, frame),
        }
    }

    fn progress(&mut self, now: u64, is_timeout: bool) -> Check {
        if !is_timeout || self.instant.0 != now {
            self.instant = (now, 0);
            return Ok(());
        }
        self.instant.1 += 1;
        if self.instant.1 <= TIMEOUTS_AT_ONE_INSTANT {
            return Ok(());
        }
        broken("time goes on", format!("{} time-outs at one instant", self.instant.1))
    }

    fn judge_output(&mut self, now: u64, output: &Output<u64>, truth: &impl Truth) -> Check {
        match output {
            Output::Dial(dial) => {
                let is_primary = self.states.told != ConnectionState::Connected;
                self.states.dials()?;
                self.transports.dials(now, dial.transport, self.states.told)?;
                if is_primary { self.attempts.dials(now) } else { Ok(()) }
            }
            Output::HangUp { transport, how } => self.transports.hung_up(now, *transport, *how),
            Output::Transmit { transport, frame } => {
                self.transports.transmits(*transport, frame, self.states.told)?;
                self.outbox.transmits(now, *transport, frame)
            }
            Output::Event(event) => self.judge_event(now, event, truth),
        }
    }

    fn judge_event(&mut self, now: u64, event: &Event<u64>, truth: &impl Truth) -> Check {
        self.states.event(event)?;
        match event {
            Event::StateChanged { from, to } => {
                self.transports.state(now, *to)?;
                if *to == ConnectionState::Connected {
                    self.attempts.arrived();
                    self.feed.connected(truth)?;
                }
                if *from == ConnectionState::Connected {
                    self.feed.lost();
                }
            }
            Event::Disconnected { failure, uptime } => {
                let stable = self.transports.was_stable(*uptime);
                self.attempts.lost(now, *failure, stable);
            }
            Event::AttemptFailed { failure, .. } => self.attempts.failed(now, *failure),
            Event::Reconnecting { attempt, delay } => {
                let promoted = self.transports.live() > 0;
                let busy = self.transports.budget_left_at(now);
                self.attempts.planned(now, *attempt, *delay, promoted, busy)?;
            }
            Event::Supervised { .. } => {
                self.attempts.forced();
                self.transports.forced();
            }
            Event::Moved => {
                self.attempts.arrived();
                self.transports.moved();
            }
            Event::Settled { first, last, outcome } => {
                self.outbox.settled(*first, *last, *outcome)?;
            }
            Event::MaybeDoubled { first, last } => self.outbox.maybe_doubled(*first, *last)?,
            Event::Page { request, page, .. } => self.reads.page(*request, page, truth)?,
            Event::ReadFailed { request, .. } => self.reads.failed(*request)?,
            Event::InDoubt { first, last } => self.outbox.in_doubt(*first, *last)?,
            Event::OutboxRoom => self.outbox.room()?,
            Event::Resumed { recovered } => self.sessions.resumed(*recovered)?,
            Event::Message { channel: Some(_), payload, .. } if self.outbox.answers => {
                self.sessions.delivered(*payload)?;
            }
            Event::Message { .. }
            | Event::DuplicateDropped { .. }
            | Event::Gap { .. }
            | Event::SubscriptionRejected { .. } => {
                self.feed.event(event, truth)?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// A time-out later than this says that the client slept: the engine's word, and the model's.
const LATE: u64 = 1_000_000_000;

/// Settings that the model reads, as plain nanoseconds.
pub(crate) fn nanos(duration: std::time::Duration) -> u64 {
    duration.as_nanos() as u64
}

/// The settings, where the model needs them.
pub(crate) type Rules = Settings;
