//! What is missing in a stream, by the numbers that the exchange gives its events.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::driver::ChannelMessage;

/// A stretch of a stream's numbers that did not come and will not: it happened while no connection
/// was subscribed, the exchange left it out, or nobody took it in time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hole {
    /// The stream.
    pub stream: Arc<str>,
    /// The first number that is missing: `t` of trades, `a` of aggregate trades, an update's `U` of a
    /// depth.
    pub first: u64,
    /// The last number that is missing.
    pub last: u64,
}

impl Hole {
    /// Returns how many numbers are missing.
    #[must_use]
    pub fn count(&self) -> u64 {
        (self.last - self.first).saturating_add(1)
    }
}

/// Which numbers the events of a stream carry.
///
/// Trades (`t`), aggregate trades (`a`) and differences of a depth (`U` to `u`) are numbered without
/// gaps for each symbol ("Trade Streams", "Aggregate Trade Streams" and "Diff. Depth Stream" of Binance's
/// WebSocket streams). Others have no numbers, or skip some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbering {
    Trades,
    AggregateTrades,
    Depth,
    None,
}

/// What one event says of its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    first: u64,
    last: u64,
    /// Milliseconds of the exchange's clock.
    time: Option<u64>,
}

/// How far a stream has come.
#[derive(Debug)]
struct Stream {
    numbering: Numbering,
    /// The last number, and when it was.
    last: Option<(u64, Option<u64>)>,
}

/// What to do with a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It follows, or has no number.
    Next,
    /// It follows after a hole.
    After(Hole),
    /// It has been there.
    Known,
    /// The exchange began to number anew.
    Restart,
}

/// Follows the numbers of all streams.
#[derive(Debug, Default)]
pub(super) struct Tracker(HashMap<Arc<str>, Stream>);

impl Tracker {
    pub(super) fn judge(&mut self, update: &ChannelMessage) -> Verdict {
        let stream = self.stream(&update.channel);
        let text = update.message.as_text().unwrap_or_default();
        let Some(place) = stream.numbering.place(text) else { return Verdict::Next };
        let before = stream.last;
        let verdict = match before {
            None => Verdict::Next,
            Some((last, time)) if place.last <= last => match is_anew(time, place.time) {
                true => Verdict::Restart,
                false => return Verdict::Known,
            },
            Some((last, _)) if place.first > last.saturating_add(1) => {
                let stream = Arc::clone(&update.channel);
                Verdict::After(Hole { stream, first: last + 1, last: place.first - 1 })
            }
            Some(_) => Verdict::Next,
        };
        let time = place.time.or_else(|| before.and_then(|(_, time)| time));
        stream.last = Some((place.last, time));
        verdict
    }

    /// Everything up to a number is known from elsewhere.
    pub(super) fn known_to(&mut self, stream: &str, number: u64) {
        let stream = self.stream(&stream.into());
        let (last, time) = stream.last.unwrap_or_default();
        stream.last = Some((last.max(number), time));
    }

    pub(super) fn forget(&mut self, stream: &str) {
        self.0.remove(stream);
    }

    fn stream(&mut self, name: &Arc<str>) -> &mut Stream {
        let fresh = || Stream { numbering: Numbering::of(name), last: None };
        self.0.entry(Arc::clone(name)).or_insert_with(fresh)
    }
}

impl Numbering {
    fn of(stream: &str) -> Self {
        match stream.split_once('@').map(|(_, kind)| kind) {
            Some("trade") => Self::Trades,
            Some("aggTrade") => Self::AggregateTrades,
            Some(kind) if kind == "depth" || kind.starts_with("depth@") => Self::Depth,
            Some(_) | None => Self::None,
        }
    }

    /// Reads the numbers of an event; `None` if it has none where they are expected.
    fn place(self, text: &str) -> Option<Place> {
        let place = |first, last, time| Place { first, last, time };
        match self {
            Self::None => None,
            Self::Trades => read(text).map(|Trade { t, time }| place(t, t, time)),
            Self::AggregateTrades => read(text).map(|AggregateTrade { a, time }| place(a, a, time)),
            Self::Depth => {
                let Depth { from, to, before, time } = read(text)?;
                // A futures exchange leaves numbers out, and names the one before instead.
                let from = before.map_or(from, |before| before.saturating_add(1));
                (from <= to).then(|| place(from, to, time))
            }
        }
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    serde_json::from_str(text).ok()
}

/// Returns whether numbers that go back are those of a new count: a copy is not so much younger than
/// what it is a copy of.
fn is_anew(before: Option<u64>, now: Option<u64>) -> bool {
    let passed = now.zip(before).map(|(now, before)| now.saturating_sub(before));
    passed.is_some_and(|passed| passed > COPY_AGE_MAX_MS)
}

/// Later than this after the newest event of a stream, an old number is a new event.
const COPY_AGE_MAX_MS: u64 = 60_000;

#[derive(Deserialize)]
struct Trade {
    t: u64,
    #[serde(rename = "E")]
    time: Option<u64>,
}

#[derive(Deserialize)]
struct AggregateTrade {
    a: u64,
    #[serde(rename = "E")]
    time: Option<u64>,
}

#[derive(Deserialize)]
struct Depth {
    #[serde(rename = "U")]
    from: u64,
    #[serde(rename = "u")]
    to: u64,
    #[serde(rename = "pu")]
    before: Option<u64>,
    #[serde(rename = "E")]
    time: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::{Hole, Tracker, Verdict};
    use crate::driver::ChannelMessage;

