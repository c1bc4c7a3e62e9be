//! `cargo xtask page`: the page that `everlink serve` serves, built into `target/web/page`.

use std::path::PathBuf;

use anyhow::Result;

use crate::{process, repository, web};

pub(crate) fn run() -> Result<()> {
    build()?;
    println!("built {}; the next build of the command holds it", folder().display());
    Ok(())
}

/// Builds the page: with the engine in WebAssembly, and in plain JavaScript.
pub(crate) fn build() -> Result<()> {
    anyhow::ensure!(
        process::answers("npm", &["--version"]),
        "npm does not answer; the page is built with Node 20 or newer"
    );
    web::engine()?;
    for mode in ["production", "js"] {
        let vite = ["exec", "--", "vite", "build", "--config", "page/vite.config.ts"];
        let mut build = web::npm(&[&vite[..], &["--mode", mode, "--logLevel", "warn"]].concat());
        build.env("EVERLINK_PAGE_OUT", folder());
        process::stdout(build)?;
    }
    Ok(())
}

/// Where the command's build script looks for it.
fn folder() -> PathBuf {
    repository::target().join("web/page")
}
