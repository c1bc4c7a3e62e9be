//! Describes a feed; everything is checked once, in `build`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use everlink_engine::{Dialect, Profile};

use super::manager::{Feed, OnHole};
use super::reconnection::ReconnectionConfig;
use super::sequence::Hole;
use crate::client::{BuildError, ClientBuilder};
use crate::config::Loaded;
use crate::driver::DialLimit;
use crate::pool::{Pool, PoolBuilder};

/// Most streams that Binance lets one connection carry ("Websocket Limits").
pub const STREAMS_MAX: usize = 1024;

/// Most connections that Binance lets one address attempt in [`DIALS_PERIOD`].
pub const DIALS_MAX: usize = 300;

/// The period in which attempts are counted.
pub const DIALS_PERIOD: Duration = Duration::from_secs(300);

/// Describes a [`Feed`]; made by [`Feed::builder`].
#[derive(Clone)]
#[must_use]
pub struct FeedBuilder {
    client: ClientBuilder,
    /// Puts the values that are not the profile's into a pool.
    pool: Vec<Arc<dyn Fn(PoolBuilder) -> PoolBuilder + Send + Sync>>,
    reconnection: Option<ReconnectionConfig>,
    streams_per_connection: usize,
    dial_limit: Option<DialLimit>,
    on_hole: Option<Arc<OnHole>>,
}

impl FeedBuilder {
    pub(super) fn new(url: String) -> Self {
        Self::of(ClientBuilder::new(url).profile(Profile::MarketFeed).name("feed"))
    }

    fn of(client: ClientBuilder) -> Self {
        Self {
            client: client.dialect(Dialect::EXCHANGE),
            pool: Vec::new(),
            reconnection: None,
            streams_per_connection: 200,
            dial_limit: None,
            on_hole: None,
        }
    }

    /// Starts from configuration, as [`ClientBuilder::from_config`] does. Load it with the profile
    /// `market_feed`, under which the keys of F05 are understood.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names what cannot be used.
    pub fn from_config(loaded: &Loaded) -> Result<Self, BuildError> {
        Ok(Self::of(ClientBuilder::from_config(loaded)?.name("feed")))
    }

    /// Adds a URL; after a failed attempt the next one is tried, and after the last the first.
    pub fn url(self, url: impl Into<String>) -> Self {
        let url = url.into();
        self.client(move |client| client.url(url))
    }

    /// Names this feed in logs and metrics, where its connections are `name-0`, `name-1` and so on. Default: `feed`.
    pub fn name(self, name: &str) -> Self {
        self.client(|client| client.name(name))
    }

    /// Sets how a lost connection comes back. Default: that of [`ReconnectionConfig`], or of the configuration.
    pub fn reconnection(mut self, config: ReconnectionConfig) -> Self {
        self.reconnection = Some(config);
        self
    }

    /// Changes anything else of the connections: settings of the engine, headers, TLS, proxy.
    ///
    /// ```
    /// use everlink::feed::Feed;
    /// use std::time::Duration;
    ///
    /// let feed = Feed::builder("wss://stream.example.com/stream")
    ///     .client(|client| client.settings(|settings| settings.stale_after(None)))
    ///     .build()?;
    /// # Ok::<(), everlink::BuildError>(())
    /// ```
    pub fn client(mut self, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Self {
        self.client = change(self.client);
        self
    }

    /// Sets how many streams one connection takes. Default: 200. Range: 1 to [`STREAMS_MAX`].
    ///
    /// Few make a loss cheap and a renewal quick; many need fewer connections.
    pub fn streams_per_connection(mut self, value: usize) -> Self {
        self.streams_per_connection = value;
        self
    }

    /// Sets how many connections there can be. Default: 64. Range: 1 to 1000.
    pub fn connections_max(mut self, value: usize) -> Self {
        self.pool.push(Arc::new(move |pool| pool.connections_max(value)));
        self
    }

    /// Sets how many messages wait to be taken before the oldest are dropped, over all streams; on a
    /// numbered stream that is a [`Hole`] too. Default: 65536. Range: 1 to 1000000.
    pub fn messages_max(mut self, value: usize) -> Self {
        self.pool.push(Arc::new(move |pool| pool.messages_max(value)));
        self
    }

    /// Counts dials against this budget, so that several feeds can share it. Default: one of
    /// [`DIALS_MAX`] in [`DIALS_PERIOD`].
    pub fn dial_limit(mut self, limit: DialLimit) -> Self {
        self.dial_limit = Some(limit);
        self
    }

    /// Calls a function for each hole, before it is handed out: the place to start fetching what is
    /// missing. It runs in whoever takes the updates, must not block, and a panic in it is logged.
    pub fn on_hole(mut self, function: impl Fn(&Hole) + Send + Sync + 'static) -> Self {
        self.on_hole = Some(Arc::new(function));
        self
    }

    /// Checks everything and makes the feed, which opens no connection before the first stream.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the first value that cannot be used, and what is accepted.
    pub fn build(self) -> Result<Feed, BuildError> {
        let streams = self.streams_per_connection;
        if !(1..=STREAMS_MAX).contains(&streams) {
            let (setting, accepted) = ("streams_per_connection", "1 to 1024");
            return Err(BuildError::Bound { setting, value: streams, accepted });
        }
        for url in self.client.urls() {
            check_path(url)?;
        }
        let mut client = self.client;
        if let Some(config) = self.reconnection {
            config.check()?;
            client = client.settings(move |settings| config.apply(settings));
        }
        let limit = self.dial_limit.unwrap_or_else(|| DialLimit::new(DIALS_MAX, DIALS_PERIOD));
        let pool = Pool::builder(client)
            .messages_max(65_536)
            .channels_per_connection(streams)
            .dial_limit(limit);
        let pool = self.pool.iter().fold(pool, |pool, change| change(pool)).build()?;
        Ok(Feed::new(pool, self.on_hole))
    }
}

/// Refuses the path at which messages do not name their stream: nobody could tell whose they are.
fn check_path(url: &str) -> Result<(), BuildError> {
    // What is no URL is told by the client.
    let path = url::Url::parse(url).map(|url| url.path().to_owned()).unwrap_or_default();
    if path == "/ws" || path.starts_with("/ws/") {
        return Err(BuildError::RawStream { path });
    }
    Ok(())
}

impl fmt::Debug for FeedBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedBuilder")
            .field("client", &self.client)
            .field("reconnection", &self.reconnection)
            .field("streams_per_connection", &self.streams_per_connection)
            .finish_non_exhaustive()
    }
}
