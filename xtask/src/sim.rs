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
    // Many short lives see more beginnings and ends than a few long ones.
    let seeds = (years * SEEDS_A_YEAR).to_string();
    let run = ["--seeds", &seeds, "--years", YEARS_A_SEED, "--json"];
    steps.check("simulator", &process::shown(&everlink_sim(&run)), || {
        let report = report(&process::stdout(everlink_sim(&run))?)?;
        println!("        {}", figures(&report)?);
        Ok(None)
    })?;
    let again = process::shown(&everlink_sim(&REPEATED));
    steps.check("same seed, same trace", &again, || repeats().map(|()| None))
}

/// Seeds for each year, and how long each of them lives.
const SEEDS_A_YEAR: u32 = 10;
const YEARS_A_SEED: &str = "0.1";

/// The run that is made twice: a few seeds, with the hash of their traces in the JSON.
const REPEATED: [&str; 5] = ["--seeds", "8", "--years", "0.02", "--json"];

fn repeats() -> Result<()> {
    let first = trace_hash(&process::stdout(everlink_sim(&REPEATED))?)?;
    let second = trace_hash(&process::stdout(everlink_sim(&REPEATED))?)?;
    anyhow::ensure!(first == second, "the same seeds gave the trace {first}, then {second}");
    Ok(())
}

/// Returns what a run has seen, in one line for the log.
fn figures(report: &serde_json::Value) -> Result<String> {
    let figure = |key: &str| report.get(key).with_context(|| format!("no `{key}` in {report}"));
    Ok(format!(
        "{} connection-years, {} cuts, {} messages, {} violations, faults {}",
        figure("connection_years")?,
        figure("cuts")?,
        figure("messages")?,
        figure("violations")?,
        figure("faults")?,
    ))
}

/// Reads the last line that `sim --json` printed.
fn report(printed: &str) -> Result<serde_json::Value> {
    let last = printed.lines().next_back().unwrap_or_default();
    serde_json::from_str(last).with_context(|| format!("`sim --json` printed no JSON: {last:?}"))
}

fn trace_hash(printed: &str) -> Result<String> {
    let report = report(printed)?;
    let hash = report.get("trace_hash").with_context(|| format!("no `trace_hash` in {report}"))?;
    Ok(hash.to_string())
}

/// In the profile of the tests: engine and simulator are optimised there too, their assertions are on, and nobody
/// waits for a second build of everything.
fn everlink_sim(arguments: &[&str]) -> Command {
    let mut sim = process::program("everlink");
    sim.arg("sim").args(arguments);
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
