//! `cargo xtask browser`: pages in a real Chromium, with the built server, through the proxy that breaks connections.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::steps::{self, Steps};
use crate::{page, process, web};

/// How the steps are shown, and which tests.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    steps: steps::Flags,
    /// Runs the long ones too: hundreds of reconnects in one page
    #[arg(long)]
    all: bool,
    /// Goes to vitest, such as a part of a file's name, or `-t` and a part of a test's
    #[arg(last = true)]
    vitest: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut steps = Steps::new(&options.steps);
    page_step(&mut steps)?;
    add(&mut steps, tests(options.all, &options.vitest))?;
    steps.finish()
}

/// Builds the page before the command is built, which takes it in.
pub(crate) fn page_step(steps: &mut Steps) -> Result<()> {
    steps.check("page", "cargo xtask page", || page::build().map(|()| None))
}

/// The steps of `cargo xtask test`.
pub(crate) fn steps(steps: &mut Steps) -> Result<()> {
    add(steps, tests(false, &[]))
}

fn add(steps: &mut Steps, tests: Command) -> Result<()> {
    let mut missing = None;
    steps.check("chromium", "cargo xtask browser", || {
        missing = chromium()?;
        Ok(missing.as_ref().map(|why| format!("SKIPPED browser: {why}")))
    })?;
    if missing.is_some() {
        return Ok(());
    }
    // Without a package, so that it is built with the features of the whole workspace, as the tests are.
    steps.command("command", process::cargo(&["build", "--quiet", "--bin", "everlink"]))?;
    steps.command("browser", tests)
}

fn tests(all: bool, arguments: &[String]) -> Command {
    let mut tests = web::npm(&["run", "--silent", "browser", "--"]);
    tests.args(arguments);
    if all {
        tests.env("EVERLINK_BROWSER", "all");
    }
    tests
}

/// Sees to it that there is a Chromium. Returns why there is none where this user may not install one.
///
/// # Errors
///
/// When root cannot install it: where it can be had, it must be there.
fn chromium() -> Result<Option<String>> {
    if std::env::var_os("EVERLINK_CHROMIUM").is_some()
        || PROGRAMS.iter().any(|program| process::answers(program, &["--version"]))
    {
        return Ok(None);
    }
    let is_root = process::stdout(process::command("id", &["-u"]))?.trim() == "0";
    if !is_root || !process::answers("apt-get", &["--version"]) {
        let names = PROGRAMS.join(", ");
        return Ok(Some(format!(
            "no {names} is on the path; `apt-get install -y chromium` as root"
        )));
    }
    println!("        apt-get install -y chromium: the browser that the tests of pages drive");
    process::stdout(process::command("apt-get", &["update", "-qq"]))?;
    let mut install = process::command(
        "apt-get",
        &["install", "-y", "-qq", "--no-install-recommends", "chromium"],
    );
    install.env("DEBIAN_FRONTEND", "noninteractive");
    process::stdout(install).context("cannot install Chromium")?;
    Ok(None)
}

/// As in `packages/web/test/browser/support/chromium.ts`.
const PROGRAMS: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
