//! `cargo xtask demo`: the client through cuts, freezes, kills and restarts of servers nobody here wrote.

use anyhow::Result;

use crate::{e2e, process};

/// What the demonstration is told.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long to go on breaking things, such as `30s` or `2h`; one round of each when it is left out
    #[arg(long = "for", value_name = "TIME")]
    time: Option<String>,
    /// Prints the result as JSON instead of a table
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    process::run(e2e::set_up())?;
    // Not optimised: milliseconds are what it shows, and nobody should wait minutes for a build.
    let mut demo = process::cargo(&["run", "--quiet", "--package", "everlink-e2e"]);
    demo.args(["--bin", "demo", "--"]);
    if let Some(time) = &options.time {
        demo.args(["--for", time]);
    }
    if options.json {
        demo.arg("--json");
    }
    process::run(demo)
}
