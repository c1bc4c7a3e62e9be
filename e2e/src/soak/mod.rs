//! A long run in which everything is killed: publishers, subscribers, the server and the links between.
//!
//! Clients are processes of their own with a durable outbox or a durable store of cursors. What was taken
//! and what was handled stands in files that survive their writers, and is judged from these alone.

mod breaker;
mod client;
mod fault;
mod judge;
mod lines;
mod numbers;
mod options;
mod party;
mod publisher;
mod report;
mod run;
mod screen;
mod server;
mod subscriber;
mod worker;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

use options::{Options, Role};

/// Runs the soak, or the client that a process of its own plays.
///
/// # Errors
///
/// When the server or a process cannot be started, or a file cannot be used.
pub fn main() -> Result<ExitCode> {
    let options = Options::parse();
    match options.role {
        Some(Role::Publisher(seat)) => worker::run(|stop| publisher::run(seat, stop)),
        Some(Role::Subscriber(seat)) => worker::run(|stop| subscriber::run(seat, stop)),
        None => soak(&options),
    }
}

/// One thread only: the system ends our processes when the thread that started them ends.
fn soak(options: &Options) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::select! {
            report = run::run(options) => report::conclude(&report?, options.json),
            interrupted = interrupted() => {
                interrupted?;
                eprintln!("\ninterrupted; processes and files are gone");
                Ok(ExitCode::from(130))
            }
        }
    })
}

async fn interrupted() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}
