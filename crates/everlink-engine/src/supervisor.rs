//! Level two (B01): sees silence in data, surrender and age, and acts within its own budget.

use crate::engine::Engine;
use crate::failure::Cause;
use crate::link::Phase;
use crate::output::{Event, Supervision};
use crate::time::{Span, Timestamp};
use crate::timer::{Deadline, Timer};

/// The second level's memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Supervisor {
    /// How often it has acted since the connection was last stable.
    attempts: u32,
    /// From when its looks are counted, `check_interval` apart.
    anchor: Timestamp,
}

impl Supervisor {
    /// The application asked for a connection itself.
    pub(crate) fn asked(&mut self, now: Timestamp) {
        self.attempts = 0;
        self.anchor = now;
    }

    pub(crate) fn stable(&mut self) {
        self.attempts = 0;
    }

    /// Returns the first look at or after `at`.
    fn look(&self, at: Timestamp, interval: Span) -> Timestamp {
        let interval = interval.as_nanos();
        if interval == 0 {
            return at;
        }
        let passed = at.passed(self.anchor).as_nanos();
        let looks = passed.div_ceil(interval).max(1);
        self.anchor.plus(Span::from_nanos(interval.saturating_mul(looks)))
    }
}

impl<P: Clone> Engine<P> {
    pub(crate) fn supervisor_deadlines(&self, earliest: &mut Deadline) {
        if let Some(at) = self.stale_at() {
            earliest.at(at, Timer::Stale);
        }
        if let Some(at) = self.restart_at() {
            earliest.at(at, Timer::Surrender);
        }
        if let Some(at) = self.renew_at() {
            earliest.at(at, Timer::Age);
        }
    }

    pub(crate) fn supervisor_timeout(&mut self, now: Timestamp) {
        let due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        if due(self.stale_at()) {
            self.act(Supervision::Stale);
            self.force(now, Cause::Stale);
        } else if due(self.restart_at()) {
            self.act(Supervision::Surrender);
            self.force(now, Cause::ForcedBySupervisor);
        } else if due(self.renew_at()) {
            let attempt = self.supervisor.attempts;
            self.tell(Event::Supervised { cause: Supervision::Age, attempt });
            self.renew(now);
        }
    }

    fn act(&mut self, cause: Supervision) {
        self.supervisor.attempts += 1;
        let attempt = self.supervisor.attempts;
        self.tell(Event::Supervised { cause, attempt });
    }

    /// Returns when silence in data becomes a reason to act.
    fn stale_at(&self) -> Option<Timestamp> {
        let stale_after = self.config.settings.stale_after?;
        let Phase::Up(up) = &self.link.phase else {
            return None;
        };
        let silent_at = up.attachment.liveness.stale_at(stale_after)?;
        let attempts_max = self.config.settings.supervisor_attempts_max;
        let may = attempts_max == 0 || self.supervisor.attempts < attempts_max;
        may.then(|| self.supervisor.look(silent_at, self.config.settings.check_interval))
    }

    /// Returns when the first level, which gave up, is started anew.
    fn restart_at(&self) -> Option<Timestamp> {
        let Phase::Error { since, .. } = &self.link.phase else {
            return None;
        };
        let settings = &self.config.settings;
        let may = self.supervisor.attempts < settings.supervisor_attempts_max;
        let pause = settings.check_interval.max(Span::from_secs(1));
        may.then(|| self.supervisor.look(since.plus(Span::from_nanos(1)), pause))
    }

    fn renew_at(&self) -> Option<Timestamp> {
        let Phase::Up(up) = &self.link.phase else {
            return None;
        };
        up.renew_at
    }
}
