//! `cargo xtask package`: the packed npm package in the tools of those who use it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::steps::Steps;
use crate::{process, repository, web};

/// What is tried.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only what takes seconds: no page of a bundler, no Next
    #[arg(long)]
    quick: bool,
    /// Runs only the part with this name, as printed
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    process::run(tried(options)?)
}

/// The short form, as a step of `cargo xtask test`.
pub(crate) fn steps(steps: &mut Steps) -> Result<()> {
    steps.check("packed package", "cargo xtask package --quick", || {
        process::stdout(tried(&Options { quick: true, only: None })?).map(|_| None)
    })
}

fn tried(options: &Options) -> Result<Command> {
    web::engine()?;
    let mut tried = program("test/consumers")?;
    if options.quick {
        tried.arg("--quick");
    }
    if let Some(name) = &options.only {
        tried.args(["--only", name]);
    }
    Ok(tried)
}

/// Returns the command that runs `run.mjs` of a folder of the package, with what it needs.
pub(crate) fn program(folder: &str) -> Result<Command> {
    let folder = web::folder().join(folder);
    web::install(&folder)?;
    process::stdout(process::cargo(&["build", "--quiet", "--bin", "everlink"]))?;
    let mut node = process::command("node", &["run.mjs"]);
    node.current_dir(&folder).env("EVERLINK_BIN", everlink());
    Ok(node)
}

fn everlink() -> PathBuf {
    let name = format!("everlink{}", std::env::consts::EXE_SUFFIX);
    repository::target().join("debug").join(name)
}
