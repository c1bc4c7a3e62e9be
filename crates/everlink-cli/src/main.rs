//! The `everlink` command.

mod chaos;

use clap::Parser;

/// WebSocket connections that do not break.
#[derive(Debug, Parser)]
#[command(name = "everlink", version)]
enum Command {
    /// Break connections on purpose: a TCP proxy with faults
    Chaos(chaos::ChaosArgs),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Chaos(args) => chaos::run(args).await,
    }
}
