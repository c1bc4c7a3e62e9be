//! `cargo xtask soak`: clients and server killed for as long as is wished, every message accounted for.

use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::steps::{Beside, Steps};

/// How long, and what is printed.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long things are broken; fractions are fine
    #[arg(long, value_name = "MINUTES", default_value = "10")]
    minutes: String,
    /// The number from which faults are drawn [default: by chance, and printed]
    #[arg(long, value_name = "N")]
    seed: Option<u32>,
    /// Prints the result as one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut soak = soak(&options.minutes);
    if let Some(seed) = options.seed {
        soak.args(["--seed", &seed.to_string()]);
    }
    if options.json {
        soak.arg("--json");
    }
    process::run(soak)
}

/// Starts the short form, as a step of another word: disks and time-outs set its pace, so that others run beside it.
pub(crate) fn start(steps: &mut Steps) -> Result<Beside> {
    steps.start("soak", soak(MINUTES_IN_TESTS))
}

/// Not optimised: disks and time-outs set the pace, and nobody should wait minutes for a build.
fn soak(minutes: &str) -> Command {
    let mut soak = process::program("soak");
    soak.args(["--minutes", minutes]);
    soak
}

/// Enough for each kind of fault to come several times.
const MINUTES_IN_TESTS: &str = "3";
