//! Orders that take from the book, and the trades that fill them.
//!
//! Three orders in a row are filled by one, two and three trades, in an order that the dice decide. So
//! the trades of an order and the order of a trade are known without counting from the beginning.

use super::symbol::{Symbol, Topic};
use std::ops::RangeInclusive;

/// One trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trade {
    pub(crate) id: u64,
    /// When, in nanoseconds of the market.
    pub(crate) at: u64,
    /// In units of 1e-8, as are quantities.
    pub(crate) price: u64,
    pub(crate) quantity: u64,
    pub(crate) is_buyer_maker: bool,
}

/// Everything that one taker's order was filled with: an aggregate trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) at: u64,
    pub(crate) trades: RangeInclusive<u64>,
    pub(crate) price: u64,
    pub(crate) quantity: u64,
    pub(crate) is_buyer_maker: bool,
}

impl Symbol {
    /// Returns the last order at this time; 0 before the first.
    pub(crate) fn newest_order(&self, at: u64) -> u64 {
        self.orders.newest(at)
    }

    /// Returns the last trade at this time; 0 before the first.
    pub(crate) fn newest_trade(&self, at: u64) -> u64 {
        match self.newest_order(at) {
            0 => 0,
            order => *self.trades_of(order).end(),
        }
    }

    pub(crate) fn order_time(&self, order: u64) -> u64 {
        self.orders.time(order)
    }

    pub(crate) fn trade_time(&self, trade: u64) -> u64 {
        self.orders.time(self.order_of(trade))
    }

    /// Returns a trade by its number, from 1.
    pub(crate) fn trade(&self, id: u64) -> Trade {
        let order = self.order_of(id);
        let (price, is_buyer_maker) = self.price_of(order);
        let (at, quantity) = (self.orders.time(order), self.quantity_of(id));
        Trade { id, at, price, quantity, is_buyer_maker }
    }

    /// Returns an order by its number, from 1.
    pub(crate) fn order(&self, id: u64) -> Order {
        let (trades, (price, is_buyer_maker)) = (self.trades_of(id), self.price_of(id));
        let quantity = trades.clone().map(|trade| self.quantity_of(trade)).sum();
        Order { id, at: self.orders.time(id), trades, price, quantity, is_buyer_maker }
    }

    fn trades_of(&self, order: u64) -> RangeInclusive<u64> {
        let (group, place) = ((order - 1) / 3, (order - 1) % 3);
        let sizes = self.sizes(group);
        let before: u64 = sizes.iter().take(place as usize).sum();
        let first = group * 6 + before + 1;
        first..=first + sizes[place as usize] - 1
    }

    fn order_of(&self, trade: u64) -> u64 {
        let (group, place) = ((trade - 1) / 6, (trade - 1) % 6);
        let [one, two, _] = self.sizes(group);
        let orders_before = u64::from(place >= one) + u64::from(place >= one + two);
        group * 3 + orders_before + 1
    }

    fn sizes(&self, group: u64) -> [u64; 3] {
        let which = self.bits(Topic::Sizes, group) % 6;
        [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]][which as usize]
    }

    /// Returns what an order is filled at, the best price of the other side, and whether a buyer waited there.
    fn price_of(&self, order: u64) -> (u64, bool) {
        let is_buyer_maker = self.bits(Topic::Side, order) & 1 == 1;
        let top = self.book_at(self.newest_update(self.orders.time(order))).top();
        (if is_buyer_maker { top.bid.0 } else { top.ask.0 }, is_buyer_maker)
    }

    fn quantity_of(&self, trade: u64) -> u64 {
        (1 + self.bits(Topic::Quantity, trade) % 50_000) * QUANTITY_STEP
    }
}

/// 0.0001 in units of 1e-8.
pub(super) const QUANTITY_STEP: u64 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(seed: u64) -> Symbol {
        Symbol::new(seed, "btcusdt", 20.0)
    }

    #[test]
    fn req_n08_trades_are_dense_and_belong_to_the_order_that_names_them() {
        let symbol = symbol(1);
        let mut next = 1;
        for id in 1..3_000 {
            let order = symbol.order(id);
            assert_eq!(*order.trades.start(), next, "order {id}");
            next = order.trades.end() + 1;
            let trades: Vec<_> = order.trades.map(|trade| symbol.trade(trade)).collect();
            assert!(trades.iter().all(|trade| trade.at == order.at && trade.price == order.price));
            assert_eq!(trades.iter().map(|trade| trade.quantity).sum::<u64>(), order.quantity);
        }
    }

    #[test]
    fn req_n08_the_newest_trade_is_the_last_that_has_happened() {
        let symbol = symbol(2);
        for at in (0..20_000_000_000).step_by(1_234_567) {
            let newest = symbol.newest_trade(at);
            assert!(newest == 0 || symbol.trade_time(newest) <= at, "{newest} at {at}");
            assert!(symbol.trade_time(newest + 1) > at, "{newest} at {at}");
        }
        let in_an_hour = symbol.newest_trade(3_600_000_000_000);
        assert!((71_000..73_000).contains(&in_an_hour), "20 a second: {in_an_hour}");
    }

    #[test]
    fn req_n08_the_same_seed_gives_the_same_trades_and_another_gives_others() {
        let trades = |seed| (1..100).map(|id| symbol(seed).trade(id)).collect::<Vec<_>>();
        assert_eq!(trades(7), trades(7));
        assert_ne!(trades(7), trades(8));
    }
}
