//! Logs: where the messages of channels are kept, behind one trait.

mod batch;
mod clock;
#[cfg(any(test, feature = "testing"))]
pub mod contract;
mod disk;
mod error;
mod followers;
mod handle;
mod line;
mod memory;
mod options;
mod orphans;
mod record;
mod retention;
mod tables;
mod tidy;
mod writer;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use everlink_engine::Kept;
use futures_util::future::BoxFuture;

pub use clock::WallClock;
pub use disk::{RedbLog, RedbOptions};
pub use error::LogError;
pub use memory::MemoryLog;
pub use options::{
    BATCH_RECORDS_MAX, BATCH_WAIT_MAX, DROP_WAIT_MAX, LogOptions, NAME_BYTES_MAX, PAYLOAD_BYTES_MAX,
};
pub use record::{Append, Appended, Body, Head, Page, PageLimit, Record};
pub use retention::{Retention, RetentionPolicy};

/// Where the messages of all channels are kept.
///
/// Appends of one caller to one channel are stored in the order in which they were handed over. What
/// is stored is told to followers only once it is as safe as [`kept`](Self::kept) says, and so is the
/// outcome of an append: nobody sees a message that a crash could take back.
pub trait Log: fmt::Debug + Send + Sync + 'static {
    /// Hands a message over, to be stored unless its origin is known
    /// ([`judge_origin`](everlink_engine::server::judge_origin)), and returns at once. `done` is called with
    /// the outcome, on a thread of the log, after followers were told; it must not block. What is
    /// refused before it is in line ([`LogError::Busy`], [`LogError::Closed`]) is told on the caller's
    /// thread, before this returns.
    ///
    /// After an error, later messages of that producer are judged as [`Appended::Hole`] until the one
    /// that failed, or one whose `before` lies below it, is handed over again: otherwise a producer
    /// that the log does not know yet would begin behind the message that failed, and lose it.
    fn append(&self, append: Append, done: Done);

    /// Reads what follows an offset, in order; `after` 0 is the beginning. If history no longer
    /// reaches back that far, the page begins with what is left. A log that has not begun does not
    /// begin with this call: its epoch is 0.
    ///
    /// # Cancel safety
    ///
    /// Cancelling changes nothing.
    fn read<'a>(
        &'a self,
        channel: &'a str,
        after: u64,
        limit: PageLimit,
    ) -> BoxFuture<'a, Result<Page, LogError>>;

    /// Returns the life and the bounds of a channel's log, which begins with this call if it is new.
    ///
    /// # Cancel safety
    ///
    /// Cancelling changes nothing but that a new log may have begun.
    fn head<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<Head, LogError>>;

    /// Drops everything before an offset; numbering goes on. A log that has not begun stays so.
    ///
    /// A channel whose name begins with U+0001 is used once; no client can name one. It may be forgotten when all of
    /// it is dropped, and then begins anew if it is used all the same.
    ///
    /// # Cancel safety
    ///
    /// Once called, it is carried out, waited for or not.
    fn trim<'a>(&'a self, channel: &'a str, before: u64) -> BoxFuture<'a, Result<Head, LogError>>;

    /// Returns the names of channels that have begun, in their order as bytes, from the one after `after` on; at
    /// most `limit`.
    ///
    /// Default: [`LogError::Unavailable`], for a log that cannot list them; responders to patterns then
    /// answer only what comes while they run.
    ///
    /// # Cancel safety
    ///
    /// Cancelling changes nothing.
    fn channels<'a>(
        &'a self,
        after: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Arc<str>>, LogError>> {
        let _ = (after, limit);
        let reason = "this log cannot list its channels".to_owned();
        Box::pin(std::future::ready(Err(LogError::Unavailable { reason })))
    }

    /// Tells a follower of everything that is stored from now on, in the order of each channel,
    /// until it is dropped.
    fn follow(&self, follower: std::sync::Weak<dyn Follower>);

    /// Returns how safe a stored message is.
    fn kept(&self) -> Kept;

    /// Returns how long a producer is remembered after its last message.
    fn origin_ttl(&self) -> Duration;

    /// Returns how the log is.
    fn status(&self) -> LogStatus;
}

/// Learns what is stored.
pub trait Follower: fmt::Debug + Send + Sync {
    /// Messages were stored: consecutive offsets of one channel, in order. Called on a thread of the
    /// log; must not block.
    fn stored(&self, channel: &Arc<str>, head: Head, records: &[Arc<Record>]);
}

/// Called with the outcome of an append.
pub type Done = Box<dyn FnOnce(Result<Appended, LogError>) + Send>;

/// How a log is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogStatus {
    /// Its kind, such as `memory` or `redb`.
    pub kind: &'static str,
    /// Channels in it.
    pub channels: u64,
    /// Messages in it.
    pub records: u64,
    /// Bytes of payload and names in it.
    pub bytes: u64,
    /// Appends that are not stored yet.
    pub pending: u64,
    /// Why it cannot store now, such as a full disk.
    pub fault: Option<String>,
}
