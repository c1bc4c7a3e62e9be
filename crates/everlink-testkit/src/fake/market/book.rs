//! The order book: a ladder of prices around a middle that stays, whose quantities come and go.
//!
//! Update `n` sets one rung. In each round of as many updates as there are rungs every rung is set once,
//! so that the book after any update is known from the last two rounds.

use super::symbol::{ONE, Symbol, Topic};
use super::trades::QUANTITY_STEP;
use std::fmt::Write as _;

/// The book after some update: quantity of each rung, best prices first; 0 where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Book {
    pub(crate) bids: Vec<(u64, u64)>,
    pub(crate) asks: Vec<(u64, u64)>,
}

/// Best prices with their quantities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Top {
    pub(crate) bid: (u64, u64),
    pub(crate) ask: (u64, u64),
}

impl Book {
    /// Returns the best bid and the best ask.
    pub(crate) fn top(&self) -> Top {
        let best = |side: &[(u64, u64)]| {
            let mut side = side.iter().filter(|(_, quantity)| *quantity > 0);
            side.next().copied().unwrap_or_default()
        };
        Top { bid: best(&self.bids), ask: best(&self.asks) }
    }
}

impl Symbol {
    /// Returns the last update of the book at this time; 0 before the first.
    pub(crate) fn newest_update(&self, at: u64) -> u64 {
        self.updates.newest(at)
    }

    pub(crate) fn update_time(&self, update: u64) -> u64 {
        self.updates.time(update)
    }

    /// Returns the book after an update.
    pub(crate) fn book_at(&self, update: u64) -> Book {
        self.changed(update.saturating_sub(2 * RUNGS as u64).max(1), update)
    }

    /// Returns every rung that was set by these updates, with its last quantity.
    pub(crate) fn changed(&self, first: u64, last: u64) -> Book {
        let mut rungs = [None; RUNGS];
        let mut left = RUNGS;
        let mut update = last;
        while update >= first && update > 0 && left > 0 {
            let rung = self.rung(update);
            if rungs[rung].is_none() {
                rungs[rung] = Some(self.level(update, rung));
                left -= 1;
            }
            update -= 1;
        }
        let (bids, asks) = rungs.split_at(LEVELS);
        let priced = |side: &[Option<u64>], price: fn(&Self, u64) -> u64| {
            let rungs = (0..).zip(side);
            rungs
                .filter_map(|(rung, set)| set.map(|quantity| (price(self, rung), quantity)))
                .collect()
        };
        Book {
            bids: priced(bids, |symbol, rung| symbol.middle - (rung + 1) * symbol.tick),
            asks: priced(asks, |symbol, rung| symbol.middle + (rung + 1) * symbol.tick),
        }
    }

    /// Returns which rung an update sets: bids first, each side from the middle outwards.
    fn rung(&self, update: u64) -> usize {
        let (round, place) = (update / RUNGS as u64, update % RUNGS as u64);
        let dice = self.bits(Topic::Rung, round);
        // A stride without a factor in common with their number visits every rung once.
        let stride = STRIDES[(dice % STRIDES.len() as u64) as usize];
        ((dice >> 32) % RUNGS as u64 + place * stride) as usize % RUNGS
    }

    /// Returns what an update sets: nothing one time in four, but never at the ends of the ladder.
    fn level(&self, update: u64, rung: usize) -> u64 {
        let dice = self.bits(Topic::Level, update);
        let is_end = rung % LEVELS == LEVELS - 1;
        if dice & 3 == 0 && !is_end { 0 } else { (1 + (dice >> 2) % 90_000) * QUANTITY_STEP }
    }
}

/// Writes `[["price","quantity"],…]`.
pub(crate) fn write_levels(text: &mut String, levels: impl Iterator<Item = (u64, u64)>) {
    text.push('[');
    for (index, (price, quantity)) in levels.enumerate() {
        let comma = if index > 0 { "," } else { "" };
        let (price, quantity) = (Fixed(price), Fixed(quantity));
        write!(text, r#"{comma}["{price}","{quantity}"]"#).expect("a String takes everything");
    }
    text.push(']');
}

/// A number in units of 1e-8, written with all its eight places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fixed(pub(crate) u64);

impl std::fmt::Display for Fixed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:08}", self.0 / ONE, self.0 % ONE)
    }
}

/// Prices on each side of the book.
pub(crate) const LEVELS: usize = 20;

const RUNGS: usize = 2 * LEVELS;

const STRIDES: [u64; 8] = [3, 7, 11, 13, 17, 19, 23, 29];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn req_n08_changes_applied_to_a_snapshot_give_the_next_snapshot() {
        let symbol = Symbol::new(3, "ethusdt", 20.0);
        let as_map = |levels: Vec<(u64, u64)>| levels.into_iter().collect::<BTreeMap<_, _>>();
        let book = symbol.book_at(1_000);
        let (mut bids, mut asks) = (as_map(book.bids), as_map(book.asks));
        let mut last = 1_000;
        for step in [1, 2, 5, 39, 40, 41, 500] {
            let changes = symbol.changed(last + 1, last + step);
            last += step;
            bids.extend(changes.bids);
            asks.extend(changes.asks);
            let book = symbol.book_at(last);
            assert_eq!((&bids, &asks), (&as_map(book.bids), &as_map(book.asks)), "after {last}");
        }
    }

    #[test]
    fn req_n08_a_book_is_never_empty_and_never_crossed() {
        let symbol = Symbol::new(4, "bnbusdt", 20.0);
        for update in 100..5_000 {
            let top = symbol.book_at(update).top();
            assert!(top.bid.1 > 0 && top.ask.1 > 0 && top.bid.0 < top.ask.0, "{update}: {top:?}");
        }
    }

    #[test]
    fn numbers_have_eight_places() {
        assert_eq!(Fixed(123_000_004_500).to_string(), "1230.00004500");
        assert_eq!(Fixed(0).to_string(), "0.00000000");
    }
}
