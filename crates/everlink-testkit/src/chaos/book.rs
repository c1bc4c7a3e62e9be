//! The faults in force: who set what, for which connections, until when.

use super::direction::End;
use super::error::Rejected;
use super::fault::Fault;
use super::limits::FAULTS_IN_FORCE_MAX;
use serde_json::{Value, json};
use tokio::time::Instant;

/// Which connections a fault acts on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Those there are and those to come.
    #[default]
    All,
    /// Those to come, for their whole life or until the fault is cleared.
    New,
    /// Those there are at the moment of setting.
    Live,
    /// The one with this number; the first connection is 1.
    Connection(u64),
}

impl Scope {
    /// Returns the word used in JSON: `all`, `new`, `live`, or the number.
    fn to_json(self) -> Value {
        match self {
            Self::All => "all".into(),
            Self::New => "new".into(),
            Self::Live => "live".into(),
            Self::Connection(number) => number.into(),
        }
    }
}

/// Names one fault in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultId(pub(crate) u64);

impl FaultId {
    /// Returns the number, as the control port shows it.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

/// A fault in force.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct InForce {
    /// Its name, for [`ChaosProxy::remove`](super::ChaosProxy::remove).
    pub id: FaultId,
    /// What it does.
    pub fault: Fault,
    /// To whom.
    pub scope: Scope,
    /// When it ends by itself.
    pub until: Option<Instant>,
    /// Connections from this number on are new to it.
    first_new: u64,
    layer: Layer,
}

impl InForce {
    pub(crate) fn acts_on(&self, connection: u64) -> bool {
        match self.scope {
            Scope::All => true,
            Scope::New => connection >= self.first_new,
            Scope::Live => connection < self.first_new,
            Scope::Connection(number) => connection == number,
        }
    }

    /// Returns what the control port shows.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let ends_in =
            self.until.map(|until| until.saturating_duration_since(Instant::now()).as_secs_f64());
        json!({
            "id": self.id.0,
            "fault": self.fault.to_json(),
            "scope": self.scope.to_json(),
            "ends_in_seconds": ends_in,
        })
    }
}

/// Where a fault lies: what is set by hand lies below what a schedule or a time limit adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layer {
    Base,
    Timed,
}

/// All faults in force, and the last order to end connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    in_force: Vec<InForce>,
    last_id: u64,
    cut: Option<Cut>,
    closing: bool,
}

/// An order to end every connection below a number, once.
#[derive(Clone, Copy, Debug)]
struct Cut {
    below: u64,
    end: End,
}

impl Book {
    /// Puts a fault in force. In the base layer it takes the place of one of the same kind, ways and
    /// scope; timed ones lie on top and give way again when they end.
    pub(crate) fn add(
        &mut self,
        fault: Fault,
        scope: Scope,
        layer: Layer,
        until: Option<Instant>,
        first_new: u64,
    ) -> Result<FaultId, Rejected> {
        fault.check()?;
        if layer == Layer::Base {
            self.in_force.retain(|old| {
                !(old.layer == layer && old.scope == scope && fault.replaces(&old.fault))
            });
        }
        if self.in_force.len() >= FAULTS_IN_FORCE_MAX {
            let accepted = format!("at most {FAULTS_IN_FORCE_MAX}; clear some first");
            let count = self.in_force.len() + 1;
            return Err(Rejected::new("proxy", "faults in force", count, accepted));
        }
        self.last_id += 1;
        let id = FaultId(self.last_id);
        self.in_force.push(InForce { id, fault, scope, until, first_new, layer });
        // Stable: within a layer the last one set has the last word.
        self.in_force.sort_by_key(|entry| entry.layer);
        Ok(id)
    }

    /// Ends a fault; says whether it was in force.
    pub(crate) fn remove(&mut self, id: FaultId) -> bool {
        let before = self.in_force.len();
        self.forget(id);
        self.in_force.len() != before
    }

    /// Ends a fault, if it has not ended yet.
    pub(crate) fn forget(&mut self, id: FaultId) {
        self.in_force.retain(|entry| entry.id != id);
    }

    pub(crate) fn clear(&mut self) {
        self.in_force.clear();
    }

    pub(crate) fn expire(&mut self, now: Instant) {
        self.in_force.retain(|entry| entry.until.is_none_or(|until| until > now));
    }

    pub(crate) fn cut(&mut self, below: u64, end: End) {
        self.cut = Some(Cut { below, end });
    }

    pub(crate) fn close(&mut self) {
        self.closing = true;
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing
    }

    pub(crate) fn next_expiry(&self) -> Option<Instant> {
        self.in_force.iter().filter_map(|entry| entry.until).min()
    }

    pub(crate) fn in_force(&self) -> &[InForce] {
        &self.in_force
    }

    /// Returns how `connection` was told to end, apart from standing faults.
    pub(crate) fn ordered_end(&self, connection: u64) -> Option<End> {
        let cut = self.cut.filter(|cut| connection < cut.below).map(|cut| cut.end);
        cut.or(self.closing.then_some(End::Close))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn latency(ms: u64) -> Fault {
        Fault::Latency {
            direction: super::super::Direction::Both,
            delay: Duration::from_millis(ms),
            jitter: Duration::ZERO,
        }
    }

    #[test]
    fn req_n07_setting_a_kind_again_replaces_it_and_a_timed_one_lies_on_top() {
        let mut book = Book::default();
        let now = Instant::now();
        let timed = book.add(latency(3), Scope::All, Layer::Timed, Some(now), 1).unwrap();
        book.add(latency(1), Scope::All, Layer::Base, None, 1).unwrap();
        book.add(latency(2), Scope::All, Layer::Base, None, 1).unwrap();
        let order: Vec<_> = book.in_force().iter().map(|entry| entry.fault.clone()).collect();
        assert_eq!(order, [latency(2), latency(3)]);
        assert_eq!(book.next_expiry(), Some(now));
        book.expire(now);
        assert!(!book.remove(timed));
        assert_eq!(book.in_force().len(), 1);
    }

    #[test]
    fn req_n07_the_number_of_faults_in_force_is_bounded() {
        let mut book = Book::default();
        for _ in 0..FAULTS_IN_FORCE_MAX {
            book.add(Fault::Freeze, Scope::All, Layer::Timed, None, 1).unwrap();
        }
        let error = book.add(Fault::Freeze, Scope::All, Layer::Timed, None, 1).unwrap_err();
        assert_eq!(error.field, "faults in force");
    }

    #[test]
    fn req_n07_a_scope_picks_its_connections() {
        let mut book = Book::default();
        for scope in [Scope::All, Scope::New, Scope::Live, Scope::Connection(7)] {
            book.add(Fault::Freeze, scope, Layer::Base, None, 5).unwrap();
        }
        let acts = |number| -> Vec<bool> {
            book.in_force().iter().map(|entry| entry.acts_on(number)).collect()
        };
        assert_eq!(acts(4), [true, false, true, false]);
        assert_eq!(acts(5), [true, true, false, false]);
        assert_eq!(acts(7), [true, true, false, true]);
    }
}
