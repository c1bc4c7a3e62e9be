//! What can be set about an Engine.IO endpoint.

use std::time::Duration;

use everlink_engine::server::SessionConfig;

use crate::server::{BuildError, Settings};
use crate::speech::Name;

/// The settings of an Engine.IO endpoint; names and defaults are those of the official server.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use everlink_server::engineio::EngineIo;
///
/// let settings = EngineIo::new().ping_interval(Duration::from_secs(10)).max_payload(100_000);
/// # let _ = settings;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "settings do nothing by themselves"]
pub struct EngineIo {
    pub(crate) ping_interval: Duration,
    pub(crate) ping_timeout: Duration,
    pub(crate) upgrade_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) max_payload: usize,
    pub(crate) polling: bool,
    pub(crate) polling_max: usize,
}

impl EngineIo {
    /// Makes the settings with every default.
    pub const fn new() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(45),
            max_payload: 1_000_000,
            polling: true,
            polling_max: 10_000,
        }
    }

    /// How often the server pings: first one interval after the opening, then each interval exactly.
    ///
    /// Unit: time. Default: 25 s. Range: 100 ms to 1 h. Why: below the minute after which many proxies cut
    /// a silent connection; clients let go when no ping comes for this and `ping_timeout`.
    pub const fn ping_interval(mut self, interval: Duration) -> Self {
        self.ping_interval = interval;
        self
    }

    /// How long after a ping the server waits for a sign of life before it lets go.
    ///
    /// Unit: time. Default: 20 s. Range: 100 ms to 1 h.
    pub const fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.ping_timeout = timeout;
        self
    }

    /// How long an upgrade from long-polling to WebSocket may take from the new socket's opening on; after
    /// that the new socket is closed, and the session goes on by polling.
    ///
    /// Unit: time. Default: 10 s. Range: 100 ms to 1 h.
    pub const fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.upgrade_timeout = timeout;
        self
    }

    /// How long a client may take from the opening to its greeting, where the [`Speech`](crate::speech::Speech)
    /// has one: the CONNECT of Socket.IO.
    ///
    /// Unit: time. Default: 45 s. Range: 100 ms to 1 h.
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Largest body of a client's POST, and largest WebSocket message: a larger one gets 413, or close code 1009.
    ///
    /// Unit: bytes. Default: 1,000,000. Range: 1 KiB to 16 MiB.
    pub const fn max_payload(mut self, bytes: usize) -> Self {
        self.max_payload = bytes;
        self
    }

    /// Whether clients may use HTTP long-polling; without it they begin with a WebSocket, or not at all.
    ///
    /// Default: yes. Why not: several nodes behind one address that spread the requests of one client over
    /// them cannot serve it, and long-polling costs more.
    pub const fn polling(mut self, on: bool) -> Self {
        self.polling = on;
        self
    }

    /// Most sessions that poll at once; beyond it a new one is refused with 503. Sessions with a WebSocket are
    /// bounded by their sockets, those that poll by nothing else.
    ///
    /// Default: 10,000. Range: 1 to 1,000,000.
    pub const fn polling_max(mut self, sessions: usize) -> Self {
        self.polling_max = sessions;
        self
    }

    pub(crate) fn check(&self) -> Result<(), BuildError> {
        Settings::check_duration("ping_interval", self.ping_interval)?;
        Settings::check_duration("ping_timeout", self.ping_timeout)?;
        Settings::check_duration("upgrade_timeout", self.upgrade_timeout)?;
        Settings::check_duration("connect_timeout", self.connect_timeout)?;
        Settings::check_number("polling_max", self.polling_max, 1..=1_000_000)?;
        Settings::check_number("max_payload", self.max_payload, 1024..=16 * 1024 * 1024)
    }

    /// Returns what sessions of the engine are set to under it. The transport's heartbeat is all there is:
    /// by the time that the session would ask by itself, the transport has let go.
    pub(crate) fn session_config(&self, node: &SessionConfig<Name>) -> SessionConfig<Name> {
        let mut config = node.clone();
        config.heartbeat_interval = self.ping_interval.saturating_mul(2);
        config.heartbeat_timeout = self.ping_timeout.saturating_mul(2);
        config.hello_timeout = self.connect_timeout;
        config.frame_max = u32::try_from(self.max_payload).unwrap_or(u32::MAX);
        config
    }
}

impl Default for EngineIo {
    fn default() -> Self {
        Self::new()
    }
}
