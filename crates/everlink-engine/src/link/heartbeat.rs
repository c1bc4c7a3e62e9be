//! Deadlines of open transports: heartbeats, stalls, and what happens when time jumps.

use super::liveness::Answer;
use super::phase::{Attachment, Move, Phase, Stage, Successor, Up};
use crate::engine::Engine;
use crate::failure::Cause;
use crate::frame::{PingLevel, TransportId};
use crate::output::{Event, HangUp};
use crate::time::{Span, Timestamp};
use crate::timer::{Deadline, Timer};

/// What an open transport's deadlines ask for.
pub(super) enum Verdict {
    Fine,
    Dead(Cause),
}

impl<P: Clone> Engine<P> {
    /// Acts on every deadline of the link that has passed.
    pub(crate) fn link_timeout(&mut self, now: Timestamp) {
        self.abandon_late(now);
        self.successor_timeout(now);
        match &self.link.phase {
            Phase::Closed | Phase::Error { .. } => {}
            Phase::Waiting { until, .. } if *until <= now => self.dial(now),
            Phase::Dialing(dialing) if dialing.deadline <= now => {
                self.drop_primary(now, Cause::DialTimedOut, HangUp::Abandon);
            }
            Phase::Attaching { deadline, .. } if *deadline <= now => {
                self.drop_primary(now, Cause::GreetingTimedOut, HangUp::Abandon);
            }
            Phase::Waiting { .. } | Phase::Dialing(_) => {}
            Phase::Attaching { .. } | Phase::Up(_) => self.primary_timeout(now),
        }
        self.forget_overlap(now);
    }

    fn primary_timeout(&mut self, now: Timestamp) {
        let write_timeout = self.config.settings.write_timeout;
        let stands = matches!(self.link.phase, Phase::Up(_));
        let Some(attachment) = self.link.primary_mut() else {
            return;
        };
        match judge(attachment, now, write_timeout) {
            Verdict::Dead(cause) => self.drop_primary(now, cause, HangUp::Abandon),
            Verdict::Fine => {
                let transport = attachment.transport;
                let half_missed = stands && attachment.liveness.half_missed(now);
                self.beat(now, transport);
                if half_missed {
                    self.dial_on_suspicion(now);
                }
                self.prove(now);
                self.progress(now);
            }
        }
    }

    /// Sends a heartbeat if one is due.
    pub(crate) fn beat(&mut self, now: Timestamp, transport: TransportId) {
        let Some(attachment) = self.link.attachment_mut(transport) else {
            return;
        };
        if let Some(beat) = attachment.liveness.beat_due(now) {
            self.transmit_ping(now, transport, beat.level, beat.nonce);
        }
    }

    /// Something looks wrong: probes the transport, and dials another beside it. Nothing is cut.
    pub(crate) fn suspect(&mut self, now: Timestamp) {
        let Some(attachment) = self.link.primary_mut() else {
            return;
        };
        let Some(beat) = attachment.liveness.probe(now) else {
            return;
        };
        let transport = attachment.transport;
        self.transmit_ping(now, transport, beat.level, beat.nonce);
        self.dial_on_suspicion(now);
    }

    /// A timer came late, as in a background tab: what was heard in the meantime has been reported
    /// already, but a peer that was not asked could not answer.
    pub(crate) fn was_late(&mut self, now: Timestamp, missed: Span) {
        let probe_timeout = self.config.settings.probe_timeout;
        let Some(attachment) = self.link.primary_mut() else {
            return;
        };
        attachment.pipe.woke(now);
        for hole in &mut attachment.holes {
            hole.deadline = hole.deadline.max(now.plus(probe_timeout));
        }
        let transport = attachment.transport;
        if let Some(beat) = attachment.liveness.woke(now, missed) {
            self.transmit_ping(now, transport, beat.level, beat.nonce);
        }
    }

    /// The machine slept: fresh credentials, a probe of what stood, and another transport beside it.
    pub(crate) fn woke(&mut self, now: Timestamp) {
        self.link.retry.refresh |= self.config.credentials;
        self.was_late(now, Span::MAX);
        self.dial_on_suspicion(now);
        if let Phase::Waiting { not_before, .. } = self.link.phase
            && not_before <= now
            && self.link.retry.may_dial(now)
        {
            self.dial(now);
        }
    }

