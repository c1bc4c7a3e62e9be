//! Sessions that a peer keeps: nothing of one that goes on is lost, doubled or reordered, and whether it
//! goes on is told.

use std::collections::VecDeque;

use super::{Check, broken};

/// What is still to come in the sessions of one peer.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    /// Events of each session, in their order.
    due: Vec<(u64, VecDeque<u64>)>,
    /// The session that the engine was let into.
    current: Option<u64>,
    /// What the engine has to tell.
    untold: Option<bool>,
}

impl Sessions {
    /// The peer has an event for a session.
    pub(crate) fn will_come(&mut self, session: u64, event: u64) {
        match self.due.iter_mut().find(|(number, _)| *number == session) {
            Some((_, events)) => events.push_back(event),
            None => self.due.push((session, VecDeque::from([event]))),
        }
    }

    /// The engine is let in.
    pub(crate) fn entered(&mut self, session: u64) {
        let before = self.current.replace(session);
        self.untold = before.map(|before| before == session);
        // Nobody comes back to a session before this one.
        self.due.retain(|(number, _)| *number >= session);
    }

    /// The application wants no connection any more.
    pub(crate) fn unwanted(&mut self) {
        self.current = None;
        self.untold = None;
    }

    pub(crate) fn resumed(&mut self, recovered: bool) -> Check {
        match self.untold.take() {
            Some(right) if right == recovered => Ok(()),
            other => {
                let detail = format!("told {recovered}, to be told {other:?}");
                broken("whether a session goes on is told", detail)
            }
        }
    }

    pub(crate) fn delivered(&mut self, event: u64) -> Check {
        let current = self.current;
        let due = self.due.iter_mut().find(|(number, _)| Some(*number) == current);
        match due.and_then(|(_, events)| events.pop_front()) {
            Some(next) if next == event => Ok(()),
            next => {
                let detail = format!("event {event}, and {next:?} is next of {current:?}");
                broken("a session loses, doubles and reorders nothing", detail)
            }
        }
    }

    pub(crate) fn at_rest(&self) -> Check {
        match self.untold {
            None => Ok(()),
            Some(recovered) => broken("whether a session goes on is told", format!("{recovered}")),
        }
    }

    pub(crate) fn quiet(&self) -> Check {
        let missing = self
            .due
            .iter()
            .find(|(number, events)| Some(*number) == self.current && !events.is_empty());
        match missing {
            None => Ok(()),
            Some((number, events)) => {
                let detail = format!("{} events of session {number}", events.len());
                broken("a session loses, doubles and reorders nothing", detail)
            }
        }
    }
}
