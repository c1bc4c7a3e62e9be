//! The one timer of a connection.

use std::future::Future as _;
use std::pin::Pin;
use std::task::Context;

use everlink_engine::Timestamp;
use tokio::time::{Instant, Sleep, sleep_until};

use super::{Connection, REST_AFTER, Stage};
use crate::hooks::Code;
use crate::speech::Closed;

/// A timer that is set again only when it must go off earlier than it would: a deadline that is put off
/// with every message costs nothing.
pub(super) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    armed: Option<Instant>,
}

impl Timer {
    pub(super) const fn new() -> Self {
        Self { sleep: None, armed: None }
    }

    /// Makes sure that the task is woken at `at`, or earlier. Returns whether it is time already.
    fn arm(&mut self, cx: &mut Context<'_>, at: Instant) -> bool {
        loop {
            if self.armed.is_none_or(|armed| at < armed) {
                match &mut self.sleep {
                    Some(sleep) => sleep.as_mut().reset(at),
                    None => self.sleep = Some(Box::pin(sleep_until(at))),
                }
                self.armed = Some(at);
            }
            let Some(sleep) = &mut self.sleep else {
                return false;
            };
            if sleep.as_mut().poll(cx).is_pending() {
                return false;
            }
            if self.armed.take() >= Some(at) {
                return true;
            }
        }
    }
}

impl Connection {
    /// Returns whether a deadline of the session has passed, and carries out those that are not its.
    pub(super) fn timer_fired(&mut self) -> bool {
        if let Stage::Closing { deadline, .. } = self.stage
            && deadline <= self.now
        {
            self.end(super::ABRUPT);
            return false;
        }
        if self.stage == Stage::Open && self.socket.tick(!self.is_deaf()) {
            self.silent();
            return false;
        }
        let idle = self.active.is_some_and(|active| self.now.since(active) >= REST_AFTER);
        if idle && self.socket.waiting() == 0 {
            self.rest();
        }
        self.session.poll_timeout().is_some_and(|(at, _)| at <= self.now)
    }

    /// Nothing was heard for too long. Where there is a socket, that is said there; whoever has none and polls
    /// later finds the session gone.
    fn silent(&mut self) {
        self.ends(Closed::Silent);
        if self.socket.has_wire() {
            self.close(Code::Silence.close(), Code::Silence.why());
        } else {
            self.end(Code::Silence.close());
        }
    }

    /// Reads on once what the user owed has been paid.
    pub(super) fn pay(&mut self) {
        self.slowed.take_if(|until| *until <= self.now);
    }

    /// Waits for the next deadline. Returns whether it has passed already.
    pub(super) fn timer_arm(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(at) = self.deadline() else {
            return false;
        };
        let at = self.node.instant(at);
        self.timer.arm(cx, at)
    }

    fn deadline(&self) -> Option<Timestamp> {
        let closing = match self.stage {
            Stage::Closing { deadline, .. } => Some(deadline),
            Stage::Open | Stage::Ended { .. } => None,
        };
        let session = self.session.poll_timeout().map(|(at, _)| at);
        // Put off while something waits to be written: the session has a deadline for that.
        let rest = self.active.filter(|_| self.socket.waiting() == 0);
        let rest = rest.map(|active| active.after(REST_AFTER));
        let socket = self.socket.poll_timeout().filter(|_| self.stage == Stage::Open);
        [closing, session, self.slowed, rest, socket].into_iter().flatten().min()
    }
}
