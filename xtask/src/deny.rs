//! `cargo xtask deny`: licences, sources and doubles of the dependencies.

use anyhow::Result;

use crate::process;
use crate::tool::DENY;

/// What is checked beyond licences, bans and sources.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Also checks the advisory database, which is fetched from the network
    #[arg(long)]
    advisories: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut deny = process::command(DENY.get()?, &["deny", "--all-features", "check"]);
    deny.args(["licenses", "bans", "sources"]);
    if options.advisories {
        deny.arg("advisories");
    }
    process::run(deny)
}
