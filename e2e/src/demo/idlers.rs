//! Two clients that say nothing, behind an nginx that cuts what is silent.

use std::time::Duration;

use anyhow::{Context as _, Result};
use everlink::engine::Heartbeat;
use everlink::{Client, ConnectionState, Event};
use tokio::task::{JoinHandle, spawn_blocking};

use super::bed::start_server;
use super::report::IdleReport;
use super::{nervous, soon};
use crate::nginx::Nginx;
use crate::server::Server;

/// Two idle clients, one with heartbeats and one without, and what they are connected to.
#[derive(Debug)]
pub(crate) struct Idlers {
    beating: Client,
    silent: Client,
    worst: JoinHandle<Duration>,
    // In this order: the clients leave before their servers do.
    _nginx: Nginx,
    _server: Server,
}

impl Idlers {
    pub(crate) async fn start() -> Result<Self> {
        let server = start_server().await?;
        let address = server.address();
        let nginx = spawn_blocking(move || Nginx::in_front_of(address));
        let nginx = nginx.await.context("the thread that starts nginx")??;
        let beating = nervous(&nginx.url()).ignore_messages().build()?;
        let silent = |settings: everlink::engine::ConfigBuilder| {
            settings.heartbeat(Heartbeat::None).stable_after(Duration::ZERO)
        };
        let silent = nervous(&nginx.url()).ignore_messages().settings(silent).build()?;
        let worst = tokio::spawn(worst_outage(silent.clone()));
        let connected = soon(async { tokio::try_join!(beating.connect(), silent.connect()) });
        connected.await?.context("through nginx")?;
        Ok(Self { beating, silent, worst, _nginx: nginx, _server: server })
    }

    /// Ends both and says how they fared.
    pub(crate) async fn finish(self) -> IdleReport {
        let cuts_with_heartbeat = self.beating.info().reconnects;
        let cuts_without_heartbeat = self.silent.info().reconnects;
        tokio::join!(self.beating.close(), self.silent.close());
        let worst = self.worst.await.unwrap_or_default();
        IdleReport { cuts_with_heartbeat, cuts_without_heartbeat, back_ms_max: millis(worst) }
    }
}

/// Watches until the client is closed, and returns its longest outage.
async fn worst_outage(client: Client) -> Duration {
    let mut events = client.events();
    let mut worst = Duration::ZERO;
    while let Some(event) = events.next().await {
        if let Event::Reconnected { downtime, .. } = event {
            worst = worst.max(downtime);
        }
        if matches!(event, Event::StateChanged { to: ConnectionState::Closed, .. }) {
            break;
        }
    }
    worst
}

pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
