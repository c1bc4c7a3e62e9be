//! `cargo xtask conformance`: Autobahn, the public suite of WebSocket, against our server and our client.

use std::process::Command;

use anyhow::Result;

use crate::steps::{self, Steps};
use crate::{e2e, process};

/// Which cases, and how the steps are shown.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    steps: steps::Flags,
    /// Only sections 1 to 10, 12.1 and 13.1, as in CI: a minute instead of fifteen
    #[arg(long)]
    short: bool,
    /// Cases, such as `6.4.*`; all 517 when none is given
    #[arg(conflicts_with = "short", value_name = "CASE")]
    cases: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut steps = Steps::new(&options.steps);
    steps.command("programs", build())?;
    let cases: Vec<&str> = options.cases.iter().map(String::as_str).collect();
    let (cases, expected) = match (options.short, cases.is_empty()) {
        (true, _) => (SHORT.to_vec(), SHORT_CASES),
        (false, true) => (cases, ALL_CASES),
        (false, false) => (cases, 1),
    };
    steps.command("autobahn", autobahn(&cases, expected))?;
    steps.finish()
}

/// The cases of CI, as steps of `cargo xtask test`.
pub(crate) fn steps(steps: &mut Steps, network: &e2e::Network) -> Result<()> {
    if let Some(skipped) = network.skipped() {
        return steps.check("autobahn", "cargo xtask conformance --short", || Ok(Some(skipped)));
    }
    steps.command("conformance programs", build())?;
    steps.command("autobahn", autobahn(&SHORT, SHORT_CASES))
}

fn build() -> Command {
    process::cargo(&["build", "--quiet", "--bins", "--examples"])
}

fn autobahn(cases: &[&str], expected: u32) -> Command {
    let mut autobahn = process::command("e2e/autobahn/both.sh", &["target/e2e/autobahn"]);
    autobahn.args(cases).env("AUTOBAHN_EXPECT", expected.to_string());
    autobahn
}

const ALL_CASES: u32 = 517;
const SHORT: [&str; 11] =
    ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*", "12.1.*", "13.1.*"];
const SHORT_CASES: u32 = 337;
