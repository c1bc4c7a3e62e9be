//! One symbol: its name, its pace and its dice.

use crate::chaos::dice::mix;

/// One symbol of the market.
#[derive(Clone, Debug)]
pub(crate) struct Symbol {
    lower: String,
    upper: String,
    key: u64,
    /// Price in the middle of the book, in units of 1e-8.
    pub(super) middle: u64,
    /// Distance of two prices, in units of 1e-8.
    pub(super) tick: u64,
    pub(super) orders: Pace,
    pub(super) updates: Pace,
}

impl Symbol {
    pub(super) fn new(seed: u64, name: &str, rate: f64) -> Self {
        let lower = name.to_ascii_lowercase();
        let named = lower.bytes().fold(0, |key, byte| mix(key ^ u64::from(byte)));
        let key = mix(mix(seed) ^ named);
        // Between 1 and 1,000, the same for every seed, so that a symbol is known by its price.
        let middle = ONE * (1 + named % 1_000);
        // An order is filled by two trades in the mean, and the book changes twice with each trade.
        let interval = (2e9 / rate) as u64;
        Self {
            upper: name.to_ascii_uppercase(),
            lower,
            key,
            middle,
            tick: middle / 5_000,
            orders: Pace { key: mix(key ^ 1), interval },
            updates: Pace { key: mix(key ^ 2), interval: interval / 4 },
        }
    }

    pub(crate) fn lower(&self) -> &str {
        &self.lower
    }

    pub(crate) fn upper(&self) -> &str {
        &self.upper
    }

    /// Returns 64 bits about number `at`; `topic` keeps separate questions independent.
    pub(super) fn bits(&self, topic: Topic, at: u64) -> u64 {
        mix(mix(self.key ^ topic as u64) ^ at)
    }
}

/// What a decision is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Topic {
    Sizes = 0x10,
    Side = 0x11,
    Quantity = 0x12,
    Rung = 0x13,
    Level = 0x14,
}

/// Numbered events, one at a random moment of each interval: uneven, and yet known without counting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    key: u64,
    interval: u64,
}

impl Pace {
    /// Returns when event `number` happens; later ones happen later.
    pub(super) fn time(self, number: u64) -> u64 {
        let jitter = mix(self.key ^ number) % self.interval;
        number.saturating_mul(self.interval).saturating_add(jitter)
    }

    /// Returns the last event that has happened at this time, the moment itself included; 0 before the first.
    pub(super) fn newest(self, at: u64) -> u64 {
        let number = at / self.interval;
        if self.time(number) <= at { number } else { number.saturating_sub(1) }
    }
}

/// 1 in units of 1e-8.
pub(super) const ONE: u64 = 100_000_000;

/// Symbols of an exchange that was told none.
pub(crate) const SYMBOLS_DEFAULT: [&str; 8] =
    ["btcusdt", "ethusdt", "bnbusdt", "solusdt", "xrpusdt", "adausdt", "dogeusdt", "ltcusdt"];
