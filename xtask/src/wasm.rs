//! `cargo xtask wasm`: the engine builds for a web page, and without a standard library.

use anyhow::Result;

use crate::process;

/// The page's target, and one whose compiler has no `std` to offer: a crate that builds for it uses none.
const TARGETS: [&str; 2] = ["wasm32-unknown-unknown", "wasm32v1-none"];

pub(crate) fn run() -> Result<()> {
    for target in TARGETS {
        ensure(target)?;
        let build = ["build", "--quiet", "--package", "everlink-engine", "--target", target];
        process::stdout(process::cargo(&build))?;
    }
    Ok(())
}

/// Adds a target to the toolchain, unless it is there.
pub(crate) fn ensure(target: &str) -> Result<()> {
    let installed =
        process::stdout(process::command("rustup", &["target", "list", "--installed"]))?;
    if installed.lines().any(|line| line == target) {
        return Ok(());
    }
    println!("        rustup target add {target}");
    process::stdout(process::command("rustup", &["target", "add", target])).map(drop)
}
