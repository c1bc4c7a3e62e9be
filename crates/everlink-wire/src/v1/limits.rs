//! The bounds of `everlink.v1`, by name.

/// Largest number that stands in a frame: the largest that a JavaScript number holds exactly.
pub const NUMBER_MAX: u64 = (1 << 53) - 1;

/// Largest epoch; the space above belongs to stores that number lives of their own.
pub const EPOCH_MAX: u64 = (1 << 48) - 1;

/// Longest name (of a client, a producer, a user, a kind of value, a node) and URL, in bytes.
pub const NAME_BYTES_MAX: usize = 256;

/// Longest name of a message's producer as others see it, in bytes: his own, and the suffix that the
/// server adds.
pub const ORIGIN_BYTES_MAX: usize = 2 * NAME_BYTES_MAX;

/// Longest token, in bytes.
pub const TOKEN_BYTES_MAX: usize = 4096;

/// Longest reason in words, in bytes.
pub const WHY_BYTES_MAX: usize = 256;

/// Longest greeting, in bytes; channels for which there is no room are asked for by `sub`.
pub const HELLO_BYTES_MAX: usize = 8 * 1024;

/// Most channels in one frame, and most messages in a page.
pub const BATCH_MAX: usize = 256;

/// Most fields of one object, those included that are not known and ignored.
pub const FIELDS_MAX: usize = 24;

/// Deepest nesting of a payload's lists and objects, and of an unknown field in CBOR.
pub const DEPTH_MAX: usize = 64;
