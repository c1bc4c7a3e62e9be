//! The command line.

use super::job::ClientKind;

/// Measures Everlink beside a bare transport and beside clients of others, in one run
#[derive(Debug, clap::Parser)]
#[command(name = "bench_client")]
pub(super) struct Options {
    /// One short round of everything, to see that it works; its numbers mean little
    #[arg(long)]
    pub(super) quick: bool,
    /// Print JSON instead of tables
    #[arg(long)]
    pub(super) json: bool,
    /// Rounds of each measurement [default: 7, or 1 with --quick]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(super) rounds: Option<u32>,
    /// Length of one round of one client [default: 300, or 40 with --quick]
    #[arg(long, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u64).range(10..=10_000))]
    pub(super) round_ms: Option<u64>,
    /// Idle clients in one process [default: 5000, or 200 with --quick]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=15_000))]
    pub(super) idle: Option<u32>,
    /// Only these clients; the bare transport is always measured
    #[arg(long, value_delimiter = ',')]
    pub(super) clients: Vec<ClientKind>,
    /// Only these parts
    #[arg(long, value_delimiter = ',')]
    pub(super) parts: Vec<Part>,
    #[command(subcommand)]
    pub(super) role: Option<Role>,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Part {
    /// Cost of a message
    Messages,
    /// Time from a cut until the connection is restored
    Restore,
    /// Memory of an idle client
    Memory,
}

/// A process of the benchmark.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Role {
    /// Serves until standard input ends
    #[command(hide = true)]
    Server,
    /// Does the jobs that come on standard input
    #[command(hide = true)]
    Worker {
        /// Which client
        client: ClientKind,
    },
}

impl Options {
    pub(super) fn rounds(&self) -> u32 {
        self.rounds.unwrap_or(if self.quick { 1 } else { 7 })
    }

    pub(super) fn round_ms(&self) -> u64 {
        self.round_ms.unwrap_or(if self.quick { 40 } else { 300 })
    }

    pub(super) fn idle(&self) -> u32 {
        self.idle.unwrap_or(if self.quick { 200 } else { 5_000 })
    }

    /// Cuts in one round of one client.
    pub(super) fn cuts(&self) -> u32 {
        if self.quick { 20 } else { 200 }
    }

    /// How long clients are left alone before their memory is looked at: longer than they take to
    /// notice that they are idle.
    pub(super) fn settle_ms(&self) -> u64 {
        if self.quick { 200 } else { 8_000 }
    }

    pub(super) fn measures(&self, part: Part) -> bool {
        self.parts.is_empty() || self.parts.contains(&part)
    }

    /// Returns the clients, the bare transport first: all others are compared with it.
    pub(super) fn clients(&self) -> Vec<ClientKind> {
        let wanted = |kind: &ClientKind| {
            *kind == ClientKind::Bare || self.clients.is_empty() || self.clients.contains(kind)
        };
        ClientKind::ALL.into_iter().filter(wanted).collect()
    }
}
