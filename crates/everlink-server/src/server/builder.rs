//! Building a server.

use std::future::Future;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use everlink_wire::ws::DeflateConfig;
use tokio::runtime::Handle;

use super::Server;
use super::settings::{BuildError, Settings};
use crate::auth::Jwt;
use crate::hooks::{
    Attached, Attempt, Closures, Decision, Hooks, Permission, Publishing, Refusal, User,
};
use crate::limits::Limits;
use crate::log::{Log, LogOptions, MemoryLog};
use crate::node::{Node, TailLimits, random_name};
use crate::upgrade::PlainEndpoint;

/// Sets a [`Server`] up; made by [`Server::builder`].
#[derive(Debug)]
#[must_use = "a server exists once it is built"]
pub struct ServerBuilder {
    log: Option<Arc<dyn Log>>,
    hooks: Closures,
    plain: Option<PlainEndpoint>,
    settings: Settings,
}

impl ServerBuilder {
    pub(super) fn new() -> Self {
        let settings = Settings { node: random_name("node-"), ..Settings::default() };
        Self { log: None, hooks: Closures::new(), plain: None, settings }
    }

    /// Where messages are kept.
    ///
    /// Default: in memory ([`MemoryLog`]), gone with the process.
    pub fn log(mut self, log: Arc<dyn Log>) -> Self {
        self.log = Some(log);
        self
    }

    /// The decisions of the application; closures given beside it go first.
    ///
    /// Default: everyone may do everything.
    pub fn hooks(mut self, hooks: Arc<dyn Hooks>) -> Self {
        self.hooks.base = hooks;
        self.settings.authenticated = true;
        self
    }

    /// Admits clients by signed tokens, in the place of [`Hooks::authenticate`]; a closure given for that goes
    /// before it. What the token grants is asked of [`Hooks::authorize`], whose default obeys it.
    pub fn jwt(mut self, jwt: Jwt) -> Self {
        self.hooks.jwt = Some(jwt);
        self.settings.authenticated = true;
        self
    }

    /// Lets everyone in from everywhere although nobody is asked for credentials; see
    /// [`Server::check_bind`].
    ///
    /// Default: no.
    pub fn allow_anonymous(mut self, on: bool) -> Self {
        self.settings.allow_anonymous = on;
        self
    }

