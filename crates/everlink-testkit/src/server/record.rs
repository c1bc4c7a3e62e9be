//! What a connection has seen, for tests to look at and wait for.

use super::limits::{SEEN_BYTES_MAX, SEEN_MAX};
use super::request::UpgradeRequest;
use super::subscriptions::subscribed;
use bytes::Bytes;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Something that came from the client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Seen {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Bytes),
    /// A ping.
    Ping(Bytes),
    /// A pong.
    Pong(Bytes),
    /// A close frame, with code and reason.
    Close(Option<(u16, String)>),
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// Close frames went both ways.
    CloseHandshake,
    /// The client closed the socket.
    ClientClosed,
    /// The client reset the socket.
    ClientReset,
    /// The client sent what is not HTTP or not WebSocket.
    ClientBroken(String),
    /// A step of the script ended it.
    Script,
    /// The server was killed, stopped or restarted.
    Killed,
}

/// Why a script did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptFailure {
    /// A message came that was not the expected one.
    #[error("expected {expected}, seen {seen}")]
    #[non_exhaustive]
    Unexpected {
        /// What was expected.
        expected: String,
        /// What came.
        seen: String,
    },
    /// The connection ended first.
    #[error("connection ended before its script: {0:?}")]
    Ended(Ending),
    /// A step cannot be carried out.
    #[error("step cannot be carried out: {0}")]
    Impossible(String),
}

/// All that a connection has seen so far.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Record {
    /// The upgrade request.
    pub request: Option<UpgradeRequest>,
    /// Whether the upgrade was accepted.
    pub is_accepted: bool,
    /// Messages and control frames, in order.
    pub seen: Vec<Seen>,
    /// How many more there were than are remembered.
    pub forgotten: u64,
    /// How the first script ended, if it has.
    pub script: Option<Result<(), ScriptFailure>>,
    /// How the connection ended, if it has.
    pub ending: Option<Ending>,
    bytes: usize,
}

impl Record {
    /// Returns the text messages, in order.
    #[must_use]
    pub fn texts(&self) -> Vec<&str> {
        let texts = self.seen.iter().filter_map(|seen| match seen {
            Seen::Text(text) => Some(text.as_str()),
            Seen::Binary(_) | Seen::Ping(_) | Seen::Pong(_) | Seen::Close(_) => None,
        });
        texts.collect()
    }

    /// Returns the channels subscribed to, in order, as far as the text messages are JSON of a known
    /// form: `{"t":"sub","c":..}`, `{"method":"SUBSCRIBE","params":[..]}`,
    /// `{"type":"subscribe","channel":..}` and their like.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<String> {
        self.texts().into_iter().flat_map(subscribed).collect()
    }

    /// Notes how the first script ended; later words do not count.
    pub(crate) fn finish_script(&mut self, result: Result<(), ScriptFailure>) {
        self.script.get_or_insert(result);
    }

    fn remember(&mut self, seen: Seen) {
        let bytes = match &seen {
            Seen::Text(text) => text.len(),
            Seen::Binary(bytes) | Seen::Ping(bytes) | Seen::Pong(bytes) => bytes.len(),
            Seen::Close(_) => 0,
        };
        if self.seen.len() >= SEEN_MAX || self.bytes + bytes > SEEN_BYTES_MAX {
            self.forgotten += 1;
            return;
        }
        self.bytes += bytes;
        self.seen.push(seen);
    }
}

/// What was waited for did not happen in time.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{what}: not seen within {waited:?}; {found}")]
#[non_exhaustive]
pub struct NotSeen {
    /// What was waited for.
    pub what: String,
    /// How long the wait was.
    pub waited: Duration,
    /// What there was instead.
    pub found: String,
}

/// A record that is being written, and a bell that rings at each change.
#[derive(Debug, Default)]
pub(crate) struct Log {
    record: Mutex<Record>,
    bell: Notify,
}

impl Log {
    pub(crate) fn change(&self, change: impl FnOnce(&mut Record)) {
        change(&mut self.lock());
        self.bell.notify_waiters();
    }

    pub(crate) fn saw(&self, seen: Seen) {
        self.change(|record| record.remember(seen));
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Record> {
        // Nothing panics while it holds the lock; were it so, the record would still be whole.
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `wanted` gives something.
    pub(crate) async fn wait<T>(
        &self,
        what: &str,
        limit: Duration,
        wanted: impl Fn(&Record) -> Option<T>,
    ) -> Result<T, NotSeen> {
        let found = tokio::time::timeout(limit, self.find(&wanted)).await;
        found.map_err(|_| NotSeen {
            what: what.to_owned(),
            waited: limit,
            found: format!("{:?}", self.lock()),
        })
    }

    async fn find<T>(&self, wanted: &impl Fn(&Record) -> Option<T>) -> T {
        loop {
            let mut rung = std::pin::pin!(self.bell.notified());
            // Listening before looking, so that no change falls between.
            rung.as_mut().enable();
            if let Some(found) = wanted(&self.lock()) {
                return found;
            }
            rung.await;
        }
    }
}
