//! Describes a client; everything is checked once, in `build`.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use everlink_engine::{Causes, ConfigBuilder, Dialect, Failure, Profile, Verdict};
use everlink_wire::v1::Encoding;
use everlink_wire::ws::{DeflateConfig, Limits};

use super::credentials::{Credentials, CredentialsRequest, CredentialsSource};
use super::event::Event;
use super::events::Handler;
use super::failure::ConnectionError;
use crate::dial::DialOptionsBuilder;
use crate::driver::{Classify, DialLimit, Tap};
use crate::outbox::DurableOutbox;

type Settings = dyn Fn(ConfigBuilder) -> ConfigBuilder + Send + Sync;
type Dialing = dyn Fn(DialOptionsBuilder) -> DialOptionsBuilder + Send + Sync;
pub(super) type Backoff = dyn Fn(u32, Failure) -> Option<Duration> + Send + Sync;

/// Describes a [`Client`](crate::Client); made by [`Client::builder`](crate::Client::builder). It can be cloned and built many times.
#[derive(Clone)]
#[must_use]
pub struct ClientBuilder {
    pub(super) name: Arc<str>,
    pub(super) urls: Vec<String>,
    pub(super) profile: Profile,
    /// What the settings start from instead of the profile.
    pub(super) engine: Option<ConfigBuilder>,
    pub(super) dialect: Option<Dialect>,
    pub(super) settings: Vec<Arc<Settings>>,
    pub(super) dialing: Vec<Arc<Dialing>>,
    pub(super) dial_limit: Option<DialLimit>,
    pub(super) deflate: Option<DeflateConfig>,
    pub(super) backoff: Option<Arc<Backoff>>,
    pub(super) classify: Option<Arc<Classify>>,
    pub(super) credentials: Option<CredentialsSource>,
    pub(super) known_hosts: Vec<String>,
    pub(super) handlers: Vec<Arc<Handler>>,
    pub(super) receive_bytes_max: usize,
    pub(super) inbox_messages_max: usize,
    pub(super) subscription_messages_max: usize,
    pub(super) ignores_messages: bool,
    pub(super) outbox: Option<DurableOutbox>,
    pub(super) cursors: Option<DurableOutbox>,
    pub(super) encoding: Encoding,
    pub(super) namespace: Option<String>,
    pub(super) seed: Option<u32>,
    pub(super) tap: Option<Tap>,
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
            dial_limit: None,
            deflate: None,
            backoff: None,
            classify: None,
            credentials: None,
            known_hosts: Vec::new(),
            handlers: Vec::new(),
            receive_bytes_max: Limits::default().message_max,
            inbox_messages_max: INBOX_MESSAGES_DEFAULT,
            subscription_messages_max: INBOX_MESSAGES_DEFAULT,
            ignores_messages: false,
            outbox: None,
            cursors: None,
            encoding: Encoding::Json,
            namespace: None,
            seed: None,
            tap: None,
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

    /// One of several clients made from this: it has a name of its own, and no outbox to share.
    pub(crate) fn member(mut self, index: usize) -> Self {
        let name = format!("{}-{index}", self.name);
        (self.outbox, self.cursors) = (None, None);
        self.name(&name)
    }

