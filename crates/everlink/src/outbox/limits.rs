//! The bounds of an outbox, by name.

use std::time::Duration;

/// Most entries that one commit writes.
pub const BATCH_ENTRIES_MAX: usize = 256;

/// Longest time for which a commit waits for entries that are expected to come along.
pub const BATCH_WAIT_MAX: Duration = Duration::from_millis(2);

/// Longest time for which a removal or a cursor waits for a commit that takes it along.
pub const LAZY_WAIT_MAX: Duration = Duration::from_millis(100);

/// Longest time for which dropping the last handle waits for the last commit.
pub const DROP_WAIT_MAX: Duration = Duration::from_secs(2);

/// Most channels whose cursors are kept.
pub const CURSORS_MAX: usize = everlink_engine::limits::CHANNELS_MAX;

/// Memory that the store may use as a cache, in bytes.
pub(super) const CACHE_BYTES: usize = 4 * 1024 * 1024;

/// How much an outbox may hold.
///
/// A file that already holds more, because the limits were larger once, is opened and loaded in
/// full; it takes nothing new until it is below them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutboxLimits {
    /// Most messages. Default: 10000. Range: from 1.
    pub messages_max: u64,
    /// Most bytes of payloads, channel names and producer names. Default: 64 MiB. Range: from 1.
    pub bytes_max: u64,
}

impl OutboxLimits {
    /// Makes limits; 0 means that nothing at all is taken.
    #[must_use]
    pub const fn new(messages_max: u64, bytes_max: u64) -> Self {
        Self { messages_max, bytes_max }
    }
}

impl Default for OutboxLimits {
    fn default() -> Self {
        Self::new(10_000, 64 * 1024 * 1024)
    }
}
