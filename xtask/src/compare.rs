//! `cargo xtask compare`: the client of a page beside others, by one script.

use std::process::Command;

use anyhow::Result;

use crate::steps::Steps;
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
    process::run(compared(options)?)
}

/// One fault, as a step of `cargo xtask test`: it shows that the script still measures.
pub(crate) fn steps(steps: &mut Steps) -> Result<()> {
    steps.check("clients compared", "cargo xtask compare --quick", || {
        process::stdout(compared(&Options { quick: true, only: None })?).map(|_| None)
    })
}

fn compared(options: &Options) -> Result<Command> {
    web::engine()?;
    process::stdout(web::npm(&["run", "--silent", "build"]))?;
    let mut compared = package::program("test/compare")?;
    if options.quick {
        compared.arg("--quick");
    }
    if let Some(row) = options.only {
        compared.args(["--only", &row.to_string()]);
    }
    Ok(compared)
}
