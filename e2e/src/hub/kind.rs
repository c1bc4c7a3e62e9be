//! The servers.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use everlink_server::listen::TlsFiles;

use super::job::Speech;
use crate::bench::Process;
use crate::environment::Environment;

/// What is measured.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ServerKind {
    /// `everlink_server`, its log in memory
    Everlink,
    /// `everlink_server` by Socket.IO, with recovery of sessions, its log in memory
    EverlinkSocketIo,
    /// axum's WebSocket with small buffers; a connection writes what waits for it in one go
    AxumBatched,
    /// axum's WebSocket as it comes, each message flushed
    Axum,
    /// socketioxide, which is Socket.IO on axum, as it comes
    Socketioxide,
    /// npm's `ws`
    Ws,
    /// npm's `socket.io`, with connection state recovery
    SocketIo,
    /// Python's `websockets`
    Websockets,
}

impl ServerKind {
    pub(super) const ALL: [Self; 8] = [
        Self::Everlink,
        Self::EverlinkSocketIo,
        Self::AxumBatched,
        Self::Axum,
        Self::Socketioxide,
        Self::Ws,
        Self::SocketIo,
        Self::Websockets,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Everlink => "everlink",
            Self::EverlinkSocketIo => "everlink-socket-io",
            Self::AxumBatched => "axum-batched",
            Self::Axum => "axum",
            Self::Socketioxide => "socketioxide",
            Self::Ws => "ws",
            Self::SocketIo => "socket-io",
            Self::Websockets => "websockets",
        }
    }

    pub(super) const fn speech(self) -> Speech {
        match self {
            Self::Everlink => Speech::Everlink,
            Self::AxumBatched | Self::Axum | Self::Ws | Self::Websockets => Speech::Plain,
            Self::EverlinkSocketIo | Self::Socketioxide | Self::SocketIo => Speech::SocketIo,
        }
    }

    /// Starts it in a process of its own; returns that with the server's addresses.
    pub(super) fn start(self, place: &Place<'_>) -> Result<(Process, Vec<String>)> {
        let port = place.port.to_string();
        let mut command = match self {
            Self::Everlink
            | Self::EverlinkSocketIo
            | Self::AxumBatched
            | Self::Axum
            | Self::Socketioxide => {
                let mut command = ours()?;
                command.args(["serve", self.name(), "--port", &port]);
                if let Some(store) = place.store {
                    command.arg("--store").arg(store);
                }
                if let Some(pair) = place.tls {
                    command.arg("--certificate").arg(&pair.certificate);
                    command.arg("--key").arg(&pair.key);
                }
                command
            }
            Self::Ws => Environment::set_up()?.node("bench_server.js"),
            Self::SocketIo => Environment::set_up()?.node("bench_socket_io.js"),
            Self::Websockets => Environment::set_up()?.python("bench_server.py"),
        };
        if matches!(self, Self::Ws | Self::SocketIo | Self::Websockets) {
            command.arg(port);
        }
        let mut process = Process::spawn(self.name(), &mut command)?;
        let addresses = process.read(STARTING)?;
        Ok((process, addresses))
    }
}

/// Where a server listens and stores.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place<'a> {
    /// 0 is a free one.
    pub(super) port: u16,
    /// The file of the log; without it in memory.
    pub(super) store: Option<&'a Path>,
    /// Only servers in Rust speak TLS here.
    pub(super) tls: Option<&'a TlsFiles>,
}

/// Starts the process that makes the load.
pub(super) fn generator() -> Result<Process> {
    Process::spawn("generator", ours()?.arg("generate"))
}

/// Starts the process that holds the cables.
pub(super) fn cables() -> Result<Process> {
    Process::spawn("relay", ours()?.arg("relay"))
}

fn ours() -> Result<Command> {
    Ok(Command::new(std::env::current_exe().context("where is this program?")?))
}

const STARTING: Duration = Duration::from_secs(30);
