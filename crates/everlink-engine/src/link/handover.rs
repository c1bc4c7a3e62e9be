//! Planned moves: the successor opens, attaches and catches up before the old transport is left.

use core::time::Duration;

use super::heartbeat::{Verdict, judge};
use super::phase::{Attachment, Move, Phase, Stage, Step, Successor};
use crate::engine::Engine;
use crate::failure::{Cause, Failure};
use crate::frame::TransportId;
use crate::limits::{HINT_MAX, spans};
use crate::output::{Event, HangUp};
use crate::session::Overlap;
use crate::time::{Span, Timestamp};

impl<P: Clone> Engine<P> {
    /// Returns when a connection that stands now reaches its age: up to a twentieth early, so that
    /// connections which opened together do not move together.
    pub(crate) fn renewal_time(&mut self, now: Timestamp) -> Option<Timestamp> {
        let age = self.config.settings.renew_after?;
        let early = self.random.span(Span::ZERO, age / 20);
        Some(now.plus(age.saturating_sub(early)))
    }

    /// The server asks us to go: a planned move in our slot.
    pub(crate) fn away(
        &mut self,
        now: Timestamp,
        transport: TransportId,
        slot: Duration,
        endpoint: Option<u16>,
    ) {
        let slot = slot.min(HINT_MAX);
        self.tell(Event::Away { slot });
        if self.link.successor_transport() == Some(transport) {
            // What it moves to is about to go as well: the old transport stands, another try later.
            let failure = Failure::new(Cause::Replaced).with_retry_after(slot);
            self.hang_up(now, transport, HangUp::Close(1000));
            return self.successor_gone(now, failure);
        }
        // If the server ends the connection before, it still wants us back in the slot.
        let until = now.after(slot);
        self.link.slot = Some(until);
        self.link.elsewhere = endpoint;
        if let Phase::Up(up) = &mut self.link.phase {
            up.renew_at = Some(up.renew_at.map_or(until, |planned| planned.min(until)));
        }
    }

    /// Dials the successor of a connection that has reached its age.
    pub(crate) fn renew(&mut self, now: Timestamp) {
        let Phase::Up(up) = &mut self.link.phase else {
            return;
        };
        if self.link.successor.is_none() && !self.link.retry.may_dial(now) {
            up.renew_at = Some(now.plus(self.link.retry.budget(now)));
            return;
        }
        up.renew_at = None;
        if self.config.dialect.has_sessions() {
            // A session belongs to one transport: the old one is left first.
            return self.force(now, Cause::Replaced);
        }
        if let Some(successor) = &mut self.link.successor {
            successor.why = Move::Planned;
            // It may have all it needs already.
            return self.successor_progress(now);
        }
        let elsewhere = self.link.elsewhere.take();
        let dialing = self.start_dial(now, 0, elsewhere);
        let stage = Stage::Dialing(dialing);
        self.link.successor = Some(Successor { why: Move::Planned, stage });
    }

    /// From now on both transports carry the same stream, unless offsets tell copies apart.
    pub(crate) fn begin_overlap(&mut self) {
        if !self.config.dialect.resumes {
            self.session.overlap = Some(Overlap::default());
        }
    }

    /// Hands over as soon as the successor has what it needs, both transports have met on every channel,
    /// and the old one is drained.
    pub(crate) fn successor_progress(&mut self, now: Timestamp) {
        let Some(Successor { why, stage: Stage::Open { attachment, deadline, step } }) =
            &mut self.link.successor
        else {
            return;
        };
        let Phase::Up(up) = &mut self.link.phase else {
            return;
        };
        let ready = attachment.has_caught_up() && attachment.requests.is_complete();
        let full = self.session.overlap.as_ref().is_some_and(Overlap::is_full);
        if !ready {
            if full {
                let transport = attachment.transport;
                self.abandon_successor(now, transport, Cause::GreetingTimedOut);
            }
            return;
        }
        if self.config.dialect.resumes || (full && *why == Move::Suspicion) {
            return self.hand_over(now);
        }
        if let Step::Draining(mark) = *step {
            if full || up.attachment.liveness.has_answered(mark) {
                self.hand_over(now);
            }
            return;
        }
        if *why == Move::Suspicion {
            return;
        }
        if *step == Step::Attaching {
            *step = Step::Joining { every: true };
            *deadline = now.plus(self.config.settings.overlap);
        }
        let channels = match *step {
            Step::Joining { every: true } => self.session.channels.wanted().count(),
            Step::Attaching | Step::Joining { every: false } | Step::Draining(_) => 0,
        };
        let overlap = self.session.overlap.as_ref();
        if full || overlap.is_none_or(|overlap| overlap.is_joined(channels)) {
            self.drain(now);
        }
    }

    /// Asks on the old transport for a sign that everything which was sent there has come.
    fn drain(&mut self, now: Timestamp) {
        let (Phase::Up(up), Some(Successor { stage: Stage::Open { deadline, step, .. }, .. })) =
            (&mut self.link.phase, &mut self.link.successor)
        else {
            return;
        };
        *deadline = now.plus(self.config.settings.overlap);
        let beat = up.attachment.liveness.mark(now);
        // Without heartbeats no ping is ever answered, and `overlap` decides.
        *step = Step::Draining(beat.map_or(u32::MAX, |beat| beat.nonce));
        let transport = up.attachment.transport;
        if let Some(beat) = beat {
            self.transmit_ping(now, transport, beat.level, beat.nonce);
        }
    }

