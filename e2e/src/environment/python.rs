//! A virtual environment with the pinned packages of `e2e/servers/requirements.txt`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::{Stamp, run, sources};

/// Makes the virtual environment in `folder` unless it is there.
pub(super) fn set_up(folder: &Path) -> Result<()> {
    let requirements = sources().join("servers/requirements.txt");
    let pins = fs::read_to_string(&requirements).context("e2e/servers/requirements.txt")?;
    let version = run(Command::new("python3").arg("--version")).context("python3 is needed")?;
    let stamp = Stamp::new(folder, version + &pins);
    if stamp.is_current() {
        return Ok(());
    }
    eprintln!("target/e2e: making a Python environment with the pinned packages");
    if folder.exists() {
        fs::remove_dir_all(folder).context("an old Python environment cannot be removed")?;
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(folder))
        .context("python3 -m venv (on Debian: the package python3-venv)")?;
    let mut install = Command::new(interpreter(folder));
    install.args(["-m", "pip", "install", "--quiet", "--require-hashes", "--requirement"]);
    run(install.arg(requirements).env("PIP_DISABLE_PIP_VERSION_CHECK", "1"))?;
    stamp.write()
}

pub(super) fn interpreter(folder: &Path) -> PathBuf {
    folder.join("bin/python")
}
