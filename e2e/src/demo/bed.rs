//! The server, the proxy before it, and how both are broken.

use anyhow::{Context as _, Result};
use everlink::Client;
use everlink::engine::Dialect;
use everlink_testkit::chaos::{ChaosProxy, End, Fault, Refusal, Way};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::fault::FaultKind;
use super::nervous;
use crate::server::{Server, ServerKind, ServerOptions};

/// A server that can be killed, behind a proxy that breaks connections.
#[derive(Debug)]
pub(crate) struct Bed {
    /// Away only while it is being killed or started.
    server: Option<Server>,
    proxy: ChaosProxy,
}

impl Bed {
    pub(crate) async fn start() -> Result<Self> {
        let server = start_server().await?;
        let proxy = ChaosProxy::builder().upstream(server.address()).build().await?;
        Ok(Self { server: Some(server), proxy })
    }

    /// Returns a client whose pings only the application behind the server can answer, in turn: what
    /// was sent before an answered ping has been echoed.
    pub(crate) fn client(&self) -> Result<Client> {
        let url = format!("ws://{}/", self.proxy.local_addr());
        let settings =
            |settings: everlink::engine::ConfigBuilder| settings.queue_messages_max(100_000);
        Ok(nervous(&url).dialect(Dialect::JSON).settings(settings).build()?)
    }

    pub(crate) async fn begin(&mut self, kind: FaultKind) -> Result<()> {
        let proxy = &self.proxy;
        match kind {
            FaultKind::Cut => proxy.cut(End::Close),
            FaultKind::Reset => proxy.cut(End::Reset),
            FaultKind::BlackHole => drop(proxy.set(Fault::BlackHole)?),
            FaultKind::HalfOpenUp => drop(proxy.set(Fault::HalfOpen { swallowed: Way::Up })?),
            FaultKind::HalfOpenDown => drop(proxy.set(Fault::HalfOpen { swallowed: Way::Down })?),
            FaultKind::Refused => {
                proxy.set(Fault::Refuse { how: Refusal::Closed })?;
                proxy.cut(End::Reset);
            }
            FaultKind::Frozen => self.with_server(|server| server.freeze()).await?,
            FaultKind::Killed => self.with_server(Server::kill).await?,
        }
        Ok(())
    }

    /// Ends the fault, and returns from when on the server could be reached again.
    pub(crate) async fn end(&mut self, kind: FaultKind) -> Result<Instant> {
        let before = Instant::now();
        match kind {
            FaultKind::Frozen => self.with_server(|server| server.thaw()).await?,
            FaultKind::Killed => {
                self.with_server(Server::restart).await?;
                return Ok(Instant::now());
            }
            FaultKind::Cut
            | FaultKind::Reset
            | FaultKind::BlackHole
            | FaultKind::HalfOpenUp
            | FaultKind::HalfOpenDown
            | FaultKind::Refused => self.proxy.clear(),
        }
        Ok(before)
    }

    /// Does something that waits for the process, on a thread that may wait.
    async fn with_server(
        &mut self,
        act: impl FnOnce(&mut Server) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let mut server = self.server.take().context("the server is gone")?;
        let work = spawn_blocking(move || {
            let done = act(&mut server);
            (server, done)
        });
        let (server, done) = work.await.context("the thread that waits for the server")?;
        self.server = Some(server);
        done
    }
}

pub(crate) async fn start_server() -> Result<Server> {
    let start = || Server::start(ServerKind::PythonWebsockets, ServerOptions::default());
    spawn_blocking(start).await.context("the thread that starts the server")?
}
