//! Setting a Socket.IO server up.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::Router;
use tokio::time::sleep;

use super::SocketIo;
use super::core::{Core, Settings};
use super::handshake::Handshake;
use super::held::Held;
use super::namespace::Namespace;
use super::speech::SocketIoSpeech;
use crate::engineio::EngineIo;
use crate::server::{BuildError, Server, Settings as ServerSettings};
use crate::speech::{Name, Speech};

/// Sets a [`SocketIo`] up; made by [`SocketIo::builder`].
#[derive(Debug)]
#[must_use = "a server exists once it is built"]
pub struct SocketIoBuilder {
    path: String,
    transport: EngineIo,
    namespaces: BTreeMap<Name, Arc<Namespace>>,
    settings: Settings,
}

impl SocketIoBuilder {
    pub(super) fn new() -> Self {
        let settings = Settings {
            packet_bytes_max: 4 * 1024 * 1024,
            recovery: None,
            listen_pause: LISTEN_PAUSE,
        };
        Self {
            path: "/socket.io".to_owned(),
            transport: EngineIo::new(),
            namespaces: BTreeMap::new(),
            settings,
        }
    }

    /// Where it is.
    ///
    /// Default: `/socket.io`, as clients expect. Range: as [`ServerBuilder::path`](crate::ServerBuilder::path).
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// How often the server pings.
    ///
    /// Unit: time. Default: 25 s. Range: 100 ms to 1 h.
    pub const fn ping_interval(mut self, interval: Duration) -> Self {
        self.transport = self.transport.ping_interval(interval);
        self
    }

    /// How long the server waits for the answer to a ping.
    ///
    /// Unit: time. Default: 20 s. Range: 100 ms to 1 h.
    pub const fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.transport = self.transport.ping_timeout(timeout);
        self
    }

    /// How long a client may take to enter a namespace.
    ///
    /// Unit: time. Default: 45 s. Range: 100 ms to 1 h.
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.transport = self.transport.connect_timeout(timeout);
        self
    }

    /// The largest message of a client: of a packet its text, and each attachment. A whole packet may have 4 MiB, or
    /// this if it is more.
    ///
    /// Unit: bytes. Default: 1,000,000. Range: 1 KiB to 16 MiB.
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.transport = self.transport.max_payload(bytes);
        self.settings.packet_bytes_max = self.settings.packet_bytes_max.max(bytes);
        self
    }

    /// Everything else about the transport; what was set before is replaced.
    pub const fn transport(mut self, transport: EngineIo) -> Self {
        self.transport = transport;
        self
    }

    /// How long a client may be away and still get all that it missed (`maxDisconnectionDuration` elsewhere).
    ///
    /// Unit: time. Default: `None`, clients begin anew. Range: 1 s to 7 days. Why: with it, every socket has a log of
    /// its own, and every event ends with a text that says where the client is, which its handlers see as one more
    /// argument.
    pub const fn recovery(mut self, window: Option<Duration>) -> Self {
        self.settings.recovery = window;
        self
    }

    /// How long nothing is sent after the answer to CONNECT, so that a client can begin to listen.
    ///
    /// Unit: time. Default: 5 ms. Range: up to 1 s. Why: clients hand all that comes in one piece to their
    /// application at once, before it has heard that it is connected.
    pub const fn listen_pause(mut self, pause: Duration) -> Self {
        self.settings.listen_pause = pause;
        self
    }

    /// Adds a namespace, or replaces the one of this name.
    pub fn namespace(mut self, namespace: Namespace) -> Self {
        self.namespaces.insert(Arc::clone(&namespace.name), Arc::new(namespace));
        self
    }

    /// Builds it on a server, whose rooms, log, presence, credentials and limits it has in common with all other
    /// endpoints. Serve its [`router`](SocketIo::router) beside those of the server.
    ///
    /// Must be called inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// A setting is out of its range.
    pub fn build(self, server: &Server) -> Result<SocketIo, BuildError> {
        let Self { path, transport, namespaces, settings } = self;
        let window = settings.recovery.unwrap_or(RECOVERY_MIN);
        ServerSettings::check_duration_in("recovery", window, RECOVERY_MIN..=RECOVERY_MAX)?;
        let pause = Duration::ZERO..=Duration::from_secs(1);
        ServerSettings::check_duration_in("listen_pause", settings.listen_pause, pause)?;
        let core =
            Arc::new(Core { server: server.clone(), namespaces, settings, held: Held::default() });
        let router = routes(&core, &path, &transport)?;
        if let Some(window) = core.settings.recovery {
            tokio::spawn(tend(Arc::downgrade(&core), window));
        }
        Ok(SocketIo { core, router })
    }
}

fn routes(core: &Arc<Core>, path: &str, transport: &EngineIo) -> Result<Router, BuildError> {
    let opened = Arc::clone(core);
    core.server.engine_io(path, transport, move |parts| {
        let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
        let peer = parts.extensions.get::<axum::extract::ConnectInfo<std::net::SocketAddr>>();
        let peer = peer.map(|peer| peer.0);
        let handshake = Handshake::new(&parts.headers, target.into(), peer);
        let speech: Box<dyn Speech> = Box::new(SocketIoSpeech::new(Arc::clone(&opened), handshake));
        Ok(speech)
    })
}

/// Lets sockets go that nobody came back for.
async fn tend(core: Weak<Core>, window: Duration) {
    let every = (window / 4).clamp(TEND_MIN, TEND_MAX);
    while let Some(core) = core.upgrade() {
        if let Err(error) = core.held.find_in(&**core.server.log()).await {
            tracing::warn!(%error, "sockets from before the start are not found yet");
        }
        for pid in core.held.take_due(window) {
            core.forget(&pid);
        }
        drop(core);
        sleep(every).await;
    }
}

/// How long a client is left alone after its CONNECT.
const LISTEN_PAUSE: Duration = Duration::from_millis(5);

const RECOVERY_MIN: Duration = Duration::from_secs(1);
const RECOVERY_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

const TEND_MIN: Duration = Duration::from_millis(250);
const TEND_MAX: Duration = Duration::from_secs(30);
