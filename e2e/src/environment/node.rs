//! The pinned packages of `e2e/node/package-lock.json`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::{Stamp, run, sources};

/// Installs the packages into `folder` unless they are there.
pub(super) fn set_up(folder: &Path) -> Result<()> {
    let pins = fs::read_to_string(sources().join("node/package-lock.json"))
        .context("e2e/node/package-lock.json")?;
    let stamp = Stamp::new(folder, pins);
    if stamp.is_current() {
        return Ok(());
    }
    eprintln!("target/e2e: installing the pinned npm packages");
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(sources().join("node").join(file), folder.join(file)).context(file)?;
    }
    let mut install = Command::new("npm");
    install.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(folder);
    run(&mut install).context("npm is needed")?;
    stamp.write()
}
