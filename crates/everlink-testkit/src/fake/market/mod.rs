//! A market that is a pure function of its seed and of time: no state, no clock, no sockets.
//!
//! Whatever somebody missed can be asked for by number, because an event is computed from its number
//! alone. Time is counted in nanoseconds of the market since it began.

mod book;
mod streams;
mod symbol;
mod trades;

pub(crate) use book::{Fixed, LEVELS, write_levels};
pub(crate) use streams::{Stream, UnknownStream};
pub(crate) use symbol::{SYMBOLS_DEFAULT, Symbol};

use std::time::Duration;

/// All symbols, and what happens to them.
#[derive(Clone, Debug)]
pub(crate) struct Market {
    symbols: Vec<Symbol>,
    /// Milliseconds since 1970 when the market began.
    began_ms: u64,
}

impl Market {
    /// Makes the market of a seed; `rate` is the mean number of trades of a symbol in a second.
    pub(crate) fn new(seed: u64, names: &[String], rate: f64, began_ms: u64) -> Self {
        let symbols = names.iter().map(|name| Symbol::new(seed, name, rate)).collect();
        Self { symbols, began_ms }
    }

    pub(crate) fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// Finds a symbol by its name in upper case.
    pub(crate) fn symbol(&self, name: &str) -> Option<&Symbol> {
        self.symbols.iter().find(|symbol| symbol.upper() == name)
    }

    pub(crate) fn unix_ms(&self, at: u64) -> u64 {
        self.began_ms.saturating_add(at / NANOS_PER_MS)
    }
}

/// How long the market has been open when a server starts, so that there is something to look back on.
pub(crate) const HISTORY: Duration = Duration::from_secs(60 * 60);

const NANOS_PER_MS: u64 = 1_000_000;
