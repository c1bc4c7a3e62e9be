//! `cargo xtask sim`: years of bad network in virtual time, and the proof that a seed is a whole test.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process;
use crate::steps::{self, Steps};

/// How much is simulated.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    steps: steps::Flags,
    /// Simulated years of connection
    #[arg(long, default_value_t = 100, value_name = "YEARS")]
    years: u32,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut steps = Steps::new(&options.steps);
    self::steps(&mut steps, options.years)?;
    steps.finish()
}

/// Runs the simulator as steps of another word.
pub(crate) fn steps(steps: &mut Steps, years: u32) -> Result<()> {
    let years = years.to_string();
    let run = ["--years", &years, "--json"];
    steps.check("simulator", &process::shown(&everlink_sim(&run)), || {
        trace_hash(&process::stdout(everlink_sim(&run))?).map(|_| None)
    })?;
    let again = process::shown(&everlink_sim(&REPEATED));
    steps.check("same seed, same trace", &again, || repeats().map(|()| None))
}

/// The run that is made twice: one seed, named, with the hash of its trace in the JSON.
const REPEATED: [&str; 5] = ["--seed", "1", "--years", "1", "--json"];

fn repeats() -> Result<()> {
    let first = trace_hash(&process::stdout(everlink_sim(&REPEATED))?)?;
    let second = trace_hash(&process::stdout(everlink_sim(&REPEATED))?)?;
    anyhow::ensure!(first == second, "seed 1 gave the trace {first}, then {second}");
    Ok(())
}

fn trace_hash(json: &str) -> Result<String> {
    let report: serde_json::Value = serde_json::from_str(json)
        .with_context(|| format!("`sim --json` printed no JSON: {json:?}"))?;
    let hash = report.get("trace_hash").with_context(|| format!("no `trace_hash` in {report}"))?;
    Ok(hash.to_string())
}

fn everlink_sim(arguments: &[&str]) -> Command {
    let mut sim = process::cargo(&["run", "--quiet", "--release", "--package", "everlink-cli"]);
    sim.args(["--", "sim"]).args(arguments);
    sim
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_without_a_hash_is_an_error() {
        assert_eq!(trace_hash(r#"{"trace_hash":"0a"}"#).unwrap(), "\"0a\"");
        assert!(trace_hash("{}").unwrap_err().to_string().contains("trace_hash"));
        assert!(trace_hash("").unwrap_err().to_string().contains("no JSON"));
    }
}
