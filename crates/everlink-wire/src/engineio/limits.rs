//! The bounds of Engine.IO, by name. A body and a WebSocket message are bounded by whoever reads them.

/// Longest `sid`, in bytes.
pub const SID_BYTES_MAX: usize = 128;

/// Longest text of a ping or a pong, in bytes; `probe` is the only one in use.
pub const PING_BYTES_MAX: usize = 32;

/// Longest handshake, in bytes.
pub const HANDSHAKE_BYTES_MAX: usize = 4 * 1024;

/// Most transports that a handshake names.
pub const UPGRADES_MAX: usize = 8;

/// Largest number in a handshake: the largest that a JavaScript number holds exactly.
pub const NUMBER_MAX: u64 = (1 << 53) - 1;
