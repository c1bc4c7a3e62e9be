//! What was counted.

use crate::client::Info;

/// What a chat client has counted since it was made (B07).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BotStats {
    /// Messages that were parsed.
    pub messages: u64,
    /// Lines of other commands than `MSG`.
    pub lines: u64,
    /// Messages that could not be parsed, or broke the dialect.
    pub malformed: u64,
    /// Messages that a response filter held back.
    pub filtered: u64,
    /// Messages that the bot said itself.
    pub own: u64,
    /// Answers that were taken for sending.
    pub responses: u64,
    /// Answers that could not be taken: the outbox was full or the client closed.
    pub responses_failed: u64,
    /// Answers that were dropped because there were too many.
    pub responses_limited: u64,
    /// Handlers, filters and responders that panicked.
    pub panics: u64,
    /// How often the connection was lost.
    pub disconnects: u64,
    /// Attempts to come back.
    pub reconnect_attempts: u64,
    /// How often a lost connection came back.
    pub reconnections: u64,
    /// How often the first level gave up.
    pub reconnect_failures: u64,
    /// How often the second level forced a connection because nothing was heard.
    pub forced_stale: u64,
    /// How often the second level forced a connection because the first had given up.
    pub forced_surrender: u64,
}

impl BotStats {
    pub(super) fn with(mut self, info: &Info) -> Self {
        self.reconnections = info.reconnects.into();
        self
    }
}
