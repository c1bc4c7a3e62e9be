//! What an exchange documents about itself.

use crate::chaos::Rejected;
use crate::fake::limits::{PINGS_OPEN_MAX, QUEUE_BYTES_DEFAULT};
use std::time::Duration;

/// The limits of an exchange. The defaults are those of Binance's market streams ("WebSocket Streams for
/// Binance", sections "General WSS information" and "Websocket Limits").
///
/// Times are those of the exchange: its time scale makes them shorter or longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeRules {
    /// Most messages of a client within [`messages_window`](Self::messages_window); one more and it is
    /// disconnected. Pings, pongs and requests count. Default: 5.
    pub messages_max: usize,
    /// Default: 1 s.
    pub messages_window: Duration,
    /// Most streams of one connection; a request for more is refused as a whole. Default: 1,024.
    pub streams_max: usize,
    /// Most connection attempts of an address within [`attempts_window`](Self::attempts_window); more are
    /// answered 429 with Retry-After. Default: 300.
    pub attempts_max: usize,
    /// Default: 5 min.
    pub attempts_window: Duration,
    /// How often the exchange pings. Default: 20 s.
    pub ping_every: Duration,
    /// How long it waits for a pong with the payload of its ping; others do not count. Default: 1 min.
    pub pong_within: Duration,
    /// How long a connection may stand. Default: 24 h.
    pub life: Duration,
    /// How long before its end a connection is told by a `serverShutdown` event. The public documents promise
    /// the event and no time; seen are 10 min. Zero: never told. Default: 10 min.
    pub notice: Duration,
    /// Most bytes that wait for a client that does not read; beyond, it is disconnected. Not documented by
    /// the real one. Default: [`QUEUE_BYTES_DEFAULT`].
    pub queue_bytes_max: usize,
}

impl Default for ExchangeRules {
    fn default() -> Self {
        Self {
            messages_max: 5,
            messages_window: Duration::from_secs(1),
            streams_max: 1_024,
            attempts_max: 300,
            attempts_window: Duration::from_secs(5 * 60),
            ping_every: Duration::from_secs(20),
            pong_within: Duration::from_secs(60),
            life: Duration::from_secs(24 * 60 * 60),
            notice: Duration::from_secs(10 * 60),
            queue_bytes_max: QUEUE_BYTES_DEFAULT,
        }
    }
}

impl ExchangeRules {
    pub(super) fn check(&self) -> Result<(), Rejected> {
        let reject = |field: &str, value: String, accepted: &str| {
            Err(Rejected::new("exchange rules", field, value, accepted))
        };
        for (field, value) in [
            ("messages_max", self.messages_max),
            ("streams_max", self.streams_max),
            ("attempts_max", self.attempts_max),
            ("queue_bytes_max", self.queue_bytes_max),
        ] {
            if value == 0 {
                return reject(field, "0".to_owned(), "1 or more");
            }
        }
        for (field, value) in [
            ("messages_window", self.messages_window),
            ("attempts_window", self.attempts_window),
            ("ping_every", self.ping_every),
            ("pong_within", self.pong_within),
            ("life", self.life),
        ] {
            if value.is_zero() || value > TIME_MAX {
                return reject(field, format!("{value:?}"), "more than 0 s and at most 10 years");
            }
        }
        if self.notice > self.life {
            return reject("notice", format!("{:?}", self.notice), "at most the life");
        }
        if self.pong_within > self.ping_every.saturating_mul(PINGS_OPEN_MAX) {
            let accepted = format!("at most {PINGS_OPEN_MAX} times ping_every");
            return reject("pong_within", format!("{:?}", self.pong_within), &accepted);
        }
        Ok(())
    }
}

const TIME_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
