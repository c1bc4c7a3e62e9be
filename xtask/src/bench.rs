//! `cargo xtask bench`: ours beside its peers, in one run, as ratios.

use std::process::Command;

use anyhow::Result;

use crate::{e2e, process, python};

/// What is measured.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    /// The client: cost of a message, of an idle connection, and the time until it is back
    Client {
        /// Goes to the benchmark; `--help` lists what it takes
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// The server's store: time from an append to its acknowledgement on disk, and the rate of replay
    Store {
        /// Goes to the benchmark; `--help` lists what it takes
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// The server: memory of a connection, cost of a delivery, publishes, replay, cuts, and a restart
    Server {
        /// Goes to the benchmark; `--help` lists what it takes
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// The Python package: messages a second and CPU a message, beside other clients for asyncio
    Python,
    /// The policy: a million simulated clients lose their server together, and want it back
    Herd {
        /// Goes to the simulation; `--help` lists what it takes
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

pub(crate) fn run(options: &Options) -> Result<()> {
    match &options.part {
        Part::Client { arguments } => {
            process::run(e2e::set_up())?;
            process::run(program("bench_client", arguments))
        }
        Part::Server { arguments } => {
            process::run(e2e::set_up())?;
            process::run(program("bench_server", arguments))
        }
        Part::Store { arguments } => process::run(program("bench_store", arguments)),
        Part::Python => python::bench(),
        Part::Herd { arguments } => process::run(program("bench_herd", arguments)),
    }
}

/// Returns the command that builds a benchmark with all optimisation, and runs it.
fn program(name: &str, arguments: &[String]) -> Command {
    let mut bench = process::cargo(&["run", "--quiet", "--release", "--package", "everlink-e2e"]);
    bench.args(["--bin", name, "--"]).args(arguments);
    bench
}
