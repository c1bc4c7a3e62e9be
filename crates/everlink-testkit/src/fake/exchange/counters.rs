//! What an exchange has seen and done.

use serde::Serialize;

/// Counters of an exchange, all from its start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ExchangeCounters {
    /// WebSockets accepted.
    pub connections: u64,
    /// WebSockets open now.
    pub connections_open: u64,
    /// Attempts answered 429, because their address made too many.
    pub attempts_refused: u64,
    /// Connections whose path named a stream that does not exist or is refused.
    pub paths_refused: u64,
    /// Messages of clients: requests, pings and pongs.
    pub messages_in: u64,
    /// Events sent.
    pub events_out: u64,
    /// Requests answered with an error.
    pub requests_refused: u64,
    /// Connections that said more than they may.
    pub ended_over_limit: u64,
    /// Connections without a pong in time.
    pub ended_without_pong: u64,
    /// Connections that came to the end of their life.
    pub ended_by_age: u64,
    /// Connections whose client did not read.
    pub ended_slow: u64,
    /// Connections ended by order.
    pub ended_by_order: u64,
    /// `serverShutdown` events sent.
    pub notices: u64,
    /// Answers over HTTP.
    pub requests: u64,
}
