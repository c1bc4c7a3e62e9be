//! `cargo xtask demo`: the whole system with its page, or the client alone with a server of others, broken on purpose.

use anyhow::Result;

use crate::{e2e, page, process};

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
    /// Builds no page, and shows none
    #[arg(long)]
    no_page: bool,
    /// Goes on serving the page afterwards, until Ctrl-C
    #[arg(long, conflicts_with = "foreign")]
    stay: bool,
    /// Opens no browser; the page's address is printed either way
    #[arg(long)]
    no_browser: bool,
    /// Prints the result as JSON instead of a table
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    // Not optimised: milliseconds are what it shows, and nobody should wait minutes for a build.
    if options.foreign {
        process::run(e2e::set_up())?;
    } else if !options.no_page {
        // The demonstration is whole without its page.
        if let Err(error) = page::build() {
            eprintln!("the page is left out: {error:#}");
        }
    }
    let mut demo = process::program(if options.foreign { "demo" } else { "everlink" });
    if !options.foreign {
        demo.arg("demo");
    }
    if let Some(time) = &options.time {
        demo.args(["--for", time]);
    }
    let flags = [("--stay", options.stay), ("--no-browser", options.no_browser)];
    demo.args(flags.iter().filter(|(_, on)| *on && !options.foreign).map(|(flag, _)| flag));
    if options.json {
        demo.arg("--json");
    }
    process::run(demo)
}
