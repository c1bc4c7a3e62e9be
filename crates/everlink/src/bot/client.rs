//! A client of a text chat.

use std::sync::Arc;
use std::time::Duration;

use everlink_engine::{ConnectionState, Quality};

use super::builder::ChatClientBuilder;
use super::config::BotConfig;
use super::handlers::Counts;
use super::message::ChatMessage;
use super::stats::BotStats;
use crate::client::{BuildError, Client, ConnectError, NoRuntime, SendError, Ticket};

/// A connection to a chat that comes back by itself: the first level of B01.
///
/// Cloning gives another handle; the connection closes when the last is dropped. A handler that keeps a
/// handle keeps the connection.
#[derive(Clone, Debug)]
pub struct ChatClient {
    client: Client,
    counts: Arc<Counts>,
}

/// What the connection is and has been (B04, B09).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ChatInfo {
    /// The state.
    pub state: ConnectionState,
    /// Whether the connection stands.
    pub connected: bool,
    /// Whether a lost connection is on its way back.
    pub reconnecting: bool,
    /// Attempts to come back since the connection was last stable.
    pub connection_attempts: u32,
    /// Why the last attempt failed or the connection was last lost.
    pub last_error: Option<String>,
    /// How often a lost connection came back.
    pub reconnections: u32,
    /// Time until the next attempt, while a delay runs.
    pub next_attempt: Option<Duration>,
    /// How long this connection has stood.
    pub connected_for: Duration,
    /// Recent attempts that succeeded, from 0 to 1.
    pub success_rate: f64,
    /// Smoothed round trip of heartbeats.
    pub latency: Option<Duration>,
    /// Quality from the latency.
    pub quality: Quality,
}

impl ChatClient {
    /// Starts to describe a chat client of one URL.
    pub fn builder(url: impl Into<String>) -> ChatClientBuilder {
        ChatClientBuilder::new(url.into())
    }

    /// Starts from configuration, which must name a URL (`EVERLINK_URL`, or `url` of a loader).
    ///
    /// # Errors
    ///
    /// [`BuildError`] names what cannot be used.
    pub fn from_config(config: &BotConfig) -> Result<ChatClientBuilder, BuildError> {
        ChatClientBuilder::from_config(config)
    }

    pub(super) fn new(client: Client, counts: Arc<Counts>) -> Self {
        Self { client, counts }
    }

    /// Connects, and waits until the connection stands or is given up.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] if it was given up or closed meanwhile, or there is no runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancelling stops the waiting, not the connection.
    pub async fn connect(&self) -> Result<(), ConnectError> {
        self.client.connect().await
    }

    /// Says a text: `MSG {"data": text}`. While the connection is down it waits in the outbox.
    ///
    /// # Errors
    ///
    /// [`SendError`] if the message was not taken.
    ///
    /// # Cancel safety
    ///
    /// Cancelled, the message was not taken.
    pub async fn send(&self, text: &str) -> Result<Ticket, SendError> {
        self.client.send(ChatMessage::say(text)).await
    }

    /// Sends a line as it is, such as `JOIN room`.
    ///
    /// # Errors
    ///
    /// [`SendError`] if the line was not taken; one that begins with `MSG ` is refused.
    ///
    /// # Cancel safety
    ///
    /// Cancelled, the line was not taken.
    pub async fn send_line(&self, line: &str) -> Result<Ticket, SendError> {
        self.client.send(line).await
    }

    /// Makes a new connection at once, from any state; attempts count anew (B04).
    ///
    /// # Errors
    ///
    /// [`ConnectError`] if the new connection was given up or closed, or there is no runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancelling stops the waiting, not the connection.
    pub async fn force_reconnect(&self) -> Result<(), ConnectError> {
        self.client.reconnect()?;
        self.client.connect().await
    }

    /// Asks for a new connection as [`force_reconnect`](Self::force_reconnect) does, without waiting.
    ///
    /// # Errors
    ///
    /// [`NoRuntime`] outside of a tokio runtime.
    pub fn start_reconnect(&self) -> Result<(), NoRuntime> {
        self.client.reconnect()
    }

    /// Returns whether the connection stands.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.client.info().is_connected()
    }

    /// Returns whether a lost connection is on its way back.
    #[must_use]
    pub fn is_reconnecting(&self) -> bool {
        self.client.info().is_reconnecting()
    }

    /// Returns what the connection is and has been.
    #[must_use]
    pub fn connection_info(&self) -> ChatInfo {
        let info = self.client.info();
        ChatInfo {
            state: info.state,
            connected: info.is_connected(),
            reconnecting: info.is_reconnecting(),
            connection_attempts: info.attempts,
            reconnections: info.reconnects,
            next_attempt: info.next_attempt,
            connected_for: info.connected_for,
            success_rate: info.success_rate,
            latency: info.latency,
            quality: info.quality,
            last_error: info.last_error.map(|error| error.to_string()),
        }
    }

    /// Returns what was counted so far.
    #[must_use]
    pub fn stats(&self) -> BotStats {
        let info = self.client.info();
        self.counts.lock().with(&info)
    }

    /// Returns the client below, for what this one does not have. Its messages are taken by the handlers.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Closes the connection in an orderly way.
    ///
    /// # Cancel safety
    ///
    /// As that of [`Client::close`].
    pub async fn close(&self) {
        self.client.close().await;
    }
}
