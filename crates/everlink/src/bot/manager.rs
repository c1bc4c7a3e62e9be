//! A chat client with the second level above it (B01).

use std::ops::Deref;
use std::time::Duration;

use super::builder::ChatClientBuilder;
use super::client::ChatClient;
use super::config::BotConfig;
use super::filter::ResponseFilter;
use super::message::ChatMessage;
use crate::client::BuildError;

/// A bot: a [`ChatClient`], which it can be used as, whose connection is watched by the engine's second
/// level.
///
/// Every `check_interval` that level looks whether the first has given up, or nothing came for
/// `stale_after`, and then forces a new connection, `max_reconnect_attempts` times at most until a
/// connection has proved itself stable.
#[derive(Clone, Debug)]
pub struct ChatBot(ChatClient);

/// Describes a [`ChatBot`]; made by [`ChatBot::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ChatBotBuilder(ChatClientBuilder);

impl ChatBot {
    /// Starts to describe a bot of one URL.
    pub fn builder(url: impl Into<String>) -> ChatBotBuilder {
        ChatBotBuilder(ChatClient::builder(url))
    }

    /// Starts from configuration, which must name a URL (`EVERLINK_URL`, or `url` of a loader).
    ///
    /// # Errors
    ///
    /// [`BuildError`] names what cannot be used.
    pub fn from_config(config: &BotConfig) -> Result<ChatBotBuilder, BuildError> {
        ChatClient::from_config(config).map(ChatBotBuilder)
    }
}

impl Deref for ChatBot {
    type Target = ChatClient;

    fn deref(&self) -> &ChatClient {
        &self.0
    }
}

impl ChatBotBuilder {
    /// Sets how far apart the looks of the second level are. Default: 10 s. Range: 0 to 1 h.
    pub fn check_interval(self, value: Duration) -> Self {
        self.chat(|chat| {
            chat.client(|client| client.settings(move |settings| settings.check_interval(value)))
        })
    }

    /// Sets after how long without a message the connection counts as stale; `None` is never.
    /// Default: 300 s. Range: 1 s to 1 day.
    pub fn stale_after(self, value: Option<Duration>) -> Self {
        self.chat(|chat| {
            chat.client(|client| client.settings(move |settings| settings.stale_after(value)))
        })
    }

    /// Sets how often the second level forces a connection. Default: 10. Range: 0 to 1000000; with 0
    /// what was given up stays so, while staleness is acted on without limit.
    pub fn max_reconnect_attempts(self, value: u32) -> Self {
        self.chat(|chat| {
            chat.client(|client| {
                client.settings(move |settings| settings.supervisor_attempts_max(value))
            })
        })
    }

    /// Adds filters that decide which messages are answered.
    pub fn response_filters(self, filters: impl IntoIterator<Item = ResponseFilter>) -> Self {
        self.chat(|chat| chat.response_filters(filters))
    }

    /// Answers messages, as [`ChatClientBuilder::respond`] does.
    pub fn respond(
        self,
        responder: impl Fn(&ChatMessage) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.chat(|chat| chat.respond(responder))
    }

    /// Changes the client below: handlers, attempts, delays.
    pub fn chat(self, change: impl FnOnce(ChatClientBuilder) -> ChatClientBuilder) -> Self {
        Self(change(self.0))
    }

    /// Checks everything and makes the bot, which connects when it is told to.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the first value that cannot be used, and what is accepted.
    pub fn build(self) -> Result<ChatBot, BuildError> {
        self.0.build_supervised().map(ChatBot)
    }
}
