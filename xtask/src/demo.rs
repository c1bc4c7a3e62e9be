//! `cargo xtask demo`: the client through cuts, freezes, kills and restarts of servers nobody here wrote.

use anyhow::Result;

use crate::{e2e, process};

/// What the demonstration is told.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Goes to the demonstration; `-- --help` lists what it takes
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    process::run(e2e::set_up())?;
    let mut demo = process::cargo(&["run", "--quiet", "--release", "--package", "everlink-e2e"]);
    demo.args(["--bin", "demo", "--"]).args(&options.arguments);
    process::run(demo)
}
