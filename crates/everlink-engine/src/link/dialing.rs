//! From a wish to a connection: dial, attach, stand.

use alloc::boxed::Box;

use super::Decision;
use super::phase::{Attachment, Dialing, Phase, Stage, Step, Successor, Up};
use crate::engine::Engine;
use crate::failure::{Cause, Failure, Verdict};
use crate::frame::{PingLevel, Transmit, TransportId};
use crate::limits::spans::PROBE_SPACING;
use crate::output::{Dial, Event, HangUp, Output};
use crate::session::Recovery;
use crate::time::{Span, Timestamp};

impl<P: Clone> Engine<P> {
    /// [`Input::Connect`](crate::Input::Connect).
    pub(crate) fn connect(&mut self, now: Timestamp) {
        match self.link.phase {
            Phase::Closed | Phase::Error { .. } => {}
            Phase::Waiting { .. } | Phase::Dialing(_) | Phase::Attaching { .. } | Phase::Up(_) => {
                return;
            }
        }
        self.link.retry.asked();
        self.link.slot = None;
        self.link.established = false;
        self.link.retrying = false;
        self.supervisor.asked(now);
        self.dial(now);
    }

    /// [`Input::Reconnect`](crate::Input::Reconnect): at once and from any state; many calls make one connection.
    pub(crate) fn reconnect(&mut self, now: Timestamp) {
        self.supervisor.asked(now);
        self.link.slot = None;
        self.link.retry.asked();
        match &self.link.phase {
            Phase::Closed => self.connect(now),
            Phase::Dialing(dialing) => {
                let (transport, started) = (dialing.transport, dialing.started);
                self.restart_if_stuck(now, transport, started);
            }
            Phase::Attaching { attachment, moved, .. } => {
                let (transport, moved) = (attachment.transport, *moved);
                self.restart_if_stuck(now, transport, moved);
            }
            Phase::Waiting { .. } | Phase::Error { .. } => self.retry_after(now, Span::ZERO),
            Phase::Up(_) => {
                self.leave(now, Cause::ForcedByUser);
                self.retry_after(now, Span::ZERO);
            }
        }
    }

    /// The second level makes a new connection, within the budgets of dials and of flapping.
    pub(crate) fn force(&mut self, now: Timestamp, cause: Cause) {
        self.link.retry.asked();
        if let Phase::Up(_) = self.link.phase {
            self.leave(now, cause);
        }
        let delay = self.link.retry.budget(now);
        self.retry_after(now, delay);
    }

    /// Leaves a connection that stands, in order to make another one.
    fn leave(&mut self, now: Timestamp, cause: Cause) {
        self.drop_successor(now);
        self.leave_primary(now);
        self.outage_begins(now, Failure::new(cause));
    }

    /// An attempt that is under way is the new connection, unless nothing came of it for a while.
    fn restart_if_stuck(&mut self, now: Timestamp, transport: TransportId, moved: Timestamp) {
        self.link.retry.retries = u32::from(self.link.retrying);
        if now.passed(moved) <= self.config.settings.probe_timeout {
            return;
        }
        self.hang_up(now, transport, HangUp::Abandon);
        if self.link.retrying {
            self.retry_after(now, Span::ZERO);
        } else {
            self.dial(now);
        }
    }

    /// Makes the first retry of those that count anew.
    fn retry_after(&mut self, now: Timestamp, delay: Span) {
        self.link.retry.retries = self.link.retry.retries.max(1);
        let attempt = self.link.retry.retries;
        if !delay.is_zero() {
            self.link.retrying |= matches!(self.link.phase, Phase::Error { .. });
            let until = now.plus(delay);
            self.link.phase = Phase::Waiting { until, not_before: until };
            self.tell_state(now);
        }
        self.tell(Event::Reconnecting { attempt, delay: delay.duration() });
        if delay.is_zero() {
            self.dial(now);
        }
    }

    /// [`Input::Disconnect`](crate::Input::Disconnect): nothing that is pending survives it.
    pub(crate) fn disconnect(&mut self, now: Timestamp) {
        if self.config.dialect.greets
            && let Phase::Up(up) = &self.link.phase
        {
            let transport = up.attachment.transport;
            self.outputs.push_back(Output::Transmit { transport, frame: Transmit::Bye });
        }
        self.close(now);
    }

