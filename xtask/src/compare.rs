//! `cargo xtask compare`: the client of a page beside others, by one script.

use anyhow::Result;

use crate::{package, process, web};

/// What is measured.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Sizes and one fault only, in seconds instead of minutes
    #[arg(long)]
    quick: bool,
    /// Only this row of docs/faults.txt
    #[arg(long, value_name = "ROW")]
    only: Option<u32>,
}

/// Prints the table of `docs/comparison.md`.
pub(crate) fn run(options: &Options) -> Result<()> {
    web::engine()?;
    process::stdout(web::npm(&["run", "--silent", "build"]))?;
    let mut compared = package::program("test/compare")?;
    if options.quick {
        compared.arg("--quick");
    }
    if let Some(row) = options.only {
        compared.args(["--only", &row.to_string()]);
    }
    process::run(compared)
}