    fn dial_on_suspicion(&mut self, now: Timestamp) {
        let settings = &self.config.settings;
        let alone = self.config.dialect.has_sessions();
        let may = settings.probe_dials && settings.reconnect && !alone;
        let may = may && self.link.retry.may_dial(now);
        let Phase::Up(up) = &self.link.phase else {
            return;
        };
        if may && self.link.successor.is_none() && up.attachment.liveness.is_suspect() {
            let dialing = self.start_dial(now, 0, None);
            let stage = Stage::Dialing(dialing);
            self.link.successor = Some(Successor { why: Move::Suspicion, stage });
        }
    }

    /// Bytes came on a transport.
    pub(crate) fn heard(&mut self, now: Timestamp, transport: TransportId, data: bool) {
        let Some(attachment) = self.link.attachment_mut(transport) else {
            return;
        };
        attachment.liveness.heard(now, data);
        self.relax(now);
    }

    /// Drops a successor that was dialed on suspicion once the old transport shows life.
    pub(crate) fn relax(&mut self, now: Timestamp) {
        let Some(Successor { why: Move::Suspicion, .. }) = self.link.successor else {
            return;
        };
        let Phase::Up(up) = &self.link.phase else {
            return;
        };
        if !up.attachment.liveness.is_suspect() {
            self.drop_successor(now);
        }
    }

    /// A pong came on a transport.
    pub(crate) fn ponged(
        &mut self,
        now: Timestamp,
        transport: TransportId,
        level: PingLevel,
        nonce: Option<u32>,
    ) {
        let is_primary = self.link.primary_transport() == Some(transport);
        let Some(attachment) = self.link.attachment_mut(transport) else {
            return;
        };
        let answer = attachment.liveness.pong(now, level, nonce);
        attachment.on_trial &= answer == Answer::Nothing;
        attachment.doubt.ponged(attachment.liveness.answered());
        if let Answer::Newest(latency) = answer
            && is_primary
        {
            self.measured(latency);
        }
        self.relax(now);
        self.prove(now);
        self.progress(now);
    }

    fn measured(&mut self, latency: Span) {
        let from = self.link.meter.quality();
        let quality = self.link.meter.measured(latency, &self.config.settings);
        self.tell(Event::HealthCheck { latency: latency.duration(), quality });
        if from != quality {
            self.tell(Event::QualityChanged { from, to: quality });
        }
    }

    /// The driver stopped or resumed reading.
    pub(crate) fn set_paused(&mut self, now: Timestamp, transport: TransportId, paused: bool) {
        if let Some(attachment) = self.link.attachment_mut(transport) {
            attachment.liveness.set_paused(now, paused);
        }
    }

    pub(crate) fn attachment_deadlines(
        &self,
        attachment: &Attachment,
        carries_outbox: bool,
        earliest: &mut Deadline,
    ) {
        attachment.liveness.deadlines(earliest);
        if let Some(deadline) = attachment.pipe.deadline(self.config.settings.write_timeout) {
            earliest.at(deadline, Timer::Write);
        }
        if let Some(hole) = attachment.holes.iter().map(|hole| hole.deadline).min() {
            earliest.at(hole, Timer::Greeting);
        }
        let asks = attachment.welcomed && attachment.requests.has_next();
        let sends = carries_outbox && self.session.outbox.has_waiting();
        let is_limited = attachment.rate.is_some() || attachment.pace.is_some();
        if is_limited && (asks || sends) && attachment.pipe.has_room() {
            earliest.at(attachment.free_at(), Timer::Rate);
        }
    }

    pub(crate) fn stable_deadline(&self, up: &Up, earliest: &mut Deadline) {
        if up.attachment.liveness.is_proven() {
            earliest.at(up.since.plus(self.config.settings.stable_after), Timer::Stable);
        }
    }
}

pub(super) fn judge(attachment: &Attachment, now: Timestamp, write_timeout: Span) -> Verdict {
    if attachment.liveness.is_dead(now) {
        return Verdict::Dead(Cause::HeartbeatTimedOut);
    }
    if attachment.holes.iter().any(|hole| hole.deadline <= now) {
        return Verdict::Dead(Cause::GreetingTimedOut);
    }
    match attachment.pipe.deadline(write_timeout) {
        Some(deadline) if deadline <= now => Verdict::Dead(Cause::WriteTimedOut),
        Some(_) | None => Verdict::Fine,
    }
}
