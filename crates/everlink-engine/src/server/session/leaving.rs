//! How a session ends: asked to go, taken over, refused, or gone.

use core::time::Duration;

use super::{Session, Stage};
use crate::frame::AwayReason;
use crate::limits::HINT_MAX;
use crate::server::code::Code;
use crate::server::contract::SessionOutput;
use crate::server::frame::Reply;
use crate::time::Timestamp;

/// A session that will be closed unless its client leaves first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leaving {
    pub(super) until: Timestamp,
    pub(super) code: Code,
}

impl<N: Clone + Ord + From<&'static str>, P> Session<N, P> {
    /// Asks the client to go in its slot; said once. Who has not been welcomed is sent away at once.
    pub(super) fn go_away(
        &mut self,
        now: Timestamp,
        reason: AwayReason,
        slot: Duration,
        url: Option<N>,
    ) {
        let code = match reason {
            AwayReason::Overload => Code::Overload,
            AwayReason::Drain | AwayReason::Age | AwayReason::Rebalance => Code::Restart,
        };
        let slot = slot.min(HINT_MAX);
        match self.stage {
            Stage::Opened { .. } | Stage::Greeted { .. } => {
                self.end(code, Some(slot), code.why().into());
            }
            Stage::Attached | Stage::TakenOver if !self.away_told => {
                self.away_told = true;
                self.transmit(Reply::Away { reason, slot, url });
                let until = now.after(slot).after(self.config.away_grace);
                self.leave_by(Leaving { until, code });
            }
            Stage::Attached | Stage::TakenOver | Stage::Closed => {}
        }
    }

    /// A newer connection of the client stands: this one counts no more, and goes soon.
    pub(super) fn taken_over(&mut self, now: Timestamp) {
        match self.stage {
            Stage::Opened { .. } | Stage::Greeted { .. } => self.close(Code::Replaced),
            Stage::Attached => {
                self.stage = Stage::TakenOver;
                self.outputs.push_back(SessionOutput::Detached);
                let until = now.after(self.config.overlap);
                self.leave_by(Leaving { until, code: Code::Replaced });
            }
            Stage::TakenOver | Stage::Closed => {}
        }
    }

    /// Ends the session with the reason in a frame, so that a person can read it.
    pub(super) fn end(&mut self, code: Code, retry: Option<Duration>, why: N) {
        self.flush_acks();
        self.say_error(code, true, retry, why);
        self.close(code);
    }

    /// The client broke the protocol.
    pub(super) fn break_off(&mut self) {
        self.end(Code::Protocol, None, Code::Protocol.why().into());
    }

    pub(super) fn close(&mut self, code: Code) {
        self.flush_acks();
        self.over();
        self.outputs.push_back(SessionOutput::Close(code));
    }

    pub(super) fn abandon(&mut self, code: Code) {
        self.over();
        self.outputs.push_back(SessionOutput::Abandon(code));
    }

    /// The socket is gone: nothing is left to be closed.
    pub(super) fn gone(&mut self) {
        self.over();
    }

    fn leave_by(&mut self, leaving: Leaving) {
        let sooner = |planned: &Leaving| planned.until <= leaving.until;
        self.leaving = Some(self.leaving.filter(sooner).unwrap_or(leaving));
    }

    fn over(&mut self) {
        if matches!(self.stage, Stage::Attached) {
            self.outputs.push_back(SessionOutput::Detached);
        }
        self.stage = Stage::Closed;
        self.positions.clear();
        self.publishes.clear();
    }
}