    /// Where the WebSocket endpoints are: `path`, `path/chat/{conversation}/` and
    /// `path/status/{conversation}/`.
    ///
    /// Default: `/ws`. Range: up to 200 bytes of `/`, letters, digits, `-`, `_` and `.`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.settings.path = path.into();
        self
    }

    /// Says who a client is, or refuses it: [`Hooks::authenticate`] as a closure.
    pub fn authenticate<F, A>(mut self, hook: F) -> Self
    where
        F: Fn(Attempt) -> A + Send + Sync + 'static,
        A: Future<Output = Result<User, Refusal>> + Send + 'static,
    {
        self.hooks.set_authenticate(hook);
        self.settings.authenticated = true;
        self
    }

    /// Says who may do what: [`Hooks::authorize`] as a closure.
    pub fn authorize<F, A>(mut self, hook: F) -> Self
    where
        F: Fn(Permission) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), Refusal>> + Send + 'static,
    {
        self.hooks.set_authorize(hook);
        self
    }

    /// Decides about messages before they are stored: [`Hooks::on_publish`] as a closure.
    pub fn on_publish<F, A>(mut self, hook: F) -> Self
    where
        F: Fn(Publishing) -> A + Send + Sync + 'static,
        A: Future<Output = Decision> + Send + 'static,
    {
        self.hooks.set_on_publish(hook);
        self
    }

    /// Learns who begins to read a channel: [`Hooks::on_attach`] as a closure, called after it.
    pub fn on_attach(mut self, hook: impl Fn(&Attached) + Send + Sync + 'static) -> Self {
        self.hooks.set_on_attach(hook);
        self
    }

    /// Learns who reads a channel no more: [`Hooks::on_detach`] as a closure, called after it.
    pub fn on_detach(mut self, hook: impl Fn(&Attached) + Send + Sync + 'static) -> Self {
        self.hooks.set_on_detach(hook);
        self
    }

    /// Takes requests to `/ws` that ask for no subprotocol.
    ///
    /// Default: the messenger's plain JSON, `/ws?conversation_id=…&user_id=…`.
    pub fn plain(mut self, endpoint: PlainEndpoint) -> Self {
        self.plain = Some(endpoint);
        self
    }

    /// Names this node among others, and in the producer of what code publishes.
    ///
    /// Default: a fresh random name. Range: 1 to 64 bytes without `~`.
    pub fn node(mut self, name: impl Into<String>) -> Self {
        self.settings.node = name.into();
        self
    }

    /// Largest message of a client, and largest frame: a larger one gets close code 1009.
    ///
    /// Unit: bytes. Default: 1 MiB. Range: 1 KiB to 16 MiB.
    pub fn frame_max(mut self, bytes: usize) -> Self {
        self.settings.frame_max = bytes;
        self
    }

    /// Most channels that a connection can read at once; more are refused one by one.
    ///
    /// Default: 1,000. Range: 1 to 65,536.
    pub fn channels_max(mut self, channels: usize) -> Self {
        self.settings.channels_max = channels;
        self
    }

    /// How often clients should ask whether the server is there; it is what `welcome` tells them.
    ///
    /// Unit: time. Default: 20 s. Range: 100 ms to 1 h. Why: below the minute after which many
    /// proxies cut a silent connection.
    pub fn heartbeat_interval(mut self, interval: Duration) -> Self {
        self.settings.heartbeat_interval = interval;
        self
    }

    /// How long either side waits for the answer before it lets go.
    ///
    /// Unit: time. Default: 10 s. Range: 100 ms to 1 h.
    pub fn heartbeat_timeout(mut self, timeout: Duration) -> Self {
        self.settings.heartbeat_timeout = timeout;
        self
    }

    /// How long a client may take nothing of what is written to it before the connection is cut.
    ///
    /// Unit: time. Default: 10 s. Range: 100 ms to 1 h.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.settings.write_timeout = timeout;
        self
    }

    /// How much of the end of each channel that is read is kept in memory. Readers that are further
    /// behind read the log.
    ///
    /// Units: messages, and bytes with what they cost. Defaults: 256, 1 MiB. Ranges: 1 to 65,536;
    /// 1 KiB to 1 GiB.
    pub fn tail(mut self, messages: usize, bytes: usize) -> Self {
        self.settings.tail = TailLimits { messages, bytes };
        self
    }

    /// How long retained values of a channel that nobody uses are kept.
    ///
    /// Unit: time. Default: 24 h. Range: 1 min to 366 days.
    pub fn retained_ttl(mut self, ttl: Duration) -> Self {
        self.settings.retained_ttl = ttl;
        self
    }

    /// Whether each channel retains who reads it, as `presence`.
    ///
    /// Default: yes.
    pub fn presence(mut self, on: bool) -> Self {
        self.settings.presence = on;
        self
    }

    /// Compresses messages for clients that offer it (RFC 7692), each connection for itself.
    ///
    /// Default: off. Why: it costs about five times the CPU and up to 340 KiB a connection.
    pub fn deflate(mut self, config: DeflateConfig) -> Self {
        self.settings.deflate = Some(config);
        self
    }

    /// Accepts browsers from these origins only, each as `https://host[:port]`: their pages may open sockets,
    /// and read answers of REST (CORS). Requests without an `Origin`, which no browser makes, are not concerned.
    ///
    /// Default: all, where clients are asked for credentials or everyone is [let in](Self::allow_anonymous):
    /// another site does not have the token. Else pages of this machine: any other could use the server
    /// through the browser of whoever visits it. Whoever authenticates by cookie must set this.
    pub fn origins<O: Into<String>>(mut self, origins: impl IntoIterator<Item = O>) -> Self {
        self.settings.origins = Some(origins.into_iter().map(Into::into).collect());
        self
    }

    /// What each user and each address may use.
    ///
    /// Default: no limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// How many clients a second can come back, as long as it is not measured. The window over which
    /// clients return follows from it.
    ///
    /// Unit: connections a second. Default: 2,000.
    pub fn accept_rate(mut self, rate: NonZeroU32) -> Self {
        self.settings.accept_rate = rate;
        self
    }

    /// How many messages a client that was once level with a channel may fall behind, before it is told
    /// of a gap instead of all that it missed.
    ///
    /// Unit: messages. Default: `None`, any number: it reads them from the log when it can.
    pub fn lag_max(mut self, messages: Option<u64>) -> Self {
        self.settings.lag_max = messages;
        self
    }

    /// How often what a channel's readers were fed is compared with the log.
    ///
    /// Unit: time. Default: 5 s. Range: 100 ms to 1 h.
    pub fn feed_check(mut self, interval: Duration) -> Self {
        self.settings.feed_check = interval;
        self
    }

    /// Builds the server and starts its housekeeping on the current tokio runtime, which ends when
    /// the last handle is gone.
    ///
    /// # Errors
    ///
    /// A setting is out of its range, there is no runtime, or the log in memory cannot be made.
    pub fn build(self) -> Result<Server, BuildError> {
        self.settings.check()?;
        let runtime = Handle::try_current().map_err(|_| BuildError::NoRuntime)?;
        let log = match self.log {
            Some(log) => log,
            None => Arc::new(MemoryLog::new(LogOptions::default())?),
        };
        let node = Node::start(&runtime, self.settings, log, Arc::new(self.hooks));
        Ok(Server::new(node, self.plain))
    }
}
