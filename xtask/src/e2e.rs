//! `cargo xtask e2e`: the servers of others under `target/e2e`, and the tests that use them.

use std::process::Command;

use anyhow::Result;

use crate::steps::{self, Steps};
use crate::tool::NEXTEST;
use crate::{process, web};

/// How the steps are shown, and which tests.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    steps: steps::Flags,
    /// Only sets up the servers, and runs no test
    #[arg(long)]
    set_up: bool,
    /// Goes to `cargo nextest run`, such as a part of a test's name
    #[arg(last = true)]
    nextest: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if options.set_up {
        return process::run(set_up());
    }
    let network = network()?;
    let mut steps = Steps::new(&options.steps);
    // One of the clients is our package for JavaScript.
    steps.check("web engine", "cargo xtask web", || web::engine().map(|()| None))?;
    steps.command("foreign servers", set_up())?;
    steps.check("network faults", "e2e/netns/faults.sh check", || Ok(network.skipped()))?;
    let mut tests =
        process::command(NEXTEST.get()?, &["nextest", "run", "--package", "everlink-e2e"]);
    network.demand(&mut tests);
    tests.args(&options.nextest);
    steps.command("tests", tests)?;
    steps.finish()
}

/// Returns the command that makes `target/e2e` ready; the second time it finds all in place.
pub(crate) fn set_up() -> Command {
    process::program("environment")
}

/// Whether tests can have network namespaces of their own here.
#[derive(Debug)]
pub(crate) struct Network {
    missing: Option<String>,
}

/// Finds out whether network namespaces can be made here, fetching their tools when that needs only root.
pub(crate) fn network() -> Result<Network> {
    let output = process::command("e2e/netns/faults.sh", &["check"]).output()?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok(Network { missing: (!output.status.success()).then_some(said) })
}

impl Network {
    /// Returns the line that must be seen when the network's faults are not tested.
    pub(crate) fn skipped(&self) -> Option<String> {
        self.missing.as_ref().map(|reason| format!("SKIPPED network faults: {reason}"))
    }

    /// Lets no test of the network's faults pass by skipping where they can run.
    pub(crate) fn demand(&self, tests: &mut Command) {
        if self.missing.is_none() {
            tests.env("E2E_NETWORK", "required");
        }
    }
}
