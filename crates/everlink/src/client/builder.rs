//! Describes a client; everything is checked once, in `build`.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use everlink_engine::{
    Causes, Config, ConfigBuilder, ConnectionState, Dialect, Engine, Failure, Profile, Verdict,
};
use everlink_wire::Codec;
use everlink_wire::ws::{DeflateConfig, Limits};
use futures_util::task::AtomicWaker;
use tokio::sync::{Notify, watch};

use super::credentials::{Credentials, CredentialsRequest, CredentialsSource};
use super::error::BuildError;
use super::event::Event;
use super::events::{Events, Handler};
use super::failure::ConnectionError;
use super::handle::Client;
use crate::dial::{DialOptions, DialOptionsBuilder, Endpoint};
use crate::driver::{Classify, Durable, Options, Outlets, Queue, Shared, State, seed};
use crate::outbox::DurableOutbox;

type Settings = dyn Fn(ConfigBuilder) -> ConfigBuilder + Send + Sync;
type Dialing = dyn Fn(DialOptionsBuilder) -> DialOptionsBuilder + Send + Sync;
type Backoff = dyn Fn(u32, Failure) -> Option<Duration> + Send + Sync;

/// Describes a [`Client`]; made by [`Client::builder`]. It can be cloned and built many times.
#[derive(Clone)]
#[must_use]
pub struct ClientBuilder {
    name: Arc<str>,
    urls: Vec<String>,
    profile: Profile,
    /// What the settings start from instead of the profile.
    engine: Option<ConfigBuilder>,
    dialect: Option<Dialect>,
    settings: Vec<Arc<Settings>>,
    dialing: Vec<Arc<Dialing>>,
    deflate: Option<DeflateConfig>,
    backoff: Option<Arc<Backoff>>,
    classify: Option<Arc<Classify>>,
    credentials: Option<CredentialsSource>,
    handlers: Vec<Arc<Handler>>,
    receive_bytes_max: usize,
    inbox_messages_max: usize,
    subscription_messages_max: usize,
    ignores_messages: bool,
    outbox: Option<DurableOutbox>,
    seed: Option<u32>,
}

impl ClientBuilder {
    pub(crate) fn new(url: String) -> Self {
        Self {
            name: "default".into(),
            urls: vec![url],
            profile: Profile::Standard,
            engine: None,
            dialect: None,
            settings: Vec::new(),
            dialing: Vec::new(),
            deflate: None,
            backoff: None,
            classify: None,
            credentials: None,
            handlers: Vec::new(),
            receive_bytes_max: Limits::default().message_max,
            inbox_messages_max: INBOX_MESSAGES_DEFAULT,
            subscription_messages_max: INBOX_MESSAGES_DEFAULT,
            ignores_messages: false,
            outbox: None,
            seed: None,
        }
    }

