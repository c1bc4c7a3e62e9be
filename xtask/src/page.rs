//! `cargo xtask page`: the page that `everlink serve` serves, built into `target/web/page`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{process, repository};

pub(crate) fn run() -> Result<()> {
    build()?;
    println!("built {}; the next build of the command holds it", folder().display());
    Ok(())
}

/// Builds the page.
pub(crate) fn build() -> Result<()> {
    anyhow::ensure!(
        process::answers("npm", &["--version"]),
        "npm does not answer; the page is built with Node 20 or newer"
    );
    packages()?;
    let mut build =
        npx(&["vite", "build", "--config", "page/vite.config.ts", "--logLevel", "warn"]);
    build.env("EVERLINK_PAGE_OUT", folder());
    process::run(build)
}

/// Fetches what the lock file names, unless it is there.
fn packages() -> Result<()> {
    if root().join("node_modules/.bin/vite").exists() {
        return Ok(());
    }
    println!("        npm ci (packages/web)");
    let mut install = Command::new("npm");
    install.args(["ci", "--no-audit", "--no-fund", "--loglevel", "error"]).current_dir(root());
    process::run(install).context("the packages of the page cannot be fetched")
}

fn npx(arguments: &[&str]) -> Command {
    let mut command = Command::new("npx");
    command.arg("--no-install").args(arguments).current_dir(root());
    command
}

fn root() -> PathBuf {
    repository::root().join("packages/web")
}

/// Where the command's build script looks for it.
fn folder() -> PathBuf {
    repository::target().join("web/page")
}
