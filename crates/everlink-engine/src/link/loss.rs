//! From a connection to none: what a loss means for messages and for the application.

use super::Leaving;
use super::phase::{Attachment, Phase, Stage, Successor};
use crate::engine::Engine;
use crate::failure::{Cause, Failure, Verdict};
use crate::frame::TransportId;
use crate::output::{Event, HangUp, Outcome, Output};
use crate::quality::Quality;
use crate::server::Last;
use crate::time::Timestamp;

impl<P: Clone> Engine<P> {
    /// The driver says that the transport of the connection is gone.
    pub(crate) fn primary_gone(&mut self, now: Timestamp, failure: Failure, hook: Option<Verdict>) {
        match self.link.phase {
            Phase::Closed | Phase::Waiting { .. } | Phase::Error { .. } => {}
            Phase::Dialing(_) | Phase::Attaching { .. } => self.attempt_failed(now, failure, hook),
            Phase::Up(_) => self.lost(now, failure, hook),
        }
    }

    /// We give the transport of the connection up, because of what it does or does not do.
    pub(crate) fn drop_primary(&mut self, now: Timestamp, cause: Cause, how: HangUp) {
        let Some(transport) = self.link.primary_transport() else {
            return;
        };
        self.hang_up(now, transport, how);
        self.primary_gone(now, Failure::new(cause), None);
    }

    fn lost(&mut self, now: Timestamp, failure: Failure, hook: Option<Verdict>) {
        if failure.cause == Cause::Closed(1009) {
            self.fail_too_big();
        }
        let is_final = hook == Some(Verdict::GiveUp) || !self.config.settings.reconnect;
        if is_final {
            self.drop_successor(now);
        }
        let overlap = self.session.overlap.take();
        self.outage_begins(now, failure);
        match self.link.successor.take() {
            Some(successor) => {
                self.session.overlap = overlap;
                self.promote(now, successor);
            }
            None => self.decide(now, failure, hook),
        }
    }

    /// Books a loss. The phase is waiting afterwards, so that the state is told as disconnected.
    pub(crate) fn outage_begins(&mut self, now: Timestamp, failure: Failure) {
        let phase = core::mem::replace(
            &mut self.link.phase,
            Phase::Waiting { until: now, not_before: now },
        );
        let Phase::Up(up) = phase else {
            self.link.phase = phase;
            return;
        };
        self.stats.last_failure = Some(failure);
        self.link.lost_at = now;
        let up_time = now.since(up.since);
        self.link.last = Some(Last { code: close_code(failure), up: up_time, attempts: 0 });
        self.link.retrying = false;
        self.detach(&up.attachment);
        self.session.overlap = None;
        self.reset_quality();
        self.tell_state(now);
        self.tell(Event::Disconnected { failure, uptime: up_time });
    }

    /// Returns messages that a dead transport carried to the line, and says which are in doubt.
    fn detach(&mut self, attachment: &Attachment) {
        self.fail_reads();
        self.session.outbox.rewind();
        for id in attachment.pipe.volatile() {
            self.tell(Event::Settled { first: id, last: id, outcome: Outcome::DroppedVolatile });
        }
        if self.config.dialect.acknowledges {
            return;
        }
        if let Some((first, last)) = attachment.doubt.range() {
            self.tell(Event::InDoubt { first, last });
        }
    }

    /// The peer found a message too big: it must not be sent again and again.
    fn fail_too_big(&mut self) {
        let Some(failed) = self.session.outbox.fail_largest_sent() else {
            return;
        };
        self.skip_number(failed.channel, failed.origin, failed.before);
        let (first, last) = (failed.id, failed.id);
        self.tell(Event::Settled { first, last, outcome: Outcome::TooBig });
        self.tell_room();
    }

    /// A successor that is under way becomes the next attempt.
    fn promote(&mut self, now: Timestamp, successor: Successor) {
        self.link.retrying = true;
        self.link.retry.promoted(self.config.settings.attempts_max);
        let attempt = self.link.retry.retries;
        self.link.phase = match successor.stage {
            Stage::Dialing(dialing) => Phase::Dialing(dialing),
            Stage::Open { attachment, .. } => {
                let deadline = now.plus(self.config.settings.greeting_timeout);
                Phase::Attaching { attachment: *attachment, deadline, moved: now }
            }
        };
        self.tell_state(now);
        self.tell(Event::Reconnecting { attempt, delay: core::time::Duration::ZERO });
        self.progress(now);
        // What the successor brought and the old transport never did.
        self.release_held(now);
    }

    /// Leaves the transport of the connection in an orderly way; what it was given it still sends.
    pub(crate) fn leave_primary(&mut self, now: Timestamp) {
        let Some(attachment) = self.link.primary_mut() else {
            return;
        };
        let transport = attachment.transport;
        let mut pipe = core::mem::take(&mut attachment.pipe);
        self.hang_up(now, transport, HangUp::Close(1000));
        self.settle_pipe(&mut pipe);
    }

    /// Leaves a transport; one that is closed in an orderly way is given `close_timeout`.
    pub(crate) fn hang_up(&mut self, now: Timestamp, transport: TransportId, how: HangUp) {
        self.outputs.push_back(Output::HangUp { transport, how });
        if how == HangUp::Abandon {
            return;
        }
        let until = now.plus(self.config.settings.close_timeout);
        if let Some(oldest) = self.link.leave(transport, until) {
            self.abandon(oldest);
        }
    }

    /// Abandons transports whose closing hand-shake takes too long.
    pub(crate) fn abandon_late(&mut self, now: Timestamp) {
        while let Some(leaving) = self.link.leaving.first().copied() {
            if leaving.until > now {
                return;
            }
            self.link.leaving.remove(0);
            self.abandon(leaving);
        }
    }

    fn abandon(&mut self, Leaving { transport, doubt, .. }: Leaving) {
        self.outputs.push_back(Output::HangUp { transport, how: HangUp::Abandon });
        if let Some((first, last)) = doubt {
            self.tell(Event::InDoubt { first, last });
        }
    }

    /// A transport that we left is gone. That the peer answered our close frame vouches for
    /// everything before it; any other end does not.
    pub(crate) fn left_gone(&mut self, transport: TransportId, failure: Failure) {
        let mut leaving = self.link.leaving.iter();
        let Some(at) = leaving.position(|leaving| leaving.transport == transport) else {
            return;
        };
        let doubt = self.link.leaving.remove(at).doubt;
        if failure.cause != Cause::Closed(1000)
            && let Some((first, last)) = doubt
        {
            self.tell(Event::InDoubt { first, last });
        }
    }

    /// Leaves the transport of the connection for good: what it carried is in doubt until the peer
    /// answers.
    pub(crate) fn leave_for_good(&mut self, now: Timestamp) {
        let doubt = match self.link.primary_mut() {
            Some(attachment) if !self.config.dialect.acknowledges => attachment.doubt.range(),
            Some(_) | None => None,
        };
        self.leave_primary(now);
        if let Some(leaving) = self.link.leaving.last_mut() {
            leaving.doubt = doubt;
        }
    }

    pub(crate) fn reset_quality(&mut self) {
        let from = self.link.meter.quality();
        self.link.meter.reset();
        let to = Quality::Unusable;
        if from != to {
            self.tell(Event::QualityChanged { from, to });
        }
    }
}

/// Returns how a connection ended as a close code; one that was not closed, or with a code that there
/// cannot be, has 1006 (RFC 6455, sections 7.1.5 and 7.4).
fn close_code(failure: Failure) -> u16 {
    if let Cause::Closed(code @ 1000..=4999) = failure.cause { code } else { 1006 }
}
