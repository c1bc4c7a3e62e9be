//! Settings of a scripted server.

use super::acceptor::{Acceptor, Orders};
use super::handle::{ScriptedServer, ServerError};
use super::limits::WAIT_DEFAULT;
use super::script::Script;
use crate::socket;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::lookup_host;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Settings of a [`ScriptedServer`].
#[derive(Clone, Debug)]
pub struct ScriptedServerBuilder {
    listen: String,
    scripts: Vec<Script>,
    otherwise: Script,
    wait_max: Duration,
}

impl Default for ScriptedServerBuilder {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            scripts: Vec::new(),
            otherwise: Script::echoing(),
            wait_max: WAIT_DEFAULT,
        }
    }
}

impl ScriptedServerBuilder {
    /// Where to listen, as `host:port`. Default: `127.0.0.1:0`, a free port.
    #[must_use]
    pub fn listen(mut self, address: impl ToString) -> Self {
        self.listen = address.to_string();
        self
    }

    /// Adds a script for the next connection that has none.
    #[must_use]
    pub fn script(mut self, script: Script) -> Self {
        self.scripts.push(script);
        self
    }

    /// Sets what connections beyond the scripts do. Default: accept and echo.
    #[must_use]
    pub fn otherwise(mut self, script: Script) -> Self {
        self.otherwise = script;
        self
    }

    /// Sets the longest time that any wait of the server or of a connection takes. Default: 10 s.
    #[must_use]
    pub fn wait_max(mut self, limit: Duration) -> Self {
        self.wait_max = limit;
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn build(self) -> Result<ScriptedServer, ServerError> {
        let fail = |source| ServerError { address: self.listen.clone(), source };
        let listener = socket::listen(self.resolve().await.map_err(fail)?, None).map_err(fail)?;
        let address = listener.local_addr().map_err(fail)?;
        let (orders, orders_seen) =
            watch::channel(Orders { is_frozen: false, listens: true, life: 0 });
        let (listens, listens_seen) = watch::channel(true);
        let (connections, connections_seen) = watch::channel(Vec::new());
        let acceptor = Acceptor {
            address,
            listener: Some(listener),
            orders: orders_seen,
            listens,
            connections,
            scripts: self.scripts.into(),
            otherwise: self.otherwise,
            wait_max: self.wait_max,
            tasks: JoinSet::new(),
            block: None,
        };
        Ok(ScriptedServer {
            address,
            orders,
            listens: listens_seen,
            connections: connections_seen,
            wait_max: self.wait_max,
            task: tokio::spawn(acceptor.run()),
        })
    }

    async fn resolve(&self) -> io::Result<SocketAddr> {
        let mut found = lookup_host(&self.listen).await?;
        found.next().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such address"))
    }
}
