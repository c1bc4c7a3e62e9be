//! What the server's store costs: the time from an append to its acknowledgement on disk, and the
//! rate at which history is read, beside a bare redb file that is committed in the same groups.
//!
//! Rounds are interleaved and ratios taken round by round, since disks and machines are noisy.

mod appenders;
mod bare;
mod kind;
mod replay;
mod report;

pub(crate) use appenders::round;
pub(crate) use kind::Kind;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser as _;

/// Measures the server's store beside a bare redb file, in one run
#[derive(Debug, clap::Parser)]
#[command(name = "bench_store")]
struct Options {
    /// One short round of everything, to see that it works; its numbers mean little
    #[arg(long)]
    quick: bool,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
    /// Rounds of each measurement [default: 7, or 1 with --quick]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: Option<u32>,
    /// Length of one round of one store [default: 1000, or 50 with --quick]
    #[arg(long, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u64).range(10..=60_000))]
    round_ms: Option<u64>,
    /// Messages that are read back [default: 100000, or 2000 with --quick]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1000..=10_000_000))]
    messages: Option<u64>,
    /// Bytes of one payload
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    size: u32,
    /// The folder whose disk is measured [default: that of temporary files]
    #[arg(long)]
    folder: Option<PathBuf>,
}

impl Options {
    fn rounds(&self) -> u32 {
        self.rounds.unwrap_or(if self.quick { 1 } else { 7 })
    }

    fn round_ms(&self) -> u64 {
        self.round_ms.unwrap_or(if self.quick { 50 } else { 1000 })
    }

    fn messages(&self) -> u64 {
        self.messages.unwrap_or(if self.quick { 2000 } else { 100_000 })
    }

    fn folder(&self) -> Result<tempfile::TempDir> {
        let parent = self.folder.clone().unwrap_or_else(std::env::temp_dir);
        Ok(tempfile::Builder::new().prefix("everlink-bench-").tempdir_in(parent)?)
    }
}

/// Runs the benchmark.
///
/// # Errors
///
/// When a store cannot be used, or something takes longer than it may.
pub fn main() -> Result<()> {
    let options = Options::parse();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_time().worker_threads(2).build()?.block_on(report::run(&options))
}
