//! Describes a chat client; everything is checked once, in `build`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use everlink_engine::{BackoffKind, Config, Dialect, Profile};

use super::client::ChatClient;
use super::config::BotConfig;
use super::filter::ResponseFilter;
use super::handlers::{Counts, Handlers};
use super::listener::Listener;
use super::message::ChatMessage;
use super::restraint::Manners;
use crate::client::{BuildError, ClientBuilder, ConnectionError, Event};

/// Describes a [`ChatClient`] (B02); made by [`ChatClient::builder`].
#[derive(Clone)]
#[must_use]
pub struct ChatClientBuilder {
    client: ClientBuilder,
    handlers: Handlers,
    manners: Manners,
}

impl ChatClientBuilder {
    pub(super) fn new(url: String) -> Self {
        Self::of(ClientBuilder::new(url).profile(Profile::ChatBot))
    }

    pub(super) fn from_config(config: &BotConfig) -> Result<Self, BuildError> {
        Ok(Self::of(ClientBuilder::from_config(&config.loaded)?))
    }

    fn of(client: ClientBuilder) -> Self {
        let client = client.dialect(Dialect::CHAT_TEXT).name("chat");
        Self { client, handlers: Handlers::default(), manners: Manners::default() }
    }

    /// Adds filters that decide which messages are answered. Default: none, so that all are.
    pub fn response_filters(mut self, filters: impl IntoIterator<Item = ResponseFilter>) -> Self {
        self.handlers.filters.extend(filters);
        self
    }

    /// Says what the bot is called in the chat, whatever its case: what comes from this nick is never
    /// answered. Default: unknown; then a message is not answered that says the same as one of the last
    /// 64 answers of the last minute which has not come back yet.
    pub fn nick(mut self, nick: &str) -> Self {
        self.manners.nick = Some(nick.to_owned());
        self
    }

    /// Limits the answers: at most `answers_max` at once, then as many in each `per`. What is more is
    /// dropped and counted, so that neither a flood nor another bot draws endless answers.
    ///
    /// Default: 5 in 10 s. Range: 1 to 1000 in 1 ms to 1 h.
    pub fn response_limit(mut self, answers_max: u32, per: Duration) -> Self {
        self.manners.answers_max = answers_max;
        self.manners.per = per;
        self
    }

    /// Sets whether a lost connection comes back. Default: true.
    pub fn auto_reconnect(self, value: bool) -> Self {
        self.client(|client| client.settings(move |settings| settings.reconnect(value)))
    }

    /// Sets how many attempts are made before giving up. Default: 5. Range: 1 to 1000000.
    pub fn reconnect_attempts(self, value: u32) -> Self {
        self.client(|client| client.settings(move |settings| settings.attempts_max(Some(value))))
    }

    /// Sets the delay before the first attempt. Default: 2 s. Range: that of `backoff_min`.
    pub fn reconnect_delay(self, value: Duration) -> Self {
        self.client(|client| client.settings(move |settings| settings.backoff_min(value)))
    }

    /// Sets whether delays double up to `backoff_max` or stay the same. Default: true.
    pub fn reconnect_backoff(self, value: bool) -> Self {
        let kind = if value { BackoffKind::Exponential } else { BackoffKind::Fixed };
        self.client(|client| client.settings(move |settings| settings.backoff(kind)))
    }

    /// Sets whether delays adapt to how many of the last attempts succeeded (B09, X14). Default: false.
    pub fn adaptive_delay(self, value: bool) -> Self {
        self.client(|client| client.settings(move |settings| settings.backoff_adaptive(value)))
    }

    /// Names this client in logs and metrics. Default: `chat`.
    pub fn name(self, name: &str) -> Self {
        self.client(|client| client.name(name))
    }

