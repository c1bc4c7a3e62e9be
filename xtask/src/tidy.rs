//! `cargo xtask tidy`: what would be said twice in review, as checks.
//!
//! Each check has a file of its own, returns its complaints as text, and has a test that shows it can fail.

use anyhow::Result;

use crate::steps::{self, Steps};

mod arrows;
mod artefacts;
mod changelog;
mod commands;
mod engine;
mod environment;
mod length;
mod links;
mod manifests;
mod proofs;
mod source;
mod words;

use source::Tree;

/// How the checks are shown.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    steps: steps::Flags,
}

/// A check: its name, and what finds complaints.
type Check = (&'static str, fn(&Tree) -> Result<Vec<String>>);

const CHECKS: [Check; 11] = [
    ("arrows between crates", arrows::check),
    ("manifests", manifests::check),
    ("a pure engine", engine::check),
    ("a test for each requirement", proofs::check),
    ("commands in documents", commands::check),
    ("settings in documents", environment::check),
    ("links in documents", links::check),
    ("changelog", changelog::check),
    ("length of files", length::check),
    ("words", words::check),
    ("nothing made by machine", artefacts::check),
];

pub(crate) fn run(options: &Options) -> Result<()> {
    let tree = Tree::read()?;
    let mut options = options.steps.clone();
    options.keep_going = true;
    let mut steps = Steps::new(&options);
    for (name, check) in CHECKS {
        let again = format!("cargo xtask tidy --only '{name}'");
        steps.check(name, &again, || judge(check(&tree)?).map(|()| None))?;
    }
    steps.finish()
}

/// Runs all checks as one, for a word that has more to do.
pub(crate) fn check_all() -> Result<()> {
    let tree = Tree::read()?;
    let mut complaints = Vec::new();
    for (_, check) in CHECKS {
        complaints.extend(check(&tree)?);
    }
    judge(complaints)
}

fn judge(complaints: Vec<String>) -> Result<()> {
    anyhow::ensure!(complaints.is_empty(), "{}", complaints.join("\n"));
    Ok(())
}
