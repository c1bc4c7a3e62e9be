//! The clients that lose their server.

use std::process::Command;

use anyhow::Result;

use super::kind::{ServerKind, generator};
use crate::bench::Process;
use crate::environment::Environment;

/// Who comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ClientKind {
    /// The client of Everlink, with its defaults
    Everlink,
    /// A loop that dials again a second after each loss
    Loop,
    /// npm's `socket.io-client`
    SocketIo,
    /// npm's `reconnecting-websocket`
    ReconnectingWebsocket,
    /// npm's `partysocket`
    Partysocket,
    /// Python's `websockets`
    Websockets,
}

impl ClientKind {
    pub(super) const ALL: [Self; 6] = [
        Self::Everlink,
        Self::Loop,
        Self::SocketIo,
        Self::ReconnectingWebsocket,
        Self::Partysocket,
        Self::Websockets,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Everlink => "everlink",
            Self::Loop => "plain loop, 1 s",
            Self::SocketIo => "socket.io-client",
            Self::ReconnectingWebsocket => "reconnecting-websocket",
            Self::Partysocket => "partysocket",
            Self::Websockets => "websockets",
        }
    }

    /// The server that such clients usually have.
    pub(super) const fn server(self) -> ServerKind {
        match self {
            Self::Everlink => ServerKind::Everlink,
            Self::Loop => ServerKind::AxumBatched,
            Self::SocketIo => ServerKind::SocketIo,
            Self::ReconnectingWebsocket | Self::Partysocket => ServerKind::Ws,
            Self::Websockets => ServerKind::Websockets,
        }
    }

    /// How many of them one process of theirs and this machine bear.
    pub(super) fn most(self, clients: u32) -> u32 {
        match self {
            Self::Websockets => clients.min(2_000),
            Self::Everlink
            | Self::Loop
            | Self::SocketIo
            | Self::ReconnectingWebsocket
            | Self::Partysocket => clients,
        }
    }

    /// Starts the process that they live in.
    pub(super) fn start(self) -> Result<Process> {
        let node = |library: &str| -> Result<Command> {
            let mut command = Environment::set_up()?.node("bench_clients.js");
            command.arg(library);
            Ok(command)
        };
        let mut command = match self {
            Self::Everlink | Self::Loop => return generator(),
            Self::SocketIo => node("socket.io-client")?,
            Self::ReconnectingWebsocket => node("reconnecting-websocket")?,
            Self::Partysocket => node("partysocket")?,
            Self::Websockets => Environment::set_up()?.python("bench_clients.py"),
        };
        Process::spawn(self.name(), &mut command)
    }
}
