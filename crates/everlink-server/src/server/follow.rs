//! Code that reads channels: streams and typed handlers.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use everlink_engine::Epoch;
use everlink_wire::Message;
use futures_util::FutureExt as _;
use serde::de::DeserializeOwned;
use tokio::time::sleep;

use super::Server;
use crate::log::{Log, Record};
use crate::node::Watch;
use crate::speech::Name;

impl Server {
    /// Reads all channels that match a pattern, from now on, whoever publishes; `*` in the pattern stands
    /// for any characters.
    ///
    /// It holds positions and no messages: however slowly it is read, it costs no memory and misses
    /// nothing that the log keeps.
    #[must_use = "what nobody reads is not followed"]
    pub fn messages(&self, pattern: impl Into<String>) -> Messages {
        let watch = Arc::new(Watch::new(pattern.into()));
        self.node().watch(&watch);
        Messages { log: Arc::clone(self.log()), watch, fetched: VecDeque::new() }
    }

    /// Calls a handler with each message of the channels that match a pattern, from now on, one after
    /// the other; `T` is made from the JSON of its payload.
    ///
    /// What is no `T` is skipped, with a warning in the log of the program; so is a message whose
    /// handler panics. Must be called inside a tokio runtime. It ends with the server's last handle,
    /// or when the returned one is aborted.
    pub fn on_message<T, F, A>(
        &self,
        pattern: impl Into<String>,
        handler: F,
    ) -> tokio::task::AbortHandle
    where
        T: DeserializeOwned + Send + 'static,
        F: Fn(Context, T) -> A + Send + Sync + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        let mut messages = self.messages(pattern);
        let node = Arc::downgrade(self.node());
        let task = async move {
            while let Some(message) = messages.next().await {
                let Some(node) = node.upgrade() else {
                    return;
                };
                let value = match serde_json::from_slice(message.payload().as_bytes()) {
                    Ok(value) => value,
                    Err(error) => {
                        let (channel, offset) = (message.channel(), message.offset());
                        tracing::warn!(%channel, offset, %error, "a message is not what its handler takes");
                        continue;
                    }
                };
                let server = Self::new(node, None);
                call(&handler, Context { server, message }, value).await;
            }
        };
        tokio::spawn(task).abort_handle()
    }
}

/// Calls a handler and contains its panic.
async fn call<T, F, A>(handler: &F, context: Context, value: T)
where
    F: Fn(Context, T) -> A,
    A: Future<Output = ()>,
{
    let (channel, offset) = (Arc::clone(context.message.channel()), context.message.offset());
    let called = AssertUnwindSafe(async { handler(context, value).await }).catch_unwind();
    if called.await.is_err() {
        tracing::error!(%channel, offset, "the handler of a message panicked");
    }
}

/// Messages of channels, in the order of each: made by [`Server::messages`].
pub struct Messages {
    log: Arc<dyn Log>,
    watch: Arc<Watch>,
    fetched: VecDeque<StoredMessage>,
}

impl Messages {
    /// Waits for the next message; `None` once the server is gone.
    ///
    /// While the log cannot be read it waits, and tries each second.
    ///
    /// # Cancel safety
    ///
    /// Cancelling loses nothing.
    pub async fn next(&mut self) -> Option<StoredMessage> {
        loop {
            if let Some(message) = self.fetched.pop_front() {
                return Some(message);
            }
            match self.watch.next(&*self.log).await {
                Ok(None) => return None,
                Ok(Some(watched)) => {
                    let (channel, epoch) = (watched.channel, watched.epoch);
                    if watched.missed > 0 {
                        let missed = watched.missed;
                        tracing::warn!(%channel, missed, "history was gone before it was read");
                    }
                    self.fetched.extend(watched.records.into_iter().map(|record| StoredMessage {
                        channel: Arc::clone(&channel),
                        epoch,
                        record,
                    }));
                }
                Err(error) => {
                    tracing::warn!(%error, "the log cannot be read");
                    sleep(READ_RETRY).await;
                }
            }
        }
    }
}

impl fmt::Debug for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages").field("watch", &self.watch).finish_non_exhaustive()
    }
}

/// A stored message of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    channel: Name,
    epoch: Epoch,
    record: Arc<Record>,
}

impl StoredMessage {
    /// Returns its channel.
    #[must_use]
    pub const fn channel(&self) -> &Arc<str> {
        &self.channel
    }

    /// Returns the life of the log that its offset belongs to.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Returns its place in the log, from 1.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.record.offset
    }

    /// Returns the user who published it, where he is known.
    #[must_use]
    pub fn user(&self) -> Option<&Arc<str>> {
        self.record.user.as_ref()
    }

    /// Returns what was published.
    #[must_use]
    pub fn payload(&self) -> &Message {
        &self.record.payload
    }

    /// Returns all that is stored of it.
    #[must_use]
    pub const fn record(&self) -> &Arc<Record> {
        &self.record
    }
}

/// What a handler is called with beside the value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Context {
    /// The server, to answer with.
    pub server: Server,
    /// The message.
    pub message: StoredMessage,
}

/// How long to wait before the log is read again after a failure.
const READ_RETRY: Duration = Duration::from_secs(1);
