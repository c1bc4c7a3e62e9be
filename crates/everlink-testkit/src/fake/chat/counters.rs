//! What a chat has seen and done.

use serde::Serialize;

/// Counters of a chat, all from its start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChatCounters {
    /// WebSockets accepted.
    pub connections: u64,
    /// WebSockets open now.
    pub connections_open: u64,
    /// Those of them without a nick.
    pub anonymous_open: u64,
    /// Lines of clients.
    pub lines_in: u64,
    /// Messages that all were sent, those of the script included.
    pub messages: u64,
    /// Lines answered with `ERR`.
    pub errors: u64,
    /// Connections whose client did not read.
    pub ended_slow: u64,
    /// Connections that nothing came from for too long.
    pub ended_quiet: u64,
    /// Connections ended by order.
    pub ended_by_order: u64,
}
