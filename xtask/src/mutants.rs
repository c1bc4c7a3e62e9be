//! `cargo xtask mutants`: breaks the engine in small ways; a break that no test notices needs a reason.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result};

use crate::tool::MUTANTS;
use crate::{process, repository};

/// Which part of the breaks.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Goes to `cargo mutants`, such as `--shard 1/8` or `--file '*/backoff.rs'`
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Each of more than a thousand breaks is built and tested: an engine that is optimised takes longer
/// to build than it saves.
const QUICK: &str = "--cargo-arg=--config=profile.dev.package.everlink-engine.opt-level=0";

/// The model of every interleaving takes longer than all other tests, and notices nothing that they
/// do not.
const SLOW: &str = "exhaustive";

/// Breaks that may survive, each with its reason.
const EXPLAINED: &str = "xtask/mutants-explained.txt";

pub(crate) fn run(options: &Options) -> Result<()> {
    let output = repository::target().join("mutants");
    fs::create_dir_all(&output)?;
    // The engine's own tests are enough, and building the simulator for each break takes long.
    let mut mutants =
        process::command(MUTANTS.get()?, &["mutants", "--package", "everlink-engine"]);
    mutants.args(["--test-package", "everlink-engine", "--no-shuffle", "--output"]);
    mutants.arg(&output).arg(QUICK).args(&options.arguments).args(["--", "--", "--skip", SLOW]);
    let shown = process::shown(&mutants);
    println!("{shown}");
    // It ends with 2 when a break was missed, and with 3 when one made the tests hang, which is
    // noticed too; whether what was missed is explained is judged here.
    let status = mutants.status().with_context(|| format!("cannot start `{shown}`"))?;
    anyhow::ensure!(matches!(status.code(), Some(0 | 2 | 3)), "`{shown}` ended with {status}");
    let list = |name: &str| fs::read_to_string(output.join("mutants.out").join(name));
    let caught = list("caught.txt")? + &list("timeout.txt")?;
    let explained = fs::read_to_string(repository::root().join(EXPLAINED))?;
    judge(&list("missed.txt")?, &caught, &explained)
}

fn judge(missed: &str, caught: &str, explained: &str) -> Result<()> {
    let explained = parse(explained)?;
    let unexplained =
        missed.lines().filter(|line| !explained.contains_key(without_position(line).as_str()));
    let stale =
        caught.lines().filter(|line| explained.contains_key(without_position(line).as_str()));
    let mut complaints: Vec<String> =
        unexplained.map(|line| format!("no test notices: {line}")).collect();
    complaints.extend(stale.map(|line| format!("caught, so take it off {EXPLAINED}: {line}")));
    anyhow::ensure!(complaints.is_empty(), "{}", complaints.join("\n"));
    anyhow::ensure!(
        !missed.is_empty() || !caught.is_empty(),
        "no break could be tried; see target/mutants/mutants.out/log"
    );
    println!(
        "{} breaks caught, {} missed and explained",
        caught.lines().count(),
        missed.lines().count()
    );
    Ok(())
}

/// Reads lines of the form `file: break # reason`; a position would move with every edit.
fn parse(list: &str) -> Result<BTreeMap<&str, &str>> {
    let entries = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    entries
        .map(|line| {
            let entry = line.split_once(" # ").filter(|(_, reason)| !reason.trim().is_empty());
            entry.with_context(|| format!("{EXPLAINED}: no ` # reason` in {line:?}"))
        })
        .collect()
}

/// Turns `src/a.rs:3:9: replace f` into `src/a.rs: replace f`.
fn without_position(line: &str) -> String {
    let mut parts = line.splitn(4, ':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(file), Some(_), Some(_), Some(text)) => format!("{file}:{text}"),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# why\n\nsrc/a.rs: replace f -> u8 with 0 # never reached\n";

    #[test]
    fn a_missed_break_without_a_reason_fails() {
        let missed = "src/a.rs:3:9: replace f -> u8 with 0\nsrc/a.rs:4:1: replace g with ()\n";
        let error = judge(missed, "", LIST).unwrap_err().to_string();
        assert_eq!(error, "no test notices: src/a.rs:4:1: replace g with ()");
    }

    #[test]
    fn a_reason_for_a_break_that_is_caught_fails() {
        let error =
            judge("", "src/a.rs:3:9: replace f -> u8 with 0", LIST).unwrap_err().to_string();
        assert!(error.contains("take it off"), "{error}");
    }

    #[test]
    fn a_run_that_tried_nothing_is_no_proof() {
        assert!(judge("", "", LIST).unwrap_err().to_string().contains("no break could be tried"));
    }

    #[test]
    fn a_line_without_a_reason_fails() {
        assert!(judge("x", "", "src/a.rs: replace f with ()").is_err());
        assert!(judge("src/a.rs:3:9: replace f -> u8 with 0", "", LIST).is_ok());
    }
}
