//! Streams: their names, when their events are due, and how these are written ("Web Socket Streams").

use super::Market;
use super::book::{Fixed, write_levels};
use super::symbol::Symbol;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

/// One stream of one symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stream {
    symbol: usize,
    kind: Kind,
}

/// What a stream tells. Its events are numbered: trades and orders by their ids, the best prices by the
/// update that changed them, and depth by its windows of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Trade,
    AggTrade,
    BookTicker,
    Depth,
    DepthFast,
}

/// A name that no stream has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnknownStream {
    Symbol,
    Kind,
}

impl Market {
    /// Finds a stream by its name, such as `btcusdt@trade`.
    pub(crate) fn stream(&self, name: &str) -> Result<Stream, UnknownStream> {
        let (symbol, kind) = name.split_once('@').ok_or(UnknownStream::Kind)?;
        let kinds = KINDS.iter().find(|(_, known)| *known == kind);
        let (kind, _) = *kinds.ok_or(UnknownStream::Kind)?;
        let found = self.symbols.iter().position(|known| known.lower() == symbol);
        Ok(Stream { symbol: found.ok_or(UnknownStream::Symbol)?, kind })
    }

    /// Returns the name of a stream.
    pub(crate) fn name(&self, stream: Stream) -> String {
        let kind = KINDS.iter().find(|(kind, _)| *kind == stream.kind);
        let kind = kind.map(|(_, name)| *name).unwrap_or_default();
        format!("{}@{kind}", self.symbols[stream.symbol].lower())
    }

    /// Returns the number of the last event that is due at this time; 0 before the first.
    pub(crate) fn newest(&self, stream: Stream, at: u64) -> u64 {
        let symbol = &self.symbols[stream.symbol];
        match stream.kind {
            Kind::Trade => symbol.newest_trade(at),
            Kind::AggTrade => symbol.newest_order(at),
            Kind::BookTicker => symbol.newest_update(at),
            Kind::Depth => at / WINDOW,
            Kind::DepthFast => at / WINDOW_FAST,
        }
    }

    /// Returns when an event is due.
    pub(crate) fn due(&self, stream: Stream, number: u64) -> u64 {
        let symbol = &self.symbols[stream.symbol];
        match stream.kind {
            Kind::Trade => symbol.trade_time(number),
            Kind::AggTrade => symbol.order_time(number),
            Kind::BookTicker => symbol.update_time(number),
            Kind::Depth => number.saturating_mul(WINDOW),
            Kind::DepthFast => number.saturating_mul(WINDOW_FAST),
        }
    }

    /// Writes an event; false, and nothing, when this number has none: nothing changed.
    pub(crate) fn write(&self, stream: Stream, number: u64, text: &mut String) -> bool {
        let symbol = &self.symbols[stream.symbol];
        match stream.kind {
            Kind::Trade => self.write_trade(symbol, number, text),
            Kind::AggTrade => self.write_order(symbol, number, text),
            Kind::BookTicker => return write_top(symbol, number, text),
            Kind::Depth | Kind::DepthFast => {
                let updates = self.ids(stream, number..=number);
                if updates.is_empty() {
                    return false;
                }
                self.write_depth(symbol, self.due(stream, number), &updates, text);
            }
        }
        true
    }

    /// Returns the ids that these events carry; for depth they are the numbers of updates.
    pub(crate) fn ids(&self, stream: Stream, events: RangeInclusive<u64>) -> RangeInclusive<u64> {
        match stream.kind {
            Kind::Trade | Kind::AggTrade | Kind::BookTicker => events,
            Kind::Depth | Kind::DepthFast => {
                let symbol = &self.symbols[stream.symbol];
                let before = self.due(stream, events.start().saturating_sub(1));
                let last = symbol.newest_update(self.due(stream, *events.end()));
                symbol.newest_update(before) + 1..=last
            }
        }
    }

    fn write_trade(&self, symbol: &Symbol, id: u64, text: &mut String) {
        let trade = symbol.trade(id);
        let (time, name) = (self.unix_ms(trade.at), symbol.upper());
        let (price, quantity) = (Fixed(trade.price), Fixed(trade.quantity));
        let (buyer, seller, maker) = (2 * id, 2 * id + 1, trade.is_buyer_maker);
        let written = write!(
            text,
            r#"{{"e":"trade","E":{time},"s":"{name}","t":{id},"p":"{price}","q":"{quantity}","b":{buyer},"a":{seller},"T":{time},"m":{maker},"M":true}}"#
        );
        written.expect("a String takes everything");
    }

    fn write_order(&self, symbol: &Symbol, id: u64, text: &mut String) {
        let order = symbol.order(id);
        let (time, name) = (self.unix_ms(order.at), symbol.upper());
        let (price, quantity) = (Fixed(order.price), Fixed(order.quantity));
        let (first, last, maker) = (order.trades.start(), order.trades.end(), order.is_buyer_maker);
        let written = write!(
            text,
            r#"{{"e":"aggTrade","E":{time},"s":"{name}","a":{id},"p":"{price}","q":"{quantity}","f":{first},"l":{last},"T":{time},"m":{maker},"M":true}}"#
        );
        written.expect("a String takes everything");
    }

