//! nginx: the machine's own, or Debian's package unpacked without installing it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::run;

/// Returns an nginx that runs, after unpacking one into `folder` when this machine has none.
pub(super) fn set_up(folder: &Path) -> Result<PathBuf> {
    let unpacked = folder.join("usr/sbin/nginx");
    let places = [PathBuf::from("nginx"), PathBuf::from("/usr/sbin/nginx"), unpacked.clone()];
    if let Some(found) = places.into_iter().find(|place| runs(place)) {
        return Ok(found);
    }
    eprintln!("target/e2e: unpacking Debian's nginx (it is not installed)");
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    unpack(folder)
        .context("nginx is needed: install it, or run where `apt-get download nginx` works")?;
    anyhow::ensure!(runs(&unpacked), "{} does not run; install nginx", unpacked.display());
    Ok(unpacked)
}

fn runs(nginx: &Path) -> bool {
    Command::new(nginx).arg("-v").output().is_ok_and(|output| output.status.success())
}

fn unpack(folder: &Path) -> Result<()> {
    if download(folder).is_err() {
        // A fresh machine has no list of packages yet; fetching it takes root.
        run(Command::new("apt-get").args(["-q", "update"]))?;
        download(folder)?;
    }
    let is_package = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "deb");
    let mut entries = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let package = entries.find(is_package).context("apt-get download left no package")?;
    run(Command::new("dpkg").arg("-x").arg(package).arg(folder)).map(drop)
}

fn download(folder: &Path) -> Result<()> {
    run(Command::new("apt-get").args(["-q", "download", "nginx"]).current_dir(folder)).map(drop)
}
