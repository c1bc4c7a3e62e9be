//! `cargo xtask fuzz`: random bytes for what reads from the network.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::steps::Steps;
use crate::tool::FUZZ;
use crate::{process, repository};

/// Which target, and for how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The target; all of them, one after the other, when it is left out
    target: Option<String>,
    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let known = targets()?;
    let chosen = match &options.target {
        Some(target) if known.contains(target) => vec![target.clone()],
        Some(target) => anyhow::bail!("no fuzz target `{target}`; there is: {}", known.join(", ")),
        None => known,
    };
    anyhow::ensure!(!chosen.is_empty(), "fuzz/fuzz_targets holds no target yet");
    chosen.iter().try_for_each(|target| process::run(command(target, options.seconds)?))
}

/// Runs every target for a moment, as one step.
pub(crate) fn smoke(steps: &mut Steps, seconds: u32) -> Result<()> {
    let again = format!("cargo xtask fuzz --seconds {seconds}");
    steps.check("fuzz", &again, || {
        let targets = targets()?;
        for target in &targets {
            process::stdout(command(target, seconds)?)
                .with_context(|| format!("target {target}"))?;
        }
        Ok(targets.is_empty().then(|| "SKIPPED fuzz: no target yet".to_owned()))
    })
}

fn targets() -> Result<Vec<String>> {
    let files = repository::files()?;
    let name = |path: &String| {
        let file = path.strip_prefix("fuzz/fuzz_targets/")?;
        file.strip_suffix(".rs").map(str::to_owned)
    };
    Ok(files.iter().filter_map(name).collect())
}

/// New inputs go to `target`; the committed ones are read, and added to by hand.
fn command(target: &str, seconds: u32) -> Result<Command> {
    let built = repository::target().join("fuzz");
    let found = built.join("corpus").join(target);
    let committed = repository::root().join("fuzz/corpus").join(target);
    fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
    let mut fuzz = process::command(FUZZ.get()?, &["fuzz", "run", "--target-dir"]);
    fuzz.arg(&built).args([target.as_ref(), found.as_os_str()]);
    if committed.exists() {
        fuzz.arg(committed);
    }
    fuzz.args(["--", &format!("-max_total_time={seconds}")]);
    // The sanitizer flags are unstable; this lets the pinned stable compiler take them.
    fuzz.env("RUSTC_BOOTSTRAP", "1");
    Ok(fuzz)
}