    /// Ends the session: from our side, or by the peer's `bye`.
    pub(crate) fn close(&mut self, now: Timestamp) {
        self.drop_successor(now);
        match &self.link.phase {
            Phase::Closed => return,
            Phase::Waiting { .. } | Phase::Error { .. } => {}
            Phase::Dialing(dialing) => {
                let transport = dialing.transport;
                self.hang_up(now, transport, HangUp::Abandon);
            }
            Phase::Attaching { .. } | Phase::Up(_) => self.leave_for_good(now),
        }
        self.fail_reads();
        self.clear_outbox();
        self.session.overlap = None;
        self.session.recovery = Recovery::default();
        self.link.phase = Phase::Closed;
        self.link.established = false;
        self.link.retrying = false;
        self.reset_quality();
        self.tell_state(now);
        self.tell_room();
    }

    /// Dials the transport of the connection.
    pub(crate) fn dial(&mut self, now: Timestamp) {
        let elsewhere = self.link.elsewhere.take();
        let dialing = self.start_dial(now, self.link.retry.retries, elsewhere);
        self.link.retrying |= self.link.established || self.link.retry.retries > 0;
        self.link.phase = Phase::Dialing(dialing);
        self.tell_state(now);
    }

    /// `elsewhere` is where the server wants us, if not at one of the endpoints.
    pub(crate) fn start_dial(
        &mut self,
        now: Timestamp,
        attempt: u32,
        elsewhere: Option<u16>,
    ) -> Dialing {
        let transport = self.link.next_transport();
        let refresh_credentials = self.link.retry.refresh;
        let endpoint = elsewhere.unwrap_or(self.link.retry.endpoint);
        self.link.retry.dialed(now);
        self.stats.dials += 1;
        let dial = Dial { transport, endpoint, refresh_credentials, attempt };
        self.outputs.push_back(Output::Dial(dial));
        let deadline = now.plus(self.config.settings.connect_timeout);
        Dialing { transport, started: now, deadline }
    }

    /// A dial waits for its turn.
    pub(crate) fn deferred(&mut self, transport: TransportId, until: Timestamp) {
        if cfg!(not(feature = "feed")) {
            return;
        }
        let deadline = until.plus(self.config.settings.connect_timeout);
        let dialing = match (&mut self.link.phase, &mut self.link.successor) {
            (Phase::Dialing(dialing), _) => dialing,
            (_, Some(Successor { stage: Stage::Dialing(dialing), .. })) => dialing,
            _ => return,
        };
        if dialing.transport == transport {
            (dialing.started, dialing.deadline) = (until, deadline);
        }
    }

    /// The upgrade of a transport is complete.
    pub(crate) fn opened(&mut self, now: Timestamp, transport: TransportId) {
        let is_primary = matches!(&self.link.phase, Phase::Dialing(d) if d.transport == transport);
        let is_successor = matches!(
            self.link.successor.as_ref().map(|successor| &successor.stage),
            Some(Stage::Dialing(dialing)) if dialing.transport == transport
        );
        if !is_primary && !is_successor {
            return;
        }
        let attachment = self.attachment(now, transport);
        let deadline = now.plus(self.config.settings.greeting_timeout);
        if is_primary {
            self.link.phase = Phase::Attaching { attachment, deadline, moved: now };
        } else if let Some(successor) = &mut self.link.successor {
            let settings = &self.config.settings;
            let deadline = now.plus(settings.greeting_timeout.max(settings.connect_timeout));
            let (attachment, step) = (Box::new(attachment), Step::Attaching);
            successor.stage = Stage::Open { attachment, deadline, step };
            self.begin_overlap();
        }
        self.progress(now);
    }

    /// Makes an opened transport ask for what the session wants.
    fn attachment(&mut self, now: Timestamp, transport: TransportId) -> Attachment {
        let mut attachment = Attachment::new(now, transport, &self.config);
        if self.config.dialect.greets {
            self.greet(now, &mut attachment);
        } else {
            let wanted = self.session.channels.wanted();
            attachment.requests.begin(wanted.map(|wanted| wanted.channel));
        }
        if self.link.retry.is_breaker_open()
            && let Some(beat) = attachment.liveness.mark(now)
        {
            attachment.on_trial = true;
            attachment.transmitted(now, 0, None);
            let frame = Transmit::Ping { level: beat.level, nonce: beat.nonce };
            self.outputs.push_back(Output::Transmit { transport, frame });
        }
        attachment
    }

    /// Goes on wherever something may have become possible.
    pub(crate) fn progress(&mut self, now: Timestamp) {
        self.pump(now);
        if let Phase::Attaching { attachment, .. } = &self.link.phase
            && attachment.has_caught_up()
        {
            self.stand(now);
            self.pump(now);
        }
        self.successor_progress(now);
    }