    /// The successor carries the connection from now on.
    fn hand_over(&mut self, now: Timestamp) {
        let Some(Successor { stage: Stage::Open { mut attachment, .. }, .. }) =
            self.link.successor.take()
        else {
            return;
        };
        attachment.liveness.half_missed(now);
        let renew_at = self.renewal_time(now);
        let Phase::Up(up) = &mut self.link.phase else {
            return;
        };
        up.renew_at = renew_at;
        self.link.slot = None;
        self.link.elsewhere = None;
        self.link.retry.refresh = false;
        let old = core::mem::replace(&mut up.attachment, *attachment);
        self.hang_up(now, old.transport, HangUp::Close(1000));
        self.fail_reads();
        self.settle_moved(old);
        self.release_held(now);
        self.tell(Event::Moved);
        self.progress(now);
    }

    /// What the old transport was given it still sends before its close frame.
    fn settle_moved(&mut self, mut old: Attachment) {
        self.settle_pipe(&mut old.pipe);
        if self.config.dialect.acknowledges {
            self.session.outbox.rewind();
        } else if let Some((first, last)) = old.doubt.range() {
            self.tell(Event::InDoubt { first, last });
        }
    }

    pub(crate) fn release_held(&mut self, now: Timestamp) {
        let overlap_time = self.config.settings.overlap;
        let Some(overlap) = &mut self.session.overlap else {
            return;
        };
        overlap.until = Some(now.plus(overlap_time));
        for held in overlap.release() {
            self.deliver(held.channel, None, held.payload);
        }
    }

    pub(crate) fn forget_overlap(&mut self, now: Timestamp) {
        let until = self.session.overlap.as_ref().and_then(|overlap| overlap.until);
        if until.is_some_and(|until| until <= now) {
            self.session.overlap = None;
        }
    }

    /// Leaves a successor that is not needed any more.
    pub(crate) fn drop_successor(&mut self, now: Timestamp) {
        let Some(successor) = self.link.successor.take() else {
            return;
        };
        self.end_overlap();
        match successor.stage {
            Stage::Dialing(dialing) => self.hang_up(now, dialing.transport, HangUp::Abandon),
            Stage::Open { attachment, .. } => {
                self.hang_up(now, attachment.transport, HangUp::Close(1000));
            }
        }
    }

    /// A successor failed while the old transport works: another try later, not faster than back-off.
    pub(crate) fn successor_gone(&mut self, now: Timestamp, failure: Failure) {
        let Some(successor) = self.link.successor.take() else {
            return;
        };
        self.end_overlap();
        self.link.retry.successor_failed(failure, &self.config);
        let pause = self.config.settings.backoff_max.scaled(0.5 + self.random.fraction());
        let hint = failure.retry_after.map_or(Span::ZERO, Span::of).min(spans::HINT_MAX);
        if successor.why == Move::Planned
            && let Phase::Up(up) = &mut self.link.phase
        {
            up.renew_at = Some(now.plus(pause.max(hint).max(Span::from_secs(1))));
        }
        // Messages that waited for the hand-over go on with the old transport.
        self.pump(now);
    }

    fn abandon_successor(&mut self, now: Timestamp, transport: TransportId, cause: Cause) {
        self.hang_up(now, transport, HangUp::Abandon);
        self.successor_gone(now, Failure::new(cause));
    }

    /// The successor of an overlap is gone; keys of a hand-over that is done are still of use.
    fn end_overlap(&mut self) {
        if self.session.overlap.as_ref().is_some_and(|overlap| overlap.until.is_none()) {
            self.session.overlap = None;
        }
    }

    /// Acts on the deadlines of a successor that have passed.
    pub(crate) fn successor_timeout(&mut self, now: Timestamp) {
        let write_timeout = self.config.settings.write_timeout;
        match &mut self.link.successor {
            None => {}
            Some(Successor { stage: Stage::Dialing(dialing), .. }) => {
                let (transport, late) = (dialing.transport, dialing.deadline <= now);
                if late {
                    self.abandon_successor(now, transport, Cause::DialTimedOut);
                }
            }
            Some(Successor { stage: Stage::Open { attachment, deadline, step }, .. }) => {
                let transport = attachment.transport;
                let late = *deadline <= now;
                match (judge(attachment, now, write_timeout), *step) {
                    (Verdict::Dead(cause), _) => self.abandon_successor(now, transport, cause),
                    (Verdict::Fine, Step::Draining(_)) if late => self.hand_over(now),
                    (Verdict::Fine, Step::Attaching) if late => {
                        self.abandon_successor(now, transport, Cause::GreetingTimedOut);
                    }
                    (Verdict::Fine, Step::Joining { every: false }) if late => self.drain(now),
                    (Verdict::Fine, joining) => {
                        if late && joining == (Step::Joining { every: true }) {
                            // Who is silent on a channel need not be waited for; who speaks is met soon.
                            *step = Step::Joining { every: false };
                            *deadline = now.plus(self.config.settings.overlap);
                        }
                        self.beat(now, transport);
                        self.progress(now);
                    }
                }
            }
        }
    }

    /// Returns whether messages of the application wait for a hand-over, to keep their order.
    pub(crate) fn is_draining(&self) -> bool {
        matches!(
            &self.link.successor,
            Some(Successor { stage: Stage::Open { step: Step::Draining(_), .. }, .. })
        )
    }
}
