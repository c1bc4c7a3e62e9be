//! Whether the server is well.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::log::PageLimit;
use crate::server::Server;

/// Whether a server is well, and what is wrong if it is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[non_exhaustive]
pub struct Health {
    /// `ok` or `unavailable`.
    pub status: &'static str,
    /// New clients should come here.
    pub ready: bool,
    /// The node.
    pub node: String,
    /// How long it has been up, in seconds.
    pub uptime_s: u64,
    /// Connections that stand now.
    pub connections: u64,
    /// What was looked at.
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[non_exhaustive]
pub struct Check {
    /// What: `store`, `drain` or `load`.
    pub name: &'static str,
    /// It is well.
    pub ok: bool,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Server {
    /// Looks whether the server is well: the store can be read and can store, the node stays, and not too
    /// much waits.
    ///
    /// # Cancel safety
    ///
    /// Cancelling changes nothing.
    pub async fn health(&self) -> Health {
        let status = self.status();
        let store = match status.store.fault {
            Some(fault) => Some(fault),
            None => self.store_trouble().await,
        };
        let drain = status.drain.map(|drain| {
            let seconds = drain.left_ms.div_ceil(1000);
            format!("the node goes; its last client is asked to in {seconds} s")
        });
        let pending = status.store.pending;
        let load = (pending > PENDING_HEALTHY).then(|| {
            format!("{pending} messages wait to be stored; up to {PENDING_HEALTHY} are usual")
        });
        let check = |name, why: Option<String>| Check { name, ok: why.is_none(), why };
        let checks = vec![check("store", store), check("drain", drain), check("load", load)];
        let ready = checks.iter().all(|check| check.ok);
        Health {
            status: if ready { "ok" } else { "unavailable" },
            ready,
            node: status.node,
            uptime_s: status.uptime_s,
            connections: status.connections,
            checks,
        }
    }

    async fn store_trouble(&self) -> Option<String> {
        let look = PageLimit { records: 0, bytes: 0 };
        match timeout(STORE_TIMEOUT, self.log().read(PROBED_CHANNEL, 0, look)).await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("the store did not answer within {STORE_TIMEOUT:?}")),
        }
    }
}

/// Says whether the server is well, with what is wrong.
#[utoipa::path(
    get,
    path = "/health",
    tag = "server",
    responses(
        (status = 200, description = "It is well", body = Health),
        (status = 503, description = "It is not, or goes", body = Health),
    ),
)]
pub(super) async fn health(State(server): State<Server>) -> (StatusCode, Json<Health>) {
    let health = server.health().await;
    let status = if health.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health))
}

/// Says that the process runs: whoever gets no answer should restart it.
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "server",
    responses((status = 200, description = "It runs", body = Live)),
)]
pub(super) async fn live(State(server): State<Server>) -> Json<Live> {
    Json(Live { status: "ok", uptime_s: server.status().uptime_s })
}

/// Says whether new clients should come here, with what is wrong: for load balancers.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "server",
    responses(
        (status = 200, description = "They should", body = Health),
        (status = 503, description = "They should not", body = Health),
    ),
)]
pub(super) async fn ready(server: State<Server>) -> (StatusCode, Json<Health>) {
    health(server).await
}

/// The process runs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Live {
    /// `ok`.
    status: &'static str,
    /// How long it has been up, in seconds.
    uptime_s: u64,
}

/// Appends that wait where all is well: a quarter of what a log takes by default.
const PENDING_HEALTHY: u64 = 16_384;

/// A store that does not answer a look for so long is not well.
const STORE_TIMEOUT: Duration = Duration::from_secs(2);

/// Is looked for, and need not be there.
const PROBED_CHANNEL: &str = "health";
