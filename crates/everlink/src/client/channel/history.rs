//! Pages of a channel's history.

use std::sync::Arc;

use everlink_engine::InputError;
use everlink_wire::ChannelError;

use super::message::LogMessage;

/// A page of a channel's history.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HistoryPage {
    /// The life of the log.
    pub epoch: u64,
    /// The first offset that the log still has.
    pub first: u64,
    /// The last offset in it; 0 when it is empty.
    pub head: u64,
    /// The messages, in order.
    pub messages: Vec<LogMessage>,
}

impl HistoryPage {
    /// Returns where the next page begins: give it as `after`; `None` if this is the last one.
    #[must_use]
    pub fn next(&self) -> Option<u64> {
        let last = self.messages.last()?.offset;
        (last < self.head).then_some(last)
    }
}

/// A page of history that did not come.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The question was not asked: no connection stands, or too many are open.
    #[error(transparent)]
    NotAsked(#[from] InputError),
    /// The dialect has no history.
    #[error("dialect `{dialect}` has no history; accepted: `everlink`")]
    #[non_exhaustive]
    NoHistory {
        /// The dialect.
        dialect: &'static str,
    },
    /// The name cannot be used.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The size of a page that was asked for.
    #[error("a page of {limit} messages; accepted: 1 to {}", HistoryError::LIMIT_MAX)]
    #[non_exhaustive]
    Limit {
        /// The size given.
        limit: u32,
    },
    /// The server refused it.
    #[error("the server refused the page with code {code}: {why}")]
    #[non_exhaustive]
    Refused {
        /// The server's code.
        code: u32,
        /// The server's words.
        why: Arc<str>,
    },
    /// The connection was lost or moved before the answer came: ask again.
    #[error("the connection was lost before the page came; ask again")]
    Lost,
    /// No answer came within `greeting_timeout`.
    #[error("no page came within `greeting_timeout`")]
    TimedOut,
}

impl HistoryError {
    /// Most messages in one page.
    pub const LIMIT_MAX: u32 = everlink_wire::v1::BATCH_MAX as u32;
}
