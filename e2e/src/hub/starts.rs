//! TCP connections that the start of the official client costs.

use anyhow::{Context as _, Result};
use everlink_testkit::chaos::ChaosProxy;
use serde::Serialize;
use serde_json::json;

use super::job::Speech;
use super::kind::{Place, ServerKind};
use super::options::Options;
use crate::official::{Library, OfficialClient};

/// What starts of npm's `socket.io-client` cost.
#[derive(Debug, Serialize)]
pub(super) struct StartRow {
    pub(super) server: ServerKind,
    pub(super) transports: Transports,
    pub(super) starts: u32,
    /// TCP connections, until the client has its WebSocket.
    pub(super) tcp_each: f64,
}

/// What the client is told to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Transports {
    /// As it comes: polling, then an upgrade
    Default,
    Websocket,
}

impl Transports {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Default => "polling, then WebSocket",
            Self::Websocket => "WebSocket alone",
        }
    }
}

pub(super) fn measure(options: &Options) -> Result<Vec<StartRow>> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut rows = Vec::new();
    for server in options.servers() {
        if server.speech() != Speech::SocketIo {
            continue;
        }
        eprintln!("{} starts with {}", options.starts(), server.name());
        for transports in [Transports::Default, Transports::Websocket] {
            rows.push(one(&runtime, server, transports, options.starts())?);
        }
    }
    Ok(rows)
}

fn one(
    runtime: &tokio::runtime::Runtime,
    server: ServerKind,
    transports: Transports,
    starts: u32,
) -> Result<StartRow> {
    let (_process, addresses) = server.start(&Place::default())?;
    let upstream = addresses.first().context("no address")?;
    let proxy = runtime.block_on(ChaosProxy::builder().upstream(upstream).build())?;
    let client = OfficialClient::start(Library::JavaScript)?;
    let url = format!("http://{}", proxy.local_addr());
    for number in 0..starts {
        let socket = client.socket(&format!("s{number}"));
        let from = socket.mark();
        match transports {
            Transports::Default => {
                socket.open(&url, json!({}))?;
                socket.event(from, "upgraded")?;
            }
            Transports::Websocket => {
                socket.open(&url, json!({ "transports": ["websocket"] }))?;
                socket.event(from, "connected")?;
            }
        }
        socket.tell("disconnect", json!({}))?;
    }
    let tcp_each = proxy.counters().connections as f64 / f64::from(starts);
    Ok(StartRow { server, transports, starts, tcp_each })
}