    fn write_depth(
        &self,
        symbol: &Symbol,
        at: u64,
        updates: &RangeInclusive<u64>,
        text: &mut String,
    ) {
        let (time, name) = (self.unix_ms(at), symbol.upper());
        let (first, last) = (updates.start(), updates.end());
        let changes = symbol.changed(*first, *last);
        let written = write!(
            text,
            r#"{{"e":"depthUpdate","E":{time},"s":"{name}","U":{first},"u":{last},"b":"#
        );
        written.expect("a String takes everything");
        write_levels(text, changes.bids.into_iter());
        text.push_str(r#","a":"#);
        write_levels(text, changes.asks.into_iter());
        text.push('}');
    }
}

/// Writes the best prices after an update, if it changed them.
fn write_top(symbol: &Symbol, update: u64, text: &mut String) -> bool {
    let top = symbol.book_at(update).top();
    if symbol.book_at(update.saturating_sub(1)).top() == top {
        return false;
    }
    let name = symbol.upper();
    let (bid, bids) = (Fixed(top.bid.0), Fixed(top.bid.1));
    let (ask, asks) = (Fixed(top.ask.0), Fixed(top.ask.1));
    let written = write!(
        text,
        r#"{{"u":{update},"s":"{name}","b":"{bid}","B":"{bids}","a":"{ask}","A":"{asks}"}}"#
    );
    written.expect("a String takes everything");
    true
}

const KINDS: [(Kind, &str); 5] = [
    (Kind::Trade, "trade"),
    (Kind::AggTrade, "aggTrade"),
    (Kind::BookTicker, "bookTicker"),
    (Kind::Depth, "depth"),
    (Kind::DepthFast, "depth@100ms"),
];

/// Update speed of `@depth` ("Diff. Depth Stream"), in nanoseconds.
const WINDOW: u64 = 1_000_000_000;

/// Update speed of `@depth@100ms`.
const WINDOW_FAST: u64 = 100_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn market() -> Market {
        Market::new(5, &["btcusdt".to_owned(), "ethusdt".to_owned()], 20.0, 1_700_000_000_000)
    }

    fn event(market: &Market, stream: Stream, number: u64) -> Option<Value> {
        let mut text = String::new();
        market.write(stream, number, &mut text).then(|| serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn req_n08_names_are_found_and_given_back() {
        let market = market();
        for name in ["btcusdt@trade", "ethusdt@aggTrade", "btcusdt@depth", "ethusdt@depth@100ms"] {
            assert_eq!(market.name(market.stream(name).unwrap()), name);
        }
        for (name, expected) in [
            ("dogeusdt@trade", UnknownStream::Symbol),
            ("BTCUSDT@trade", UnknownStream::Symbol),
            ("btcusdt@nosuch", UnknownStream::Kind),
            ("btcusdt", UnknownStream::Kind),
            ("", UnknownStream::Kind),
        ] {
            assert_eq!(market.stream(name), Err(expected), "{name}");
        }
    }

    #[test]
    fn req_n08_depth_events_join_without_a_hole() {
        let market = market();
        for name in ["btcusdt@depth", "btcusdt@depth@100ms"] {
            let stream = market.stream(name).unwrap();
            let mut last = None;
            for number in 100..400 {
                let Some(event) = event(&market, stream, number) else { continue };
                let (first, end) = (event["U"].as_u64().unwrap(), event["u"].as_u64().unwrap());
                assert!(first <= end && last.is_none_or(|last| first == last + 1), "{event}");
                last = Some(end);
            }
            assert!(last.is_some());
        }
    }

    #[test]
    fn req_n08_events_have_the_documented_fields() {
        let market = market();
        for (name, fields) in [
            ("btcusdt@trade", &["e", "E", "s", "t", "p", "q", "T", "m", "M"][..]),
            ("btcusdt@aggTrade", &["e", "E", "s", "a", "p", "q", "f", "l", "T", "m", "M"]),
            ("btcusdt@depth", &["e", "E", "s", "U", "u", "b", "a"]),
            ("btcusdt@bookTicker", &["u", "s", "b", "B", "a", "A"]),
        ] {
            let stream = market.stream(name).unwrap();
            let event = (100..200).find_map(|number| event(&market, stream, number)).unwrap();
            assert!(fields.iter().all(|field| event.get(field).is_some()), "{name}: {event}");
            assert_eq!(event["s"], "BTCUSDT");
        }
    }

    #[test]
    fn req_n08_an_event_is_due_when_it_becomes_the_newest() {
        let market = market();
        for (kind, _) in KINDS {
            let stream = Stream { symbol: 1, kind };
            for number in 1..500 {
                let due = market.due(stream, number);
                assert!(market.newest(stream, due) >= number, "{kind:?} {number}");
                assert!(market.newest(stream, due - 1) < number, "{kind:?} {number}");
            }
        }
    }
}
