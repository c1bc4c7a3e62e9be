//! Who has sent what and who has got it, by the content of the messages alone.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// What a message says: who sends it, and as which of his.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) publisher: u16,
    pub(super) number: u64,
}

/// The book of a run. Cloning gives the same book.
#[derive(Clone, Debug)]
pub(super) struct Book(Arc<Mutex<Pages>>);

/// What has become of everything so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Totals {
    pub(super) sent: u64,
    pub(super) acked: u64,
    pub(super) refused: u64,
    pub(super) delivered: u64,
    pub(super) lost: u64,
    pub(super) doubled: u64,
    pub(super) reordered: u64,
    pub(super) gaps: u64,
    pub(super) cuts: u64,
    pub(super) resumes: Vec<Duration>,
}

#[derive(Debug)]
struct Pages {
    totals: Totals,
    /// For each publisher, which numbers were acknowledged.
    acked: Vec<Marks>,
    /// For each subscriber and publisher, which numbers have come.
    seen: Vec<Vec<Marks>>,
    rooms: u16,
    /// When the last fault ended.
    whole_since: Instant,
}

impl Book {
    pub(super) fn new(publishers: u16, subscribers: u16, rooms: u16) -> Self {
        let blank = vec![Marks::default(); usize::from(publishers)];
        Self(Arc::new(Mutex::new(Pages {
            totals: Totals::default(),
            seen: vec![blank.clone(); usize::from(subscribers)],
            acked: blank,
            rooms,
            whole_since: Instant::now(),
        })))
    }

    pub(super) fn sent(&self) {
        self.pages().totals.sent += 1;
    }

    pub(super) fn acked(&self, content: Content) {
        let mut pages = self.pages();
        pages.totals.acked += 1;
        pages.acked[usize::from(content.publisher)].mark(content.number);
    }

    pub(super) fn refused(&self) {
        self.pages().totals.refused += 1;
    }

    /// A message has come to a subscriber, in a room.
    pub(super) fn delivered(&self, subscriber: u16, room: u16, content: Content) {
        let mut pages = self.pages();
        let pages = &mut *pages;
        pages.totals.delivered += 1;
        let known = pages.seen[usize::from(subscriber)].get_mut(usize::from(content.publisher));
        let Some(marks) = known.filter(|_| content.publisher % pages.rooms == room) else {
            // Nobody has sent this here: as bad as a double.
            pages.totals.doubled += 1;
            return;
        };
        let highest = marks.highest;
        if !marks.mark(content.number) {
            pages.totals.doubled += 1;
        } else if content.number < highest {
            pages.totals.reordered += 1;
        }
    }

    pub(super) fn gap(&self) {
        self.pages().totals.gaps += 1;
    }

    pub(super) fn broken(&self) {
        self.pages().whole_since = Instant::now() + FOREVER;
    }

    pub(super) fn whole(&self) {
        self.pages().whole_since = Instant::now();
    }

    pub(super) fn cut(&self) {
        self.pages().totals.cuts += 1;
    }

    /// A connection stands again that was lost at a time: from when it could, how long did it take?
    pub(super) fn resumed(&self, lost_at: Instant) {
        let mut pages = self.pages();
        let now = Instant::now();
        let since = pages.whole_since.max(lost_at);
        // While something is broken still, another way was found: nothing was waited for.
        let took = now.saturating_duration_since(since);
        pages.totals.resumes.push(took);
    }

    /// Whether everything that was sent is acknowledged, and has come to everybody.
    pub(super) fn is_settled(&self) -> bool {
        let pages = self.pages();
        pages.totals.acked + pages.totals.refused == pages.totals.sent && pages.missing() == 0
    }

    pub(super) fn totals(&self) -> Totals {
        let pages = self.pages();
        Totals { lost: pages.missing(), ..pages.totals.clone() }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        // A panic elsewhere leaves the counts as they are.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    /// Acknowledged messages that have not come, over all subscribers.
    fn missing(&self) -> u64 {
        let missing = |seen: &Vec<Marks>| -> u64 {
            self.acked.iter().zip(seen).map(|(acked, seen)| acked.missing_in(seen)).sum()
        };
        self.seen.iter().map(missing).sum()
    }
}

/// Which numbers from 1 on were met: all below a floor, and some above.
#[derive(Clone, Debug, Default, PartialEq)]
struct Marks {
    /// Every number up to this one was met.
    floor: u64,
    /// Whether those above were: the first is `floor + 1`.
    above: VecDeque<bool>,
    highest: u64,
}

impl Marks {
    /// Takes note of a number; returns whether it is new.
    fn mark(&mut self, number: u64) -> bool {
        let Some(at) = number.checked_sub(self.floor + 1) else { return false };
        let Ok(at) = usize::try_from(at) else { return false };
        if self.above.len() <= at {
            self.above.resize(at + 1, false);
        }
        let is_new = !std::mem::replace(&mut self.above[at], true);
        self.highest = self.highest.max(number);
        while self.above.front() == Some(&true) {
            self.above.pop_front();
            self.floor += 1;
        }
        is_new
    }

    fn has(&self, number: u64) -> bool {
        let above = number.checked_sub(self.floor + 1).and_then(|at| usize::try_from(at).ok());
        above.is_none_or(|at| self.above.get(at) == Some(&true))
    }

    /// How many numbers of mine another has not.
    fn missing_in(&self, other: &Self) -> u64 {
        (other.floor + 1..=self.highest)
            .filter(|number| self.has(*number) && !other.has(*number))
            .count() as u64
    }
}

/// Longer than any run.
const FOREVER: Duration = Duration::from_secs(48 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> Book {
        Book::new(2, 1, 1)
    }

    const FIRST: Content = Content { publisher: 0, number: 1 };
    const SECOND: Content = Content { publisher: 0, number: 2 };

    #[test]
    fn what_was_acknowledged_and_has_not_come_is_lost() {
        let book = book();
        book.sent();
        book.acked(FIRST);
        assert_eq!((book.totals().lost, book.is_settled()), (1, false));
        book.delivered(0, 0, FIRST);
        assert_eq!((book.totals().lost, book.is_settled()), (0, true));
    }

    #[test]
    fn what_comes_twice_is_doubled() {
        let book = book();
        book.delivered(0, 0, FIRST);
        book.delivered(0, 0, FIRST);
        assert_eq!(book.totals().doubled, 1);
    }

    #[test]
    fn what_comes_after_a_later_one_is_out_of_order() {
        let book = book();
        book.delivered(0, 0, SECOND);
        book.delivered(0, 0, FIRST);
        assert_eq!((book.totals().reordered, book.totals().doubled), (1, 0));
    }

    #[test]
    fn what_nobody_sent_there_is_no_delivery() {
        let book = Book::new(2, 1, 2);
        book.delivered(0, 1, FIRST);
        book.delivered(0, 0, Content { publisher: 7, number: 1 });
        assert_eq!(book.totals().doubled, 2);
    }
}
