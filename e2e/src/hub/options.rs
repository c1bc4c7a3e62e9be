//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use super::clients::ClientKind;
use super::kind::ServerKind;

/// Measures the Everlink server beside others, in one run
#[derive(Debug, clap::Parser)]
#[command(name = "bench_server")]
pub(super) struct Options {
    /// One short round of everything, to see that it works; its numbers mean little
    #[arg(long)]
    pub(super) quick: bool,
    /// Print JSON instead of tables
    #[arg(long)]
    pub(super) json: bool,
    /// Rounds of each measurement [default: 5, or 1 with --quick]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: Option<u32>,
    /// Idle connections of one server [default: 10000, or 200 with --quick]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=15_000))]
    idle: Option<u32>,
    /// Subscribers of the room [default: 1000, or 50 with --quick]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    subscribers: Option<u32>,
    /// Messages of one round of deliveries [default: 100, or 20 with --quick]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    messages: Option<u32>,
    /// Length of one round of publishes [default: 2000, or 100 with --quick]
    #[arg(long, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u64).range(10..=60_000))]
    publish_ms: Option<u64>,
    /// Messages of the history that is read [default: 100000, or 5000 with --quick]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    history: Option<u64>,
    /// Clients that lose their server [default: 5000, or 100 with --quick]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=9_000))]
    herd: Option<u32>,
    /// Starts of a client of Socket.IO [default: 20, or 2 with --quick]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    starts: Option<u32>,
    /// The folder whose disk is measured [default: that of temporary files]
    #[arg(long)]
    folder: Option<PathBuf>,
    /// How long connections are left alone before their memory is looked at [default: 8000, or 3000 with --quick]
    #[arg(long, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u64).range(100..=60_000))]
    settle_ms: Option<u64>,
    /// Only these servers
    #[arg(long, value_delimiter = ',')]
    servers: Vec<ServerKind>,
    /// Only these clients, of those that come back
    #[arg(long, value_delimiter = ',')]
    clients: Vec<ClientKind>,
    /// Only these parts
    #[arg(long, value_delimiter = ',')]
    part: Vec<Part>,
    #[command(subcommand)]
    pub(super) role: Option<Role>,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Part {
    /// CPU time of a delivery in a room
    Delivery,
    /// Memory of an idle connection
    Memory,
    /// Time from a publish to its acknowledgement, on disk
    Publish,
    /// Rate at which one client gets a long history
    Replay,
    /// Delivery while each client is cut off again and again
    Cuts,
    /// Return of all clients after a crash of the server
    Outage,
    /// TCP connections of the start of a client of Socket.IO
    Start,
}

/// A process of the benchmark.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Role {
    /// Serves until standard input ends
    #[command(hide = true)]
    Serve(Serve),
    /// Makes the load that is asked for on standard input
    #[command(hide = true)]
    Generate,
    /// Holds cables between clients and a server
    #[command(hide = true)]
    Relay,
}

/// What a server is started with.
#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    pub(super) kind: ServerKind,
    #[arg(long, default_value_t = 0)]
    pub(super) port: u16,
    #[arg(long)]
    pub(super) store: Option<PathBuf>,
    #[arg(long, requires = "key")]
    pub(super) certificate: Option<PathBuf>,
    #[arg(long, requires = "certificate")]
    pub(super) key: Option<PathBuf>,
}

/// How clients are cut off, all in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cuts {
    pub(super) every_ms: u64,
    pub(super) gone_ms: u64,
    pub(super) millis: u64,
    /// How long it is published after the last cut.
    pub(super) after_ms: u64,
    pub(super) publish_every_ms: u64,
}

impl Options {
    pub(super) fn rounds(&self) -> u32 {
        self.rounds.unwrap_or(if self.quick { 1 } else { 5 })
    }

    pub(super) fn idle(&self) -> u32 {
        self.idle.unwrap_or(if self.quick { 200 } else { 10_000 })
    }

    pub(super) fn subscribers(&self) -> u32 {
        self.subscribers.unwrap_or(if self.quick { 50 } else { 1_000 })
    }

    pub(super) fn messages(&self) -> u32 {
        self.messages.unwrap_or(if self.quick { 20 } else { 100 })
    }

    pub(super) fn publish_ms(&self) -> u64 {
        self.publish_ms.unwrap_or(if self.quick { 100 } else { 2_000 })
    }

    pub(super) fn history(&self) -> u64 {
        self.history.unwrap_or(if self.quick { 5_000 } else { 100_000 })
    }

    pub(super) fn herd(&self) -> u32 {
        self.herd.unwrap_or(if self.quick { 100 } else { 5_000 })
    }

    pub(super) fn starts(&self) -> u32 {
        self.starts.unwrap_or(if self.quick { 2 } else { 20 })
    }

    /// How long the server is gone.
    pub(super) fn outage(&self) -> Duration {
        Duration::from_secs(if self.quick { 1 } else { 10 })
    }

    pub(super) fn folder(&self) -> Result<tempfile::TempDir> {
        let parent = self.folder.clone().unwrap_or_else(std::env::temp_dir);
        Ok(tempfile::Builder::new().prefix("everlink-bench-").tempdir_in(parent)?)
    }

    /// How long connections are left alone before memory is looked at: longer than a server takes to
    /// notice that they are idle.
    pub(super) fn settle_ms(&self) -> u64 {
        self.settle_ms.unwrap_or(if self.quick { 3_000 } else { 8_000 })
    }

    pub(super) const fn cuts(&self) -> Cuts {
        let (every_ms, gone_ms, millis) =
            if self.quick { (1_500, 200, 3_000) } else { (15_000, 2_000, 75_000) };
        let (after_ms, publish_every_ms) = (gone_ms + 500, 200);
        Cuts { every_ms, gone_ms, millis, after_ms, publish_every_ms }
    }

    pub(super) fn measures(&self, part: Part) -> bool {
        self.part.is_empty() || self.part.contains(&part)
    }

    pub(super) fn servers(&self) -> Vec<ServerKind> {
        let wanted = |kind: &ServerKind| self.servers.is_empty() || self.servers.contains(kind);
        ServerKind::ALL.into_iter().filter(wanted).collect()
    }

    pub(super) fn returns(&self, kind: ClientKind) -> bool {
        self.clients.is_empty() || self.clients.contains(&kind)
    }
}
