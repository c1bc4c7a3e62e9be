//! A sliding window: at most so many of something in any stretch of time.

use alloc::vec::Vec;

use crate::time::{Span, Timestamp};

/// Counts events so that no stretch of `period` ever holds more than `max` of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Window {
    max: usize,
    period: Span,
    times: Vec<Timestamp>,
}

impl Window {
    pub(crate) fn new(max: usize, period: Span) -> Self {
        Self { max, period, times: Vec::new() }
    }

    /// Counts one event, whether or not it was allowed.
    pub(crate) fn count(&mut self, now: Timestamp) {
        if self.times.len() == self.max {
            self.times.remove(0);
        }
        self.times.push(now);
    }

    /// Returns when the next event fits, which may lie in the past.
    pub(crate) fn free_at(&self) -> Timestamp {
        if self.times.len() < self.max {
            return Timestamp::ZERO;
        }
        self.times.first().map_or(Timestamp::ZERO, |oldest| oldest.plus(self.period))
    }

    pub(crate) fn is_free(&self, now: Timestamp) -> bool {
        self.free_at() <= now
    }

    pub(crate) fn clear(&mut self) {
        self.times.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::Window;
    use crate::time::{Span, Timestamp};

    #[test]
    fn no_stretch_of_the_period_holds_more_than_the_limit() {
        let mut window = Window::new(3, Span::from_secs(1));
        let mut at = Timestamp::ZERO;
        let mut times = alloc::vec::Vec::new();
        for _ in 0..10 {
            at = at.max(window.free_at());
            window.count(at);
            times.push(at);
        }
        for pair in times.windows(4) {
            assert!(pair[3].passed(pair[0]) >= Span::from_secs(1), "{pair:?}");
        }
        assert_eq!(at, Timestamp::from_millis(3000));
    }
}