    /// Adds a URL; after a failed attempt the next one is tried, and after the last the first.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.urls.push(url.into());
        self
    }

    /// Names this client in logs and metrics. Default: `default`.
    pub fn name(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    pub(crate) fn member(self, index: usize) -> Self {
        let name = format!("{}-{index}", self.name);
        self.name(&name)
    }

    /// Sets the profile that all other settings start from. Default: [`Profile::Standard`].
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self.engine = None;
        self
    }

    /// Sets the settings that all others start from, instead of a profile's.
    pub fn engine(mut self, settings: ConfigBuilder) -> Self {
        self.engine = Some(settings);
        self
    }

    /// Sets what the peer speaks. Default: the profile's.
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = Some(dialect);
        self
    }

    /// Changes settings of the engine; called in [`build`](Self::build), after the profile.
    ///
    /// ```
    /// # use everlink::Client;
    /// # use std::time::Duration;
    /// let client = Client::builder("wss://example.com/ws")
    ///     .settings(|settings| settings.backoff_max(Duration::from_secs(10)).attempts_max(Some(8)))
    ///     .build()?;
    /// # Ok::<(), everlink::BuildError>(())
    /// ```
    pub fn settings(
        mut self,
        change: impl Fn(ConfigBuilder) -> ConfigBuilder + Send + Sync + 'static,
    ) -> Self {
        self.settings.push(Arc::new(change));
        self
    }

    /// Overrides the table of verdicts for some causes (X10).
    pub fn verdict(self, causes: Causes, verdict: Verdict) -> Self {
        self.settings(move |settings| settings.verdict(causes, verdict))
    }

    /// Decides on failures by a function: `None` leaves it to the table. A function that panics
    /// counts as one without an opinion.
    pub fn classify(
        mut self,
        hook: impl Fn(&ConnectionError) -> Option<Verdict> + Send + Sync + 'static,
    ) -> Self {
        self.classify = Some(Arc::new(hook));
        self
    }

    /// Computes delays by a function, from the attempt (1 is the first after a loss) and the failure
    /// before it; `None` gives up. After a panic of the function, `backoff_max` is waited.
    pub fn backoff_fn(
        mut self,
        function: impl Fn(u32, Failure) -> Option<Duration> + Send + Sync + 'static,
    ) -> Self {
        self.backoff = Some(Arc::new(function));
        self
    }

    /// Asks for credentials before each attempt. A source that fails or panics makes the attempt
    /// fail, which is retried with back-off; one that hangs is bounded by `connect_timeout`.
    pub fn credentials<F, R, E>(mut self, source: F) -> Self
    where
        F: Fn(CredentialsRequest) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Credentials, E>> + Send + 'static,
        E: fmt::Display,
    {
        self.credentials = Some(CredentialsSource::new(source));
        self
    }

    /// Changes settings of the dial: headers, TLS, proxy, addresses. Called in [`build`](Self::build).
    pub fn dial(
        mut self,
        change: impl Fn(DialOptionsBuilder) -> DialOptionsBuilder + Send + Sync + 'static,
    ) -> Self {
        self.dialing.push(Arc::new(change));
        self
    }

    /// Adds a header to each upgrade request.
    pub fn header(self, name: impl Into<String>, value: impl AsRef<[u8]>) -> Self {
        let (name, value) = (name.into(), value.as_ref().to_vec());
        self.dial(move |dial| dial.header(name.clone(), &value))
    }

    /// Offers a subprotocol, after those offered before (RFC 6455, section 1.9).
    pub fn subprotocol(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.dial(move |dial| dial.subprotocol(name.clone()))
    }

    /// Offers compression of messages (RFC 7692). Default: none, since it costs much memory.
    pub fn deflate(mut self, config: DeflateConfig) -> Self {
        self.deflate = Some(config);
        self
    }

    /// Calls a handler for each event, on a thread of its own: a handler that panics or blocks
    /// harms nobody else. [`Client::events`] does the same without a thread.
    pub fn on_event(mut self, handler: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.handlers.push(Arc::new(handler));
        self
    }

    /// Sets the largest message that is taken from the peer; beyond it the connection is closed with
    /// 1009. Unit: bytes. Default: 16777216. Range: 1 to 4294967295.
    pub fn receive_bytes_max(mut self, value: usize) -> Self {
        self.receive_bytes_max = value;
        self
    }

    /// Sets how many messages wait for [`Client::recv`] before reading stops. Default: 1024.
    /// Range: 1 to 1000000.
    pub fn inbox_messages_max(mut self, value: usize) -> Self {
        self.inbox_messages_max = value;
        self
    }

    /// Sets how many messages wait for each [`Subscription`](crate::Subscription) before the oldest
    /// are dropped. Default: 1024. Range: 1 to 1000000.
    pub fn subscription_messages_max(mut self, value: usize) -> Self {
        self.subscription_messages_max = value;
        self
    }

    /// Drops messages that belong to no channel, for an application that only sends, or only takes
    /// subscriptions: otherwise nobody takes them, and reading stops.
    pub fn ignore_messages(mut self) -> Self {
        self.ignores_messages = true;
        self
    }

    /// Keeps messages on disk until their outcome is known, so that they survive the process.
    ///
    /// What an earlier run left is sent first. A send returns once its message is on disk; volatile
    /// messages are not kept. A peer that does not acknowledge may see a message twice after a
    /// crash. [`build`](Self::build) blocks while the file is read.
    pub fn outbox(mut self, outbox: DurableOutbox) -> Self {
        self.outbox = Some(outbox);
        self
    }

    /// Sets the seed of jitter, for tests that must repeat. Default: from the system.
    pub fn seed(mut self, seed: u32) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Checks everything and makes the client, which does nothing before it is told to connect.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the first setting that cannot be used, its value and what is accepted.
    pub fn build(self) -> Result<Client, BuildError> {
        self.check_bounds()?;
        let config = self.config()?;
        let options = self.options(&config)?;
        let restarts = config.settings().supervisor_attempts_max() > 0;
        let waker = Arc::new(AtomicWaker::new());
        let inbox = (!self.ignores_messages)
            .then(|| Arc::new(Queue::new(self.inbox_messages_max, Arc::clone(&waker))));
        let outlets = Outlets {
            inbox,
            states: watch::Sender::new(ConnectionState::Closed),
            room: Arc::new(Notify::new()),
            settled: Arc::new(Notify::new()),
            error_is_final: !restarts,
        };
        let engine = Engine::new(config, self.seed.unwrap_or_else(seed));
        let mut state = State::new(engine, outlets);
        for handler in &self.handlers {
            let events = Events::new(state.feed.listen(Events::EVENTS_MAX));
            events.handle(Arc::clone(&self.name), Arc::clone(handler));
        }
        state.durable = self.outbox.map(Durable::load).transpose()?;
        Ok(Client::new(Arc::new(Shared::new(state, waker, options))))
    }

    /// Checks everything, and makes nothing.
    pub(crate) fn check(&self) -> Result<(), BuildError> {
        self.check_bounds()?;
        self.options(&self.config()?).map(drop)
    }

    fn check_bounds(&self) -> Result<(), BuildError> {
        let messages = "1 to 1000000";
        for (setting, value, max, accepted) in [
            ("receive_bytes_max", self.receive_bytes_max, u32::MAX as usize, "1 to 4294967295"),
            ("inbox_messages_max", self.inbox_messages_max, MESSAGES_MAX, messages),
            ("subscription_messages_max", self.subscription_messages_max, MESSAGES_MAX, messages),
        ] {
            if value == 0 || value > max {
                return Err(BuildError::Bound { setting, value, accepted });
            }
        }
        Ok(())
    }

    fn config(&self) -> Result<Config, BuildError> {
        let endpoints = u16::try_from(self.urls.len()).map_err(|_| BuildError::Bound {
            setting: "url",
            value: self.urls.len(),
            accepted: "1 to 65535 URLs",
        })?;
        let mut settings = self.engine.clone().unwrap_or_else(|| Config::builder(self.profile));
        if let Some(dialect) = self.dialect {
            settings = settings.dialect(dialect);
        }
        for change in &self.settings {
            settings = change(settings);
        }
        settings = settings.endpoints(endpoints).credentials(self.credentials.is_some());
        let Some(backoff) = self.backoff.clone() else {
            return Ok(settings.build()?);
        };
        let fallback = settings.clone().build()?.settings().backoff_max();
        Ok(settings.backoff_fn(contained(backoff, fallback)).build()?)
    }

    fn options(&self, config: &Config) -> Result<Options, BuildError> {
        let dialect = config.dialect();
        let codec =
            Codec::for_dialect(dialect).ok_or(BuildError::Dialect { given: dialect.name })?;
        let settings = config.settings();
        let mut dial =
            DialOptions::builder().dial_timeout(settings.connect_timeout()).deflate(self.deflate);
        for change in &self.dialing {
            dial = change(dial);
        }
        let endpoints: Result<Vec<_>, _> =
            self.urls.iter().map(|url| Endpoint::parse(url)).collect();
        let limits = Limits {
            frame_max: self.receive_bytes_max,
            message_max: self.receive_bytes_max,
            ..Limits::default()
        };
        Ok(Options {
            name: Arc::clone(&self.name),
            endpoints: endpoints?,
            dial: dial.build()?,
            deflate: self.deflate,
            limits,
            codec,
            credentials: self.credentials.clone(),
            classify: self.classify.clone(),
            close_timeout: settings.close_timeout(),
            subscription_messages_max: self.subscription_messages_max,
        })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("name", &self.name)
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

/// Keeps a panic of the application's function out of the engine.
fn contained(
    function: Arc<Backoff>,
    fallback: Duration,
) -> impl Fn(u32, Failure) -> Option<Duration> + Send + Sync + 'static {
    move |attempt, failure| {
        let called = catch_unwind(AssertUnwindSafe(|| function(attempt, failure)));
        called.unwrap_or_else(|_| {
            tracing::error!("the back-off function panicked");
            Some(fallback)
        })
    }
}

const INBOX_MESSAGES_DEFAULT: usize = 1024;

const MESSAGES_MAX: usize = 1_000_000;