    fn judge(tracker: &mut Tracker, stream: &str, text: &str) -> Verdict {
        tracker.judge(&ChannelMessage { channel: stream.into(), message: text.into() })
    }

    fn hole(stream: &str, first: u64, last: u64) -> Verdict {
        Verdict::After(Hole { stream: stream.into(), first, last })
    }

    #[test]
    fn req_f09_each_kind_of_stream_is_followed_by_its_own_numbers() {
        let mut tracker = Tracker::default();
        for (stream, text, verdict) in [
            ("a@trade", r#"{"t":7}"#, Verdict::Next),
            ("b@trade", r#"{"t":70}"#, Verdict::Next),
            ("a@trade", r#"{"e":"trade","E":5,"t":8}"#, Verdict::Next),
            ("a@trade", r#"{"t":11}"#, hole("a@trade", 9, 10)),
            ("a@trade", r#"{"t":9}"#, Verdict::Known),
            ("a@trade", r#"{"t":12}"#, Verdict::Next),
            ("b@trade", r#"{"t":71}"#, Verdict::Next),
            ("a@aggTrade", r#"{"a":3,"f":1,"l":9}"#, Verdict::Next),
            ("a@aggTrade", r#"{"a":5}"#, hole("a@aggTrade", 4, 4)),
            ("a@depth@100ms", r#"{"U":1,"u":4,"b":[["1","2"]]}"#, Verdict::Next),
            ("a@depth@100ms", r#"{"U":5,"u":5}"#, Verdict::Next),
            ("a@depth@100ms", r#"{"U":4,"u":7}"#, Verdict::Next),
            ("a@depth@100ms", r#"{"U":10,"u":12}"#, hole("a@depth@100ms", 8, 9)),
            ("a@depth", r#"{"U":10,"u":12}"#, Verdict::Next),
            ("f@depth", r#"{"U":1,"u":4,"pu":0}"#, Verdict::Next),
            ("f@depth", r#"{"U":8,"u":9,"pu":4}"#, Verdict::Next),
            ("f@depth", r#"{"U":15,"u":16,"pu":12}"#, hole("f@depth", 10, 12)),
            ("a@depth5", r#"{"lastUpdateId":1}"#, Verdict::Next),
            ("a@depth5", r#"{"lastUpdateId":9}"#, Verdict::Next),
            ("a@bookTicker", r#"{"u":1}"#, Verdict::Next),
            ("a@bookTicker", r#"{"u":9}"#, Verdict::Next),
        ] {
            assert_eq!(judge(&mut tracker, stream, text), verdict, "{stream} {text}");
        }
    }

    #[test]
    fn fault_39_events_without_their_numbers_are_handed_on_and_change_nothing() {
        let mut tracker = Tracker::default();
        judge(&mut tracker, "a@trade", r#"{"t":1}"#);
        judge(&mut tracker, "a@depth", r#"{"U":1,"u":1}"#);
        for text in ["", "{", "[]", "{}", r#"{"t":-1}"#, r#"{"t":"5"}"#, r#"{"t":1e99}"#] {
            assert_eq!(judge(&mut tracker, "a@trade", text), Verdict::Next, "{text}");
        }
        assert_eq!(judge(&mut tracker, "a@depth", r#"{"U":9,"u":2}"#), Verdict::Next);
        assert_eq!(judge(&mut tracker, "a@trade", r#"{"t":2}"#), Verdict::Next);
        assert_eq!(judge(&mut tracker, "a@depth", r#"{"U":2,"u":2}"#), Verdict::Next);
        let most = format!(r#"{{"t":{}}}"#, u64::MAX);
        assert_eq!(judge(&mut tracker, "a@trade", &most), hole("a@trade", 3, u64::MAX - 1));
        assert_eq!(judge(&mut tracker, "a@trade", &most), Verdict::Known);
    }

    #[test]
    fn numbers_that_begin_anew_are_no_copies() {
        let mut tracker = Tracker::default();
        judge(&mut tracker, "a@trade", r#"{"t":500,"E":1000}"#);
        assert_eq!(judge(&mut tracker, "a@trade", r#"{"t":499,"E":9000}"#), Verdict::Known);
        assert_eq!(judge(&mut tracker, "a@trade", r#"{"t":1,"E":61001}"#), Verdict::Restart);
        assert_eq!(judge(&mut tracker, "a@trade", r#"{"t":2,"E":61002}"#), Verdict::Next);
    }

    #[test]
    fn what_is_known_from_elsewhere_is_neither_a_hole_nor_told_again() {
        let mut tracker = Tracker::default();
        tracker.known_to("a@depth", 20);
        assert_eq!(judge(&mut tracker, "a@depth", r#"{"U":15,"u":20}"#), Verdict::Known);
        assert_eq!(judge(&mut tracker, "a@depth", r#"{"U":19,"u":22}"#), Verdict::Next);
        tracker.known_to("a@depth", 30);
        assert_eq!(judge(&mut tracker, "a@depth", r#"{"U":31,"u":31}"#), Verdict::Next);
        tracker.forget("a@depth");
        assert_eq!(judge(&mut tracker, "a@depth", r#"{"U":3,"u":3}"#), Verdict::Next);
    }
}
