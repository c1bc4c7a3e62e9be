//! A test's handle of one connection.

use super::record::{Log, NotSeen, Record, ScriptFailure};
use super::request::UpgradeRequest;
use super::script::Script;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// One connection of a [`ScriptedServer`](super::ScriptedServer), open or ended.
#[derive(Clone, Debug)]
pub struct Connection {
    pub(crate) number: usize,
    pub(crate) log: Arc<Log>,
    pub(crate) orders: mpsc::Sender<Script>,
    pub(crate) wait_max: Duration,
}

impl Connection {
    /// Returns its number; the first is 1.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// Returns what it has seen so far.
    #[must_use]
    pub fn record(&self) -> Record {
        self.log.lock().clone()
    }

    /// Waits until `wanted` holds, and returns the record as it was then.
    ///
    /// # Errors
    ///
    /// When it did not hold within the server's `wait_max`.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as are all waits of this type.
    pub async fn wait_for(
        &self,
        what: &str,
        wanted: impl Fn(&Record) -> bool,
    ) -> Result<Record, NotSeen> {
        self.wait(what, |record| wanted(record).then(|| record.clone())).await
    }

    /// Waits for the upgrade request.
    ///
    /// # Errors
    ///
    /// When none came in time.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn request(&self) -> Result<UpgradeRequest, NotSeen> {
        self.wait("upgrade request", |record| record.request.clone()).await
    }

    /// Waits for the text messages to be at least `count`, and returns all.
    ///
    /// # Errors
    ///
    /// When there were fewer in time.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn texts(&self, count: usize) -> Result<Vec<String>, NotSeen> {
        let wanted = |record: &Record| {
            let texts = record.texts();
            (texts.len() >= count).then(|| texts.into_iter().map(str::to_owned).collect())
        };
        self.wait(&format!("{count} text messages"), wanted).await
    }

    /// Waits for a subscription to `channel`.
    ///
    /// # Errors
    ///
    /// When there was none in time.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn subscribed(&self, channel: &str) -> Result<(), NotSeen> {
        let wanted = |record: &Record| record.subscriptions().iter().any(|name| name == channel);
        self.wait(&format!("subscription to {channel}"), |record| wanted(record).then_some(()))
            .await
    }

    /// Waits for the end of its script, and returns how that went.
    ///
    /// # Errors
    ///
    /// When the script failed; a script that did not end in time is one of the failures.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn finished(&self) -> Result<(), ScriptFailure> {
        let finished = self.wait("end of the script", |record| record.script.clone()).await;
        finished.unwrap_or_else(|late| Err(ScriptFailure::Impossible(late.to_string())))
    }

    /// Waits for the end of the connection, and returns the whole record.
    ///
    /// # Errors
    ///
    /// When it is still open after the server's `wait_max`.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn ended(&self) -> Result<Record, NotSeen> {
        self.wait_for("end of the connection", |record| record.ending.is_some()).await
    }

    /// Plays more steps once those before are done.
    ///
    /// # Errors
    ///
    /// When the connection has ended or
    /// [`ORDERS_MAX`](super::limits::ORDERS_MAX) scripts wait already.
    pub fn play(&self, script: Script) -> Result<(), ScriptFailure> {
        self.orders.try_send(script).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                ScriptFailure::Impossible("too many scripts wait on this connection".to_owned())
            }
            mpsc::error::TrySendError::Closed(_) => {
                let ending = self.log.lock().ending.clone();
                ScriptFailure::Ended(ending.unwrap_or(super::Ending::Killed))
            }
        })
    }

    async fn wait<T>(
        &self,
        what: &str,
        wanted: impl Fn(&Record) -> Option<T>,
    ) -> Result<T, NotSeen> {
        let what = format!("connection {}: {what}", self.number);
        self.log.wait(&what, self.wait_max, wanted).await
    }
}
