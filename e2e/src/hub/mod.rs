//! What a server of rooms costs: memory of a connection, CPU of a delivery, publishes on disk, replay; what comes while
//! its clients are cut off again and again, how all of them return after a crash, and what the start of a client of
//! Socket.IO costs.
//!
//! Each server in a process of its own, and the load in another that is cheaper than any of them: what is
//! counted is the CPU time and the memory of the server's process. Rounds are interleaved, since the
//! machine is noisy, and a disturbance then meets all.

mod audience;
mod clients;
mod costs;
mod cuts;
mod delivery;
mod generator;
mod job;
mod kind;
mod log_load;
mod memory;
mod options;
mod outage;
mod peers;
mod raw;
mod relay;
mod report;
mod returner;
mod serve;
mod socket_io;
mod speech;
mod starts;
mod store;
mod table;

use anyhow::Result;
use clap::Parser as _;

use options::{Options, Role};

/// Runs the benchmark, or the part of it that a process of its own plays.
///
/// # Errors
///
/// When a process cannot be started, a server fails, or something takes longer than it may.
pub fn main() -> Result<()> {
    let options = Options::parse();
    match &options.role {
        None => report::run(&options),
        Some(Role::Serve(serve)) => serve::run(serve),
        Some(Role::Generate) => generator::run(),
        Some(Role::Relay) => relay::run(),
    }
}
