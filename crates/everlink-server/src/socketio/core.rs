//! What all connections of one Socket.IO server share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::held::Held;
use super::namespace::Namespace;
use super::personal;
use crate::node::{SocketIoCounts, random_token};
use crate::server::Server;
use crate::speech::Name;

/// What all connections of one Socket.IO server share.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) server: Server,
    pub(super) namespaces: BTreeMap<Name, Arc<Namespace>>,
    pub(super) settings: Settings,
    /// Sockets that can be recovered.
    pub(super) held: Held,
}

/// What can be set.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) packet_bytes_max: usize,
    pub(super) recovery: Option<Duration>,
    pub(super) listen_pause: Duration,
}

impl Core {
    pub(super) fn counts(&self) -> &SocketIoCounts {
        &self.server.node().counters.socket_io
    }

    /// Lets what is stored of a socket go, for good.
    pub(super) fn forget(&self, pid: &str) {
        let log = Arc::clone(self.server.log());
        let channel = personal::channel(pid);
        tokio::spawn(async move {
            if let Err(error) = log.trim(&channel, u64::MAX).await {
                tracing::warn!(%error, "what is stored of a socket stays for now");
            }
        });
    }

    /// Makes a name that nobody can guess.
    pub(super) fn fresh_name() -> Name {
        random_token("").into()
    }
}
