//! The engine: one verb in, one verb out, one deadline.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use crate::config::Config;
use crate::failure::{Failure, Verdict};
use crate::frame::{ChannelId, Cursor, TransportId};
use crate::input::{Input, InputError, News};
use crate::limits::spans::{ASLEEP, LATE_TIMER};
use crate::link::{Link, Phase, Stage, Successor};
use crate::output::{Event, Output};
use crate::random::Random;
use crate::session::Session;
use crate::state::ConnectionState;
use crate::stats::{ConnectionInfo, Stats};
use crate::supervisor::Supervisor;
use crate::time::{Span, Timestamp};
use crate::timer::{Deadline, Timer};

/// One connection that comes back: a pure function of time and input.
///
/// A driver reports what happens with [`handle_input`](Self::handle_input), carries out what
/// [`poll_output`](Self::poll_output) returns until it returns `None`, and reports
/// [`Input::Timeout`] when [`poll_timeout`](Self::poll_timeout) says. When a transport has news and
/// a deadline has passed at the same moment, the news is reported first: a late timer must not kill
/// a link that is alive.
///
/// `P` is the payload, which the engine only carries; cloning it must be cheap.
#[derive(Clone, Debug)]
pub struct Engine<P> {
    pub(crate) config: Arc<Config>,
    pub(crate) random: Random,
    pub(crate) link: Link,
    pub(crate) session: Session<P>,
    pub(crate) supervisor: Supervisor,
    pub(crate) stats: Stats,
    pub(crate) outputs: VecDeque<Output<P>>,
}

impl<P: Clone> Engine<P> {
    /// Makes an engine in the state [`ConnectionState::Closed`].
    ///
    /// The same configuration, seed and inputs give the same outputs.
    #[must_use]
    pub fn new(config: Config, seed: u32) -> Self {
        let config = Arc::new(config);
        Self {
            random: Random::new(seed),
            link: Link::new(&config),
            session: Session::new(&config),
            supervisor: Supervisor::default(),
            stats: Stats::default(),
            outputs: VecDeque::new(),
            config,
        }
    }

