//! Every bound of the fake servers, by name.
//!
//! What a public server documents is a setting ([`ExchangeRules`](super::ExchangeRules),
//! [`ChatRules`](super::ChatRules)) with that value as its default; here stands what bounds the fake itself.

use std::time::Duration;

/// Most connections of a server at once; further ones wait in the accept queue.
pub const CONNECTIONS_MAX: usize = 10_000;

/// Longest time for the head of a request.
pub const REQUEST_TIME_MAX: Duration = Duration::from_secs(10);

/// Longest message that an exchange takes from a client, in bytes.
pub const EXCHANGE_MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// Most bytes that wait to be written to one connection; a reader that slow is disconnected.
pub const QUEUE_BYTES_DEFAULT: usize = 4 * 1024 * 1024;

/// Most events of one connection between two looks at its socket.
pub const EVENTS_A_TURN_MAX: usize = 256;

/// Most frames taken from one connection between two looks at what is due.
pub const FRAMES_A_TURN_MAX: usize = 64;

/// Longest wait for a peer to take the last bytes, and again for it to close.
pub const CLOSE_TIME_MAX: Duration = Duration::from_secs(3);

/// Time between two tries to listen again, and after a failed accept.
pub const RETRY_EVERY: Duration = Duration::from_millis(50);

/// Longest wait of a handle for its server, such as for the port to be free again.
pub const WAIT_MAX: Duration = Duration::from_secs(10);

/// Most symbols of an exchange.
pub const SYMBOLS_MAX: usize = 2_000;

/// Longest name of a symbol, in characters.
pub const SYMBOL_CHARS_MAX: usize = 20;

/// Most holes that one exchange remembers.
pub const HOLES_MAX: usize = 1_000;

/// Most addresses whose connection attempts are counted; of more, those that came first are forgotten.
pub const ADDRESSES_MAX: usize = 1_000;

/// Most pings without an answer that one connection may have; a longer time-out is refused.
pub const PINGS_OPEN_MAX: u32 = 64;

/// Most trades of one answer over HTTP ("Recent trades list").
pub const TRADES_MAX: u64 = 1_000;

/// Lines of a chat that wait for one connection; a reader that slow is disconnected.
pub const LINES_DEFAULT: usize = 1_024;

/// Bytes in the hand of one connection of a chat, beyond which its lines wait in their queue.
pub const WRITE_BYTES_MAX: usize = 64 * 1024;

/// Most nicks whose last message a chat remembers.
pub const NICKS_MAX: usize = 10_000;

/// Longest nick, in characters.
pub const NICK_CHARS_MAX: usize = 64;

/// Most lines of a chat's script.
pub const SCRIPT_LINES_MAX: usize = 10_000;
