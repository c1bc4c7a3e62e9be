//! `cargo xtask test`: every check and every test, the cheap ones first.

use std::process::Command;

use anyhow::Result;

use crate::steps::{self, Steps};
use crate::tool::NEXTEST;
use crate::{
    browser, compare, conformance, e2e, fuzz, package, process, python, sim, soak, tidy, wasm, web,
};

/// Which steps, and how they are shown.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    steps: steps::Flags,
    /// Seconds of random bytes for each fuzz target
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    fuzz_seconds: u32,
    /// Simulated years of connection
    #[arg(long, default_value_t = 100, value_name = "YEARS")]
    sim_years: u32,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut steps = Steps::new(&options.steps);
    lints(&mut steps)?;
    browser::page_step(&mut steps)?;
    tests(&mut steps)?;
    steps.check("wasm", "cargo xtask wasm", || wasm::run().map(|()| None))?;
    web::steps(&mut steps)?;
    browser::steps(&mut steps)?;
    package::steps(&mut steps)?;
    compare::steps(&mut steps)?;
    python::steps(&mut steps)?;
    let soak = soak::start(&mut steps)?;
    sim::steps(&mut steps, options.sim_years)?;
    steps.join(soak)?;
    fuzz::smoke(&mut steps, options.fuzz_seconds)?;
    steps.finish()
}

fn lints(steps: &mut Steps) -> Result<()> {
    steps.command("format", process::cargo(&["fmt", "--all", "--check"]))?;
    steps.command("clippy", clippy())?;
    steps.check("tidy", "cargo xtask tidy", || tidy::check_all().map(|()| None))?;
    steps.command("documents", rustdoc())
}

fn tests(steps: &mut Steps) -> Result<()> {
    let network = e2e::network()?;
    steps.command("foreign servers", e2e::set_up())?;
    steps.check("network faults", "cargo xtask e2e", || Ok(network.skipped()))?;
    steps.command("tests", nextest(&network)?)?;
    steps.command("doc tests", process::cargo(&["test", "--workspace", "--doc"]))?;
    conformance::steps(steps, &network)
}

fn clippy() -> Command {
    process::cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
}

fn rustdoc() -> Command {
    let mut doc = process::cargo(&["doc", "--workspace", "--no-deps", "--document-private-items"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    doc
}

fn nextest(network: &e2e::Network) -> Result<Command> {
    let mut nextest = process::command(NEXTEST.get()?, &["nextest", "run", "--workspace"]);
    network.demand(&mut nextest);
    Ok(nextest)
}
