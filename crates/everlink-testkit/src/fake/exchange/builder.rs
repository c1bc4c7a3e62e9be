//! Settings of a fake exchange.

use super::clock::{Clock, Scale};
use super::handle::Exchange;
use super::rules::ExchangeRules;
use super::venue::Venue;
use crate::chaos::Rejected;
use crate::fake::error::FakeError;
use crate::fake::gate::{Observer, Orders, Server};
use crate::fake::limits::{SYMBOL_CHARS_MAX, SYMBOLS_MAX};
use crate::fake::market::{HISTORY, Market, SYMBOLS_DEFAULT};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use tokio::time::Instant;

/// Settings of an [`Exchange`].
#[derive(Clone, Debug)]
pub struct ExchangeBuilder {
    listen: String,
    symbols: Vec<String>,
    rate: f64,
    seed: u64,
    time_scale: f64,
    has_real_traffic: bool,
    starts_at: Option<Duration>,
    rules: ExchangeRules,
    observer: Observer,
}

impl Default for ExchangeBuilder {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            symbols: SYMBOLS_DEFAULT.map(str::to_owned).to_vec(),
            rate: 10.0,
            seed: 0,
            time_scale: 1.0,
            has_real_traffic: false,
            starts_at: None,
            rules: ExchangeRules::default(),
            observer: Observer::default(),
        }
    }
}

impl ExchangeBuilder {
    /// Where to listen, as `host:port` of this machine. Default: `127.0.0.1:0`, a free port.
    #[must_use]
    pub fn listen(mut self, address: impl ToString) -> Self {
        self.listen = address.to_string();
        self
    }

    /// Sets what is traded. Default: eight symbols, `btcusdt` among them. Range: 1 to 2,000 names of
    /// at most 20 letters and digits.
    #[must_use]
    pub fn symbols<S: ToString>(mut self, symbols: impl IntoIterator<Item = S>) -> Self {
        self.symbols =
            symbols.into_iter().map(|name| name.to_string().to_ascii_lowercase()).collect();
        self
    }

    /// Sets the mean number of trades of a symbol in a second of the market. The book changes twice as
    /// often. Default: 10. Range: 0.001 to 100,000.
    #[must_use]
    pub fn rate(mut self, trades_a_second: f64) -> Self {
        self.rate = trades_a_second;
        self
    }

    /// Sets what the market is made of: with the same seed, symbols and rate every id has the same
    /// price and quantity. Default: 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets how many seconds of the exchange pass in one of ours: at 720 its 24 hours take two minutes.
    /// All its times follow, those of [`ExchangeRules`] too. Default: 1. Range: 0.001 to 100,000.
    #[must_use]
    pub fn time_scale(mut self, factor: f64) -> Self {
        self.time_scale = factor;
        self
    }

    /// Leaves the times of messages, pings and attempts out of the time scale, which is then one of the
    /// market and of the lives of connections only. Why: a client whose own pace is not scaled meets the real limits.
    /// Default: false.
    #[must_use]
    pub fn real_traffic(mut self, is_real: bool) -> Self {
        self.has_real_traffic = is_real;
        self
    }

    /// Sets the exchange's time at its start, as the time since 1970. Default: the system's clock.
    #[must_use]
    pub fn starts_at(mut self, since_1970: Duration) -> Self {
        self.starts_at = Some(since_1970);
        self
    }

    /// Sets other limits than those that are documented.
    #[must_use]
    pub fn rules(mut self, rules: ExchangeRules) -> Self {
        self.rules = rules;
        self
    }

    /// Calls `tell` with one line for each thing that happens: connections, their ends, commands. It
    /// is called by the server's tasks and must not block.
    #[must_use]
    pub fn observe(mut self, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.observer = Observer::new(tell);
        self
    }

    /// Starts the exchange.
    ///
    /// # Errors
    ///
    /// When a setting is out of its range or the address cannot be listened on.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn build(self) -> Result<Exchange, FakeError> {
        self.check()?;
        let scale = Scale::new(self.time_scale);
        let traffic = if self.has_real_traffic { Scale::REAL } else { scale };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let began = self.starts_at.unwrap_or(now).saturating_sub(HISTORY);
        let began_ms = u64::try_from(began.as_millis()).unwrap_or(u64::MAX);
        let market = Market::new(self.seed, &self.symbols, self.rate, began_ms);
        let orders = watch::Sender::new(Orders::new());
        let clock = Clock::new(Instant::now(), scale, traffic);
        let observer = self.observer;
        let venue = Venue::new(market, clock, self.rules, orders.clone(), observer.clone());
        let server = Server::start(&self.listen, Arc::new(venue), orders, observer).await?;
        Ok(Exchange { server })
    }

    fn check(&self) -> Result<(), Rejected> {
        let reject = |field: &str, value: String, accepted: String| {
            Err(Rejected::new("fake exchange", field, value, accepted))
        };
        for (field, value) in [("rate", self.rate), ("time scale", self.time_scale)] {
            if !(FACTOR_MIN..=FACTOR_MAX).contains(&value) {
                let accepted = format!("{FACTOR_MIN} to {FACTOR_MAX}");
                return reject(field, value.to_string(), accepted);
            }
        }
        let count = self.symbols.len();
        if !(1..=SYMBOLS_MAX).contains(&count) {
            return reject("symbols", count.to_string(), format!("1 to {SYMBOLS_MAX} names"));
        }
        let accepted = format!("1 to {SYMBOL_CHARS_MAX} letters and digits, each name once");
        for (index, name) in self.symbols.iter().enumerate() {
            let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let is_known = self.symbols[..index].contains(name);
            if !is_plain || !(1..=SYMBOL_CHARS_MAX).contains(&name.len()) || is_known {
                return reject("symbol", name.clone(), accepted);
            }
        }
        self.rules.check()
    }
}

const FACTOR_MIN: f64 = 0.001;
const FACTOR_MAX: f64 = 100_000.0;
