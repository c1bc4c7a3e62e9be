//! Heartbeats, a socket that takes nothing, and when not to read.

use super::{Session, Stage};
use crate::server::code::Code;
use crate::server::contract::{SessionOutput, SessionTimer};
use crate::server::frame::Reply;
use crate::time::Timestamp;

/// Frames put before a full socket beyond which nothing more is read: who sends but does not read must
/// not fill the memory with answers.
const WAITING_REPLIES_MAX: u16 = 1024;

/// How many times a burst may be owed before it is a fault of the client, not of the driver's batches.
const DEBT_MAX: u64 = 10;

impl<N: Clone + Ord + From<&'static str>, P> Session<N, P> {
    pub(super) fn heard(&mut self, now: Timestamp) {
        self.heard = now;
        self.pinged = None;
    }

    pub(super) fn pong(&mut self, nonce: u32) {
        let changed = self.return_window != self.window_told;
        self.window_told = self.return_window;
        let window = self.return_window.filter(|_| changed);
        self.transmit(Reply::Pong { nonce, window });
    }

    /// Books a frame against the rate; false when far more came than that.
    pub(super) fn may_send(&mut self, now: Timestamp) -> bool {
        let Some(rate) = &mut self.rate else {
            return true;
        };
        rate.owe(now, 1);
        if rate.debt(now) > 0 {
            // Until a quarter of a burst is saved up again: not every frame stops and starts reading.
            self.slowed = Some(rate.ready_at(rate.limit().burst.get().div_ceil(4)));
        }
        rate.debt(now) <= DEBT_MAX * u64::from(rate.limit().burst.get())
    }

    pub(super) fn relieved(&mut self) {
        if self.congested.take().is_some() {
            self.waiting_replies = 0;
            self.skip_lag();
        }
    }

    /// Pauses or resumes reading as everything together demands.
    pub(super) fn settle_pause(&mut self, now: Timestamp) {
        let pause = match self.stage {
            Stage::Opened { .. } | Stage::Closed => false,
            // Who sends more before the answer waits for it.
            Stage::Greeted { .. } => true,
            Stage::Attached | Stage::TakenOver => {
                self.slowed.is_some()
                    || self.waiting_replies >= WAITING_REPLIES_MAX
                    || self.publishes.are_too_many(&self.config, self.paused)
            }
        };
        if pause == self.paused || matches!(self.stage, Stage::Closed) {
            return;
        }
        self.paused = pause;
        if !pause {
            // Nobody listened meanwhile: silence counts from here.
            self.heard(now);
        }
        let output = if pause { SessionOutput::PauseReading } else { SessionOutput::ResumeReading };
        self.outputs.push_back(output);
    }

    pub(super) fn silence_deadline(&self) -> (Option<Timestamp>, SessionTimer) {
        if self.paused {
            return (None, SessionTimer::Silence);
        }
        let timeout = self.config.heartbeat_timeout;
        match self.pinged {
            Some(at) => (Some(at.after(timeout)), SessionTimer::Pong),
            None => {
                let patience = self.config.heartbeat_interval.saturating_add(timeout);
                (Some(self.heard.after(patience)), SessionTimer::Silence)
            }
        }
    }

    pub(super) fn write_deadline(&self) -> Option<Timestamp> {
        self.congested.map(|since| since.after(self.config.write_timeout))
    }

    /// Acts on every deadline that has passed.
    pub(super) fn timeout(&mut self, now: Timestamp) {
        let passed = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        match &self.stage {
            Stage::Opened { deadline } if *deadline <= now => {
                return self.end(Code::HelloLate, None, Code::HelloLate.why().into());
            }
            Stage::Greeted { deadline, .. } if *deadline <= now => {
                return self.end(Code::Overload, None, Code::Overload.why().into());
            }
            Stage::Opened { .. } | Stage::Greeted { .. } => {}
            Stage::Attached | Stage::TakenOver if self.is_silent(now) => {
                return self.abandon(Code::Silence);
            }
            Stage::Attached | Stage::TakenOver => self.ask(now),
            Stage::Closed => return,
        }
        if passed(self.write_deadline()) {
            self.abandon(Code::SlowReader);
        } else if passed(self.expires) {
            self.expired();
        } else if let Some(leaving) = self.leaving.filter(|leaving| leaving.until <= now) {
            self.close(leaving.code);
        }
        if passed(self.slowed) {
            self.slowed = None;
        }
    }

    fn is_silent(&self, now: Timestamp) -> bool {
        matches!(self.silence_deadline(), (Some(at), SessionTimer::Pong) if at <= now)
    }

    /// Asks whether the client is there, if nothing was heard of it.
    fn ask(&mut self, now: Timestamp) {
        if let (Some(at), SessionTimer::Silence) = self.silence_deadline()
            && at <= now
        {
            self.pinged = Some(now);
            self.pings = self.pings.wrapping_add(1);
            self.transmit(Reply::Ping { nonce: self.pings });
        }
    }
}