    pub(crate) fn name_given(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn urls(&self) -> &[String] {
        &self.urls
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
    /// counts as one without an opinion. It is asked about what the sockets report; what the engine
    /// finds out itself, such as a heartbeat without an answer, goes by the table.
    ///
    /// ```
    /// # use everlink::Client;
    /// use everlink::engine::{Cause, Verdict};
    ///
    /// let client = Client::builder("wss://example.com/ws")
    ///     .classify(|error| (error.cause() == Cause::HttpStatus(404)).then_some(Verdict::Retry))
    ///     .build()?;
    /// # Ok::<(), everlink::BuildError>(())
    /// ```
    pub fn classify(
        mut self,
        hook: impl Fn(&ConnectionError) -> Option<Verdict> + Send + Sync + 'static,
    ) -> Self {
        self.classify = Some(Arc::new(hook));
        self
    }

    /// Computes delays by a function, from the attempt (1 is the first after a loss) and the failure
    /// before it; `None` gives up. After a panic of the function, `backoff_max` is waited. It is part
    /// of the engine, so it must be pure: it must not block, nor call the client.
    pub fn backoff_fn(
        mut self,
        function: impl Fn(u32, Failure) -> Option<Duration> + Send + Sync + 'static,
    ) -> Self {
        self.backoff = Some(Arc::new(function));
        self
    }

    /// Asks for credentials before each attempt. A source that fails or panics makes the attempt
    /// fail, which is retried with back-off; one that hangs is bounded by `connect_timeout`.
    ///
    /// ```
    /// # use everlink::{Client, Credentials};
    /// # async fn fetch_token(fresh: bool) -> Result<String, std::io::Error> { Ok(String::new()) }
    /// let client = Client::builder("wss://example.com/ws")
    ///     .credentials(|request| async move {
    ///         Ok::<_, std::io::Error>(Credentials::bearer(&fetch_token(request.refresh).await?))
    ///     })
    ///     .build()?;
    /// # Ok::<(), everlink::BuildError>(())
    /// ```
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

    /// Counts each dial against a budget that several clients share. Default: none.
    pub fn dial_limit(mut self, limit: DialLimit) -> Self {
        self.dial_limit = Some(limit);
        self
    }

    /// Tells events to who made this client, before all others.
    pub(crate) fn tap(mut self, tap: Tap) -> Self {
        self.tap = Some(tap);
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
    /// harms nobody else. [`Client::events`](crate::Client::events) does the same without a thread.
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

    /// Sets how many messages wait for [`Client::recv`](crate::Client::recv) before reading stops. Default: 1024.
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
    /// crash. [`build`](Self::build) blocks while the file is read. An outbox belongs to one client:
    /// two would both send what is in it.
    pub fn outbox(mut self, outbox: DurableOutbox) -> Self {
        self.outbox = Some(outbox);
        self
    }

    /// Keeps on disk how far each [`Channel`](crate::Channel) was handled, so that the next run goes on
    /// from there ([`Start::Stored`](crate::Start)). It may be the same file as that of
    /// [`outbox`](Self::outbox): then give a clone of it.
    ///
    /// A cursor is on disk at most [`LAZY_WAIT_MAX`](crate::outbox::LAZY_WAIT_MAX) after its message
    /// was handled, and when [`Client::close`](crate::Client::close) returns.
    pub fn cursors(mut self, store: DurableOutbox) -> Self {
        self.cursors = Some(store);
        self
    }

    /// Names a host, besides those of the URLs, to which a server of `everlink.v1` may send this client when
    /// it asks it to go (`away` with a `url`). Credentials are shown there as well.
    ///
    /// Default: none. Other hosts are not followed, nor is `ws://` where a URL of this client is `wss://`:
    /// the client then comes back to its own URLs, and tells [`Event::NotFollowed`].
    pub fn known_host(mut self, host: impl Into<String>) -> Self {
        self.known_hosts.push(host.into());
        self
    }

    /// Sets how frames of `everlink.v1` are encoded: [`Encoding::Json`], which people can read, or
    /// [`Encoding::Cbor`], which carries bytes as they are. Default: [`Encoding::Json`].
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Sets the namespace to enter (dialect `socketio`). Default: `/`.
    pub fn namespace(mut self, name: impl Into<String>) -> Self {
        self.namespace = Some(name.into());
        self
    }

    /// Sets the seed of jitter, for tests that must repeat. Default: from the system.
    pub fn seed(mut self, seed: u32) -> Self {
        self.seed = Some(seed);
        self
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

const INBOX_MESSAGES_DEFAULT: usize = 1024;
