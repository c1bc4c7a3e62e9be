//! `cargo xtask demo`: the whole system, or the client alone with a server of others, broken on purpose.

use anyhow::Result;

use crate::{e2e, process};

/// What the demonstration is told.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long to go on breaking things, such as `30s` or `2h` [default: half a minute, or one round of
    /// each fault with --foreign]
    #[arg(long = "for", value_name = "TIME")]
    time: Option<String>,
    /// Shows the client alone, with a server that nobody here wrote
    #[arg(long)]
    foreign: bool,
    /// Prints the result as JSON instead of a table
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    // Not optimised: milliseconds are what it shows, and nobody should wait minutes for a build.
    if options.foreign {
        process::run(e2e::set_up())?;
    }
    let mut demo = process::program(if options.foreign { "demo" } else { "everlink" });
    if !options.foreign {
        demo.arg("demo");
    }
    if let Some(time) = &options.time {
        demo.args(["--for", time]);
    }
    if options.json {
        demo.arg("--json");
    }
    process::run(demo)
}
