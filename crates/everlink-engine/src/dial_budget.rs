//! How often several connections may dial together.

use alloc::collections::VecDeque;
use core::time::Duration;

use crate::time::{Span, Timestamp};

/// A budget of dials that several connections share: no stretch of `period` ever holds more than
/// `dials_max` of them.
///
/// A driver reserves a time when an engine asks for a dial, waits for it, and tells the engine
/// ([`News::Deferred`](crate::News::Deferred)): the engine stays a function of its inputs. Who comes
/// first is served first. Like the engine it has no clock: all times have one origin, and do not run
/// backwards.
///
/// ```
/// use everlink_engine::{DialBudget, Timestamp};
/// use std::time::Duration;
///
/// let mut budget = DialBudget::new(2, Duration::from_secs(300));
/// let now = Timestamp::ZERO;
/// assert_eq!(budget.reserve(now), now);
/// assert_eq!(budget.reserve(now), now);
/// assert_eq!(budget.reserve(now), now.after(Duration::from_secs(300)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialBudget {
    dials_max: usize,
    period: Span,
    /// Times that were given out, in order: those of the last `period`, and those to come.
    times: VecDeque<Timestamp>,
}

impl DialBudget {
    /// Makes a budget of `dials_max` dials in each `period`; of none it makes one, since a connection
    /// that may never dial is not worth having.
    #[must_use]
    pub fn new(dials_max: usize, period: Duration) -> Self {
        Self { dials_max: dials_max.max(1), period: Span::of(period), times: VecDeque::new() }
    }

    /// Gives out the first time from `now` on at which a dial may be made.
    #[must_use]
    pub fn reserve(&mut self, now: Timestamp) -> Timestamp {
        while self.times.front().is_some_and(|oldest| oldest.plus(self.period) <= now) {
            self.times.pop_front();
        }
        let full = self.times.len().checked_sub(self.dials_max);
        let free = full.and_then(|at| self.times.get(at)).map(|time| time.plus(self.period));
        let last = self.times.back().copied();
        let at = now.max(free.unwrap_or(now)).max(last.unwrap_or(now));
        self.times.push_back(at);
        // Of those before, only so many have a say; as many again can be given back.
        if self.times.len() > self.dials_max.saturating_mul(2) {
            self.times.pop_front();
        }
        at
    }

    /// Gives back a time whose dial will not be made. Times that were given out meanwhile stay as they
    /// are.
    pub fn give_back(&mut self, at: Timestamp) {
        if let Ok(found) = self.times.binary_search(&at) {
            self.times.remove(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use core::time::Duration;

    use super::DialBudget;
    use crate::time::Timestamp;

    fn secs(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    fn check(times: &mut [Timestamp], dials_max: usize, period: u64) {
        times.sort();
        for stretch in times.windows(dials_max + 1) {
            let time = stretch[dials_max].since(stretch[0]);
            assert!(time >= Duration::from_secs(period), "{stretch:?}");
        }
    }

    #[test]
    fn req_f08_no_stretch_holds_more_dials_than_the_budget() {
        let mut budget = DialBudget::new(3, Duration::from_secs(10));
        let wishes = [0, 0, 1, 1, 1, 2, 30, 41, 42, 43, 44, 44, 44, 44, 200];
        let mut times: Vec<_> = wishes.iter().map(|at| budget.reserve(secs(*at))).collect();
        let waits = wishes.iter().zip(&times).map(|(at, time)| time.since(secs(*at)).as_secs());
        assert_eq!(waits.collect::<Vec<_>>(), [0, 0, 0, 9, 9, 9, 0, 0, 0, 0, 7, 8, 9, 17, 0]);
        check(&mut times, 3, 10);
    }

    #[test]
    fn a_time_that_is_given_back_is_not_lost_and_makes_no_room_that_is_not_there() {
        let mut budget = DialBudget::new(3, Duration::from_secs(10));
        let mut times: Vec<_> = [0, 1, 2].map(|at| budget.reserve(secs(at))).into();
        let late = budget.reserve(secs(3));
        assert_eq!(late, secs(10));
        budget.give_back(late);
        budget.give_back(secs(77));
        assert_eq!(budget.reserve(secs(4)), late);
        times.push(late);
        for at in 5..40 {
            let wait = budget.reserve(secs(at));
            if at % 3 == 0 {
                budget.give_back(wait);
            } else {
                times.push(wait);
            }
        }
        check(&mut times, 3, 10);
        assert!(budget.times.len() <= 6);
    }
}