    /// Changes anything else of the connection: settings of the engine, heartbeat, headers, TLS, proxy.
    pub fn client(mut self, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Self {
        self.client = change(self.client);
        self
    }

    /// Calls a function for each message. All functions of a client run one after another on one
    /// thread of its own; one that panics is logged and counted, and harms nothing else.
    pub fn on_message(mut self, handler: impl Fn(&ChatMessage) + Send + Sync + 'static) -> Self {
        self.handlers.message.push(Arc::new(handler));
        self
    }

    /// Calls a function for each line of another command than `MSG`.
    pub fn on_line(mut self, handler: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.handlers.line.push(Arc::new(handler));
        self
    }

    /// Answers messages that pass the response filters; `None` is no answer. An answer that cannot be
    /// taken at once is dropped, logged and counted.
    pub fn respond(
        mut self,
        responder: impl Fn(&ChatMessage) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.handlers.respond = Some(Arc::new(responder));
        self
    }

    /// Calls a function for each event.
    pub fn on_event(mut self, handler: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.handlers.event.push(Arc::new(handler));
        self
    }

    /// Calls a function when the connection is lost, with the reason.
    pub fn on_disconnect(self, handler: impl Fn(&ConnectionError) + Send + Sync + 'static) -> Self {
        self.on_event(move |event| {
            if let Event::Disconnected { error, .. } = event {
                handler(error);
            }
        })
    }

    /// Calls a function when an attempt is planned, with its number from 1 and the delay before it.
    pub fn on_reconnecting(self, handler: impl Fn(u32, Duration) + Send + Sync + 'static) -> Self {
        self.on_event(move |event| {
            if let Event::Reconnecting { attempt, delay } = event {
                handler(*attempt, *delay);
            }
        })
    }

    /// Calls a function when the connection is back, with the attempts and the time that it took.
    pub fn on_reconnected(self, handler: impl Fn(u32, Duration) + Send + Sync + 'static) -> Self {
        self.on_event(move |event| {
            if let Event::Reconnected { attempts, downtime } = event {
                handler(*attempts, *downtime);
            }
        })
    }

    /// Calls a function when all attempts are spent, with their number and the last reason.
    pub fn on_reconnect_failed(
        self,
        handler: impl Fn(u32, &ConnectionError) + Send + Sync + 'static,
    ) -> Self {
        self.on_event(move |event| {
            if let Event::ReconnectFailed { attempts, error } = event {
                handler(*attempts, error);
            }
        })
    }

    /// Checks everything and makes the client, which connects when it is told to.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the first value that cannot be used, and what is accepted.
    pub fn build(self) -> Result<ChatClient, BuildError> {
        // The second level is the bot's.
        let alone = self.client(|client| {
            client.settings(|settings| settings.supervisor_attempts_max(0).stale_after(None))
        });
        alone.build_supervised()
    }

    pub(super) fn build_supervised(self) -> Result<ChatClient, BuildError> {
        let name = Arc::clone(self.client.name_given());
        let restraint = self.manners.start()?;
        let client = self.client.build()?;
        let config = client.config();
        let counts = Arc::new(Counts::default());
        let listener = Listener {
            name: Arc::clone(&name),
            client: client.downgrade(),
            events: client.events(),
            messages: client.messages(),
            handlers: self.handlers,
            counts: Arc::clone(&counts),
            stale_after: config.settings().stale_after(),
            restraint,
        };
        listener.spawn().map_err(|error| BuildError::Thread { why: error.to_string() })?;
        log_configured(&name, &config);
        Ok(ChatClient::new(client, counts))
    }
}

/// Logs how the connection comes back (B06).
fn log_configured(client: &str, config: &Config) {
    let settings = config.settings();
    tracing::info!(
        client,
        enabled = settings.reconnect(),
        attempts = settings.attempts_max(),
        first_delay = ?settings.backoff_min(),
        exponential = settings.backoff() == BackoffKind::Exponential,
        check_interval = ?settings.check_interval(),
        forced_max = settings.supervisor_attempts_max(),
        "chat reconnection configured"
    );
}

impl fmt::Debug for ChatClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatClientBuilder").field("client", &self.client).finish_non_exhaustive()
    }
}