    /// Reports one input, at time `now`, which must not be before that of the input before.
    ///
    /// # Errors
    ///
    /// Only [`Input::Send`], [`Input::Ask`], [`Input::Subscribe`] and [`Input::Read`] can fail, and a
    /// failed input changes nothing.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub fn handle_input(&mut self, now: Timestamp, input: Input<P>) -> Result<(), InputError> {
        match input {
            Input::Send(message) => return self.send(now, message, false),
            Input::Ask(message) => return self.send(now, message, true),
            Input::Subscribe { channel, from } => return self.subscribe(now, channel, from),
            Input::Read { request, channel, after, limit } => {
                return self.read(now, request, channel, after, limit);
            }
            Input::Transport(transport, news) => self.transport(now, transport, news),
            Input::Timeout => self.timeout(now),
            Input::Connect => self.connect(now),
            Input::Disconnect => self.disconnect(now),
            Input::Reconnect => self.reconnect(now),
            Input::Withdraw { message } => self.withdraw(message),
            Input::Unsubscribe { channel } => self.unsubscribe(now, channel),
            Input::Pause { channel } => self.pause(now, channel),
            Input::Resume { channel } => self.resume(now, channel),
            Input::NetworkChanged | Input::Online => self.network_changed(now),
            Input::Offline => self.suspect(now),
            Input::Woke => self.woke(now),
        }
        Ok(())
    }

    /// Returns the next thing to carry out, or `None` when the driver may wait.
    pub fn poll_output(&mut self) -> Option<Output<P>> {
        self.outputs.pop_front()
    }

    /// Gives back memory that busier times left behind; nothing else changes. For a connection that
    /// has gone quiet.
    pub fn release(&mut self) {
        self.outputs.shrink_to_fit();
        self.session.outbox.release();
        if let Some(attachment) = self.link.primary_mut() {
            attachment.pipe.release();
        }
    }

    /// Returns when to report [`Input::Timeout`], and which timer asks for it. Early is harmless.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Timestamp, Timer)> {
        let mut earliest = Deadline::default();
        self.link_deadlines(&mut earliest);
        self.session.reads.deadline(&mut earliest);
        self.supervisor_deadlines(&mut earliest);
        earliest.get()
    }

    /// Returns what the connection is and has been, at time `now`.
    #[must_use]
    pub fn info(&self, now: Timestamp) -> ConnectionInfo {
        let state = self.state();
        let (uptime, downtime) = self.stats.times(now, self.link.told);
        let (since, until) = match &self.link.phase {
            Phase::Up(up) => (Some(up.since), None),
            Phase::Waiting { until, .. } => (None, Some(*until)),
            Phase::Closed | Phase::Dialing(_) | Phase::Attaching { .. } | Phase::Error { .. } => {
                (None, None)
            }
        };
        ConnectionInfo {
            state,
            attempts: self.link.retry.retries,
            next_attempt: until.map(|until| until.since(now)),
            last_failure: self.stats.last_failure,
            endpoint: self.link.retry.endpoint,
            reconnects: self.stats.reconnects,
            dials: self.stats.dials,
            queued_messages: self.session.outbox.len(),
            queued_bytes: self.session.outbox.bytes(),
            connected_for: since.map(|since| now.since(since)).unwrap_or_default(),
            uptime: uptime.duration(),
            downtime: downtime.duration(),
            success_rate: f64::from(self.link.retry.success_permille()) / 1000.0,
            latency: self.link.meter.latency().map(Span::duration),
            quality: self.link.meter.quality(),
            guarantee: self.config.dialect.guarantee(),
            messages_sent: self.stats.sent,
            messages_received: self.stats.received,
            messages_replayed: self.stats.replayed,
            duplicates: self.stats.duplicates,
        }
    }

    /// Returns the state.
    #[must_use]
    pub fn state(&self) -> ConnectionState {
        self.link.state()
    }

    /// Returns the configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns whether two transports may bring copies of the same messages now: only then is a key
    /// for each message ([`Received::Message`](crate::Received::Message)) worth its price.
    #[must_use]
    pub fn is_overlapping(&self) -> bool {
        self.session.overlap.is_some()
    }

    /// Returns whether a transport carries the connection, or is about to: what it brings is heard.
    #[must_use]
    pub fn is_current(&self, transport: TransportId) -> bool {
        let carriers = [self.link.primary_transport(), self.link.successor_transport()];
        carriers.contains(&Some(transport))
    }

    /// Returns how far a channel was read, for a driver that keeps cursors.
    #[must_use]
    pub fn cursor(&self, channel: ChannelId) -> Option<Cursor> {
        self.session.channels.get(channel).and_then(|channel| channel.cursor)
    }

    pub(crate) fn tell(&mut self, event: Event<P>) {
        self.outputs.push_back(Output::Event(event));
    }

    /// Tells the state if it is another than the one told last.
    pub(crate) fn tell_state(&mut self, now: Timestamp) {
        let (from, to) = (self.link.told, self.link.state());
        if from == to {
            return;
        }
        debug_assert!(from.may_become(to), "{from:?} may not become {to:?}");
        self.stats.book(now, from);
        self.link.told = to;
        self.tell(Event::StateChanged { from, to });
    }

    fn transport(&mut self, now: Timestamp, transport: TransportId, news: News<P>) {
        match news {
            News::Frame(frame) => self.received(now, transport, frame),
            News::Written { frames } => self.written(now, transport, frames),
            News::Heard { data } => self.heard(now, transport, data),
            News::Opened => self.opened(now, transport),
            News::Deferred { until } => self.deferred(transport, until),
            News::Failed { failure, verdict } | News::Lost { failure, verdict } => {
                self.gone(now, transport, failure, verdict);
            }
            News::ReadPaused => self.set_paused(now, transport, true),
            News::ReadResumed => self.set_paused(now, transport, false),
        }
    }

    /// A transport is gone. News from one that we left is dropped here, in one place.
    fn gone(
        &mut self,
        now: Timestamp,
        transport: TransportId,
        failure: Failure,
        verdict: Option<Verdict>,
    ) {
        if self.link.primary_transport() == Some(transport) {
            self.primary_gone(now, failure, verdict);
        } else if self.link.successor_transport() == Some(transport) {
            self.successor_gone(now, failure);
        } else {
            self.left_gone(transport, failure);
        }
    }

    fn timeout(&mut self, now: Timestamp) {
        let late = self.poll_timeout().map(|(deadline, _)| now.passed(deadline));
        match late {
            Some(late) if late > ASLEEP => self.woke(now),
            Some(late) if late > LATE_TIMER => self.was_late(now, late),
            Some(_) | None => {}
        }
        self.link_timeout(now);
        self.read_timeout(now);
        self.supervisor_timeout(now);
    }

    fn link_deadlines(&self, earliest: &mut Deadline) {
        match &self.link.phase {
            Phase::Closed | Phase::Error { .. } => {}
            Phase::Waiting { until, .. } => earliest.at(*until, Timer::Backoff),
            Phase::Dialing(dialing) => earliest.at(dialing.deadline, Timer::Dial),
            Phase::Attaching { attachment, deadline, .. } => {
                earliest.at(*deadline, Timer::Greeting);
                self.attachment_deadlines(attachment, false, earliest);
            }
            Phase::Up(up) => {
                if !up.stable {
                    self.stable_deadline(up, earliest);
                }
                self.attachment_deadlines(&up.attachment, !self.is_draining(), earliest);
            }
        }
        match &self.link.successor {
            None => {}
            Some(Successor { stage: Stage::Dialing(dialing), .. }) => {
                earliest.at(dialing.deadline, Timer::Dial);
            }
            Some(Successor { stage: Stage::Open { attachment, deadline, .. }, .. }) => {
                earliest.at(*deadline, Timer::Overlap);
                self.attachment_deadlines(attachment, false, earliest);
            }
        }
        if let Some(leaving) = self.link.leaving.first() {
            earliest.at(leaving.until, Timer::Close);
        }
        if let Some(until) = self.session.overlap.as_ref().and_then(|overlap| overlap.until) {
            earliest.at(until, Timer::Overlap);
        }
        if let Phase::Up(up) = &self.link.phase {
            up.attachment.liveness.suspicion_deadline(earliest);
        }
    }
}

/// Two engines are equal when they will behave the same; the configuration is taken to be the same.
impl<P: PartialEq> PartialEq for Engine<P> {
    fn eq(&self, other: &Self) -> bool {
        self.random == other.random
            && self.link == other.link
            && self.session == other.session
            && self.supervisor == other.supervisor
            && self.stats == other.stats
            && self.outputs == other.outputs
    }
}

impl<P: core::hash::Hash> core::hash::Hash for Engine<P> {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.random.hash(state);
        self.link.hash(state);
        self.session.hash(state);
        self.supervisor.hash(state);
        self.stats.hash(state);
        self.outputs.len().hash(state);
    }
}
