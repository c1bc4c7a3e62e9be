//! Every bound of the scripted server, by name.

use std::time::Duration;

/// Most connections that one server remembers; further ones are reset.
pub const CONNECTIONS_MAX: usize = 100_000;

/// Most things that one connection remembers having seen; further ones are only counted.
pub const SEEN_MAX: usize = 100_000;

/// Most bytes of messages that one connection remembers; further messages are only counted.
pub const SEEN_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Most bytes of the head of a request.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;

/// Most headers of a request.
pub const REQUEST_HEADERS_MAX: usize = 256;

/// Most scripts that wait to be played on one connection.
pub const ORDERS_MAX: usize = 64;

/// Longest wait for the peer's close frame after ours.
pub const CLOSE_TIME_MAX: Duration = Duration::from_secs(10);

/// Longest wait of a test unless the builder says otherwise.
pub const WAIT_DEFAULT: Duration = Duration::from_secs(10);

/// Time between two tries to accept or to listen again.
pub const RETRY_EVERY: Duration = Duration::from_millis(50);
