//! What a client costs: CPU of a message, time until it is back, memory while it is idle.
//!
//! One echo server for all, each client in a process of its own, so that CPU time and memory are
//! its own. Rounds are interleaved, and ratios are taken round by round: the machine is noisy, and a
//! disturbance then meets both sides.

mod child;
mod figures;
mod idle;
mod job;
mod measure;
mod options;
mod peer;
mod plan;
mod report;
mod server;
mod socket;
mod table;
mod usage;
mod worker;

use anyhow::Result;
use clap::Parser as _;

use options::{Options, Role};

// What other benchmarks measure and report with.
pub(crate) use child::{Process, end_with_parent};
pub(crate) use figures::{median, quantile};
pub(crate) use report::{Machine, machine};
pub(crate) use socket::Socket;
pub(crate) use usage::{cpu_ns, raise_open_files};

/// Runs the benchmark, or the part of it that a process of its own plays.
///
/// # Errors
///
/// When a process cannot be started, a client fails, or something takes longer than it may.
pub fn main() -> Result<()> {
    let options = Options::parse();
    match &options.role {
        None => report::run(&options),
        Some(Role::Server) => server::run(),
        Some(Role::Worker { client }) => worker::run(*client),
    }
}
