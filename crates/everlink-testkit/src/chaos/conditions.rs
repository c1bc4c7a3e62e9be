//! What all faults in force together mean for one connection.

use super::book::Book;
use super::direction::{Direction, End, Refusal, Way};
use super::fault::Fault;
use std::time::Duration;

/// The rules for one connection at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Conditions {
    pub(crate) up: WayConditions,
    pub(crate) down: WayConditions,
    pub(crate) end: Option<End>,
    pub(crate) refusal: Option<Refusal>,
    pub(crate) stalled: bool,
    pub(crate) black_hole: bool,
    pub(crate) frozen: bool,
}

/// The rules for one way.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct WayConditions {
    pub(crate) delay: Duration,
    pub(crate) jitter: Duration,
    pub(crate) write_rate: Option<u64>,
    pub(crate) read_rate: Option<u64>,
    pub(crate) swallowed: bool,
    pub(crate) end_after: Option<(u64, End)>,
    pub(crate) corrupt_probability: f64,
    pub(crate) corrupt_at: Vec<u64>,
}

impl Conditions {
    pub(crate) fn of(book: &Book, connection: u64) -> Self {
        let mut conditions = Self::default();
        for entry in book.in_force().iter().filter(|entry| entry.acts_on(connection)) {
            conditions.apply(&entry.fault);
        }
        // An order to end outranks a standing fault: it is the more recent word.
        conditions.end = book.ordered_end(connection).or(conditions.end);
        conditions
    }

    pub(crate) fn way(&self, way: Way) -> &WayConditions {
        match way {
            Way::Up => &self.up,
            Way::Down => &self.down,
        }
    }

    fn apply(&mut self, fault: &Fault) {
        match fault {
            Fault::BlackHole => {
                self.black_hole = true;
                self.each(Direction::Both, |way| way.swallowed = true);
            }
            Fault::HalfOpen { swallowed: Way::Up } => self.up.swallowed = true,
            Fault::HalfOpen { swallowed: Way::Down } => self.down.swallowed = true,
            Fault::Drop => self.end = Some(End::Close),
            Fault::Reset => self.end = Some(End::Reset),
            Fault::Refuse { how } => self.refusal = Some(*how),
            Fault::Stall => self.stalled = true,
            Fault::Freeze => self.frozen = true,
            Fault::Latency { direction, delay, jitter } => self.each(*direction, |way| {
                way.delay = *delay;
                way.jitter = *jitter;
            }),
            Fault::Bandwidth { direction, bytes_per_second } => {
                self.each(*direction, |way| way.write_rate = Some(*bytes_per_second));
            }
            Fault::SlowReader { direction, bytes_per_second } => {
                self.each(*direction, |way| way.read_rate = Some(*bytes_per_second));
            }
            Fault::CloseAfter { direction, bytes } => {
                self.each(*direction, |way| way.end_after = Some((*bytes, End::Close)));
            }
            Fault::ResetAfter { direction, bytes } => {
                self.each(*direction, |way| way.end_after = Some((*bytes, End::Reset)));
            }
            Fault::Corrupt { direction, probability } => {
                self.each(*direction, |way| way.corrupt_probability = *probability);
            }
            Fault::CorruptAt { direction, byte } => {
                self.each(*direction, |way| way.corrupt_at.push(*byte));
            }
        }
    }

    fn each(&mut self, direction: Direction, change: impl Fn(&mut WayConditions)) {
        if direction.covers(Way::Up) {
            change(&mut self.up);
        }
        if direction.covers(Way::Down) {
            change(&mut self.down);
        }
    }
}
