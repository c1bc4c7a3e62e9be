//! Our package for JavaScript, as one file that Node can load.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::{run, sources};

/// Bundles the package's sources into `folder`; returns the file.
pub(super) fn bundle(folder: &Path) -> Result<PathBuf> {
    let package = sources().with_file_name("packages").join("web");
    let rolldown = package.join("node_modules/.bin/rolldown");
    let engine = package.join("src/engine/generated/.stamp");
    for needed in [&rolldown, &engine] {
        anyhow::ensure!(needed.exists(), "{} is missing: run `cargo xtask web`", needed.display());
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let lock = File::create(folder.join("lock")).context("cannot make target/e2e/web/lock")?;
    lock.lock().context("cannot lock target/e2e/web/lock")?;
    let file = folder.join("everlink.mjs");
    let mut bundle = Command::new(rolldown);
    // Less than a second: not worth finding out whether the sources have changed.
    bundle.args(["src/index.ts", "--format", "esm", "--file"]).arg(&file).current_dir(package);
    run(&mut bundle)?;
    Ok(file)
}