    /// The connection stands.
    fn stand(&mut self, now: Timestamp) {
        let phase = core::mem::replace(&mut self.link.phase, Phase::Closed);
        let Phase::Attaching { mut attachment, .. } = phase else {
            self.link.phase = phase;
            return;
        };
        attachment.liveness.half_missed(now);
        let renew_at = self.renewal_time(now);
        self.link.phase = Phase::Up(Up { attachment, since: now, stable: false, renew_at });
        self.link.retry.opened(now);
        self.link.slot = None;
        self.link.last = None;
        let was_established = self.link.established;
        self.link.established = true;
        self.link.retrying = false;
        self.tell_state(now);
        if was_established {
            self.stats.reconnects += 1;
            let attempts = self.link.retry.retries;
            let downtime = now.passed(self.link.lost_at).duration();
            self.tell(Event::Reconnected { attempts, downtime });
        } else {
            self.tell(Event::Connected { guarantee: self.config.dialect.guarantee() });
        }
        self.prove(now);
    }

    /// Lets the attempts count anew once the connection has stood long enough and answered.
    pub(crate) fn prove(&mut self, now: Timestamp) {
        let Phase::Up(up) = &mut self.link.phase else {
            return;
        };
        let old_enough = now.passed(up.since) >= self.config.settings.stable_after;
        if up.stable || !old_enough || !up.attachment.liveness.is_proven() {
            return;
        }
        up.stable = true;
        self.supervisor.stable();
        if self.link.retry.stable() {
            self.tell(Event::Breaker { open: false });
        }
    }

    /// An attempt failed, or its transport was lost before it stood.
    pub(crate) fn attempt_failed(
        &mut self,
        now: Timestamp,
        failure: Failure,
        hook: Option<Verdict>,
    ) {
        self.stats.last_failure = Some(failure);
        self.session.outbox.rewind();
        self.link.retry.attempt_failed(self.config.endpoints);
        let attempt = self.link.retry.retries;
        self.tell(Event::AttemptFailed { attempt, failure });
        self.decide(now, failure, hook);
    }

    /// Waits, dials or gives up after a failure.
    pub(crate) fn decide(&mut self, now: Timestamp, failure: Failure, hook: Option<Verdict>) {
        let link = &mut self.link;
        let slot = link.slot.take().map(|slot| slot.since(now));
        let hinted = Failure { retry_after: failure.retry_after.max(slot), ..failure };
        let decision = link.retry.decide(now, hinted, hook, &self.config, &mut self.random);
        let Decision::Again { delay, firm, tripped } = decision else {
            self.give_up(now, failure);
            return;
        };
        // A first attempt that failed makes the next one a retry; a loss waits for its delay first.
        link.retrying |= !link.established;
        link.phase = Phase::Waiting { until: now.plus(delay), not_before: now.plus(firm) };
        if tripped {
            self.tell(Event::Breaker { open: true });
        }
        self.tell_state(now);
        let attempt = self.link.retry.retries;
        self.tell(Event::Reconnecting { attempt, delay: delay.duration() });
        if delay.is_zero() {
            self.dial(now);
        }
    }

    fn give_up(&mut self, now: Timestamp, failure: Failure) {
        self.link.phase = Phase::Error { failure, since: now };
        self.tell_state(now);
        let attempts = self.link.retry.retries;
        self.tell(Event::ReconnectFailed { attempts, failure });
    }

    /// The network is another one, or is said to be back: tries at once where a delay runs, and
    /// probes what seems to work. Delays that the server asked for are kept.
    pub(crate) fn network_changed(&mut self, now: Timestamp) {
        self.suspect(now);
        let Phase::Waiting { not_before, .. } = self.link.phase else {
            return;
        };
        if now < not_before {
            return;
        }
        let nudged = self.link.nudged.is_some_and(|last| now < last.plus(PROBE_SPACING));
        if !nudged && self.link.retry.may_dial(now) {
            self.link.nudged = Some(now);
            self.dial(now);
        }
    }

    /// Sends a ping that is due or asked for.
    pub(crate) fn transmit_ping(
        &mut self,
        now: Timestamp,
        transport: TransportId,
        level: PingLevel,
        nonce: u32,
    ) {
        let Some(attachment) = self.link.attachment_mut(transport) else {
            return;
        };
        attachment.transmitted(now, 0, None);
        attachment.doubt.pinged(nonce);
        let frame = Transmit::Ping { level, nonce };
        self.outputs.push_back(Output::Transmit { transport, frame });
    }
}
