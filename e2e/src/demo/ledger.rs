//! The demonstration's own bookkeeping: what was sent, what came back, what was told to be in doubt.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::fault::FaultKind;

/// Every message's fate, by the fault that it was sent before or during. Cloning gives the same book.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(Arc<Mutex<Book>>);

#[derive(Debug, Default)]
struct Book {
    turns: Vec<Turn>,
    /// Sent, and not come back yet, by number.
    pending: BTreeMap<u64, Pending>,
    next_number: u64,
    totals: Totals,
}

#[derive(Debug)]
struct Pending {
    turn: usize,
    id: u64,
    in_doubt: bool,
}

/// One fault and the messages sent from its beginning to the next one's.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) kind: Option<FaultKind>,
    pub(crate) noticed: Duration,
    pub(crate) back: Duration,
    pub(crate) attempts: u32,
    pub(crate) totals: Totals,
}

/// Counts of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) sent: u64,
    pub(crate) echoed: u64,
    /// Their echo never came.
    pub(crate) lost: u64,
    /// Of those, the ones that the client had named.
    pub(crate) reported: u64,
    /// Came back more than once.
    pub(crate) doubled: u64,
    /// The client did not take them.
    pub(crate) refused: u64,
}

impl Ledger {
    /// A fault begins.
    pub(crate) fn begin(&self, kind: FaultKind) {
        self.lock().turns.push(Turn::new(Some(kind)));
    }

    /// The fault that began last is over, and the client is back.
    pub(crate) fn survived(&self, noticed: Duration, back: Duration, attempts: u32) {
        if let Some(turn) = self.lock().turns.last_mut() {
            turn.noticed = noticed;
            turn.back = back;
            turn.attempts = attempts;
        }
    }

    /// Returns the number that the next message carries.
    pub(crate) fn next_number(&self) -> u64 {
        self.lock().next_number
    }

    /// A message was taken by the client under this id, or not taken.
    pub(crate) fn sent(&self, id: Option<u64>) {
        let mut book = self.lock();
        if book.turns.is_empty() {
            // Before the first fault.
            book.turns.push(Turn::new(None));
        }
        let turn = book.turns.len() - 1;
        let number = book.next_number;
        book.next_number += 1;
        match id {
            Some(id) => {
                book.pending.insert(number, Pending { turn, id, in_doubt: false });
                book.count(turn, |totals| totals.sent += 1);
            }
            None => book.count(turn, |totals| totals.refused += 1),
        }
    }

    /// The echo of a message came.
    pub(crate) fn echoed(&self, number: u64) {
        let mut book = self.lock();
        match book.pending.remove(&number) {
            Some(pending) => book.count(pending.turn, |totals| totals.echoed += 1),
            None => book.totals.doubled += 1,
        }
    }

    /// The client says that it does not know what became of these.
    pub(crate) fn in_doubt(&self, ids: &RangeInclusive<u64>) {
        for pending in self.lock().pending.values_mut() {
            pending.in_doubt |= ids.contains(&pending.id);
        }
    }

    /// Reports whether the last message came back: all that will ever come before it has come.
    pub(crate) fn is_settled(&self) -> bool {
        let book = self.lock();
        book.next_number == 0 || !book.pending.contains_key(&(book.next_number - 1))
    }

    /// What has not come back is lost.
    pub(crate) fn close(&self) {
        let mut book = self.lock();
        for (_, pending) in std::mem::take(&mut book.pending) {
            book.count(pending.turn, |totals| {
                totals.lost += 1;
                totals.reported += u64::from(pending.in_doubt);
            });
        }
    }

    pub(crate) fn turns(&self) -> Vec<Turn> {
        self.lock().turns.clone()
    }

    pub(crate) fn totals(&self) -> Totals {
        self.lock().totals
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn count(&mut self, turn: usize, change: impl Fn(&mut Totals)) {
        change(&mut self.totals);
        change(&mut self.turns[turn].totals);
    }
}

impl Turn {
    fn new(kind: Option<FaultKind>) -> Self {
        let zero = Duration::ZERO;
        Self { kind, noticed: zero, back: zero, attempts: 0, totals: Totals::default() }
    }
}

impl Totals {
    /// Messages that vanished without the client saying so: never any.
    pub(crate) const fn unreported(&self) -> u64 {
        self.lost - self.reported
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger_of(count: u64) -> Ledger {
        let ledger = Ledger::default();
        ledger.begin(FaultKind::Cut);
        for number in 0..count {
            assert_eq!(ledger.next_number(), number);
            ledger.sent(Some(100 + number));
        }
        ledger
    }

    #[test]
    fn a_message_without_an_echo_is_lost_and_reported_only_if_it_was_named() {
        let ledger = ledger_of(4);
        ledger.echoed(0);
        ledger.in_doubt(&(100..=101));
        ledger.echoed(3);
        assert!(ledger.is_settled());
        ledger.close();
        let totals = ledger.totals();
        assert_eq!((totals.sent, totals.echoed), (4, 2));
        assert_eq!((totals.lost, totals.reported, totals.unreported()), (2, 1, 1));
        assert_eq!(ledger.turns()[0].totals, totals);
    }

    #[test]
    fn a_second_echo_is_a_double_and_the_book_is_open_until_the_last_one_came() {
        let ledger = ledger_of(2);
        ledger.echoed(0);
        ledger.echoed(0);
        assert!(!ledger.is_settled());
        assert_eq!(ledger.totals().doubled, 1);
    }

    #[test]
    fn a_message_that_the_client_did_not_take_is_not_lost() {
        let ledger = ledger_of(0);
        ledger.sent(None);
        ledger.close();
        assert_eq!((ledger.totals().refused, ledger.totals().lost), (1, 0));
    }
}
