//! `cargo xtask web`: the engine as a page loads it, the tables that TypeScript has in common with Rust, and the
//! traces that it is held to.
//!
//! What is made lies in `packages/web/src/engine/generated` and `target/web`; a second run compares a stamp of
//! everything that it is made from, and does nothing.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::steps::Steps;
use crate::{process, repository, wasm};

/// What the package in `packages/web` is made from.
const SOURCES: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    "crates/everlink-engine/Cargo.toml",
    "crates/everlink-engine/src/",
    "crates/everlink-wasm/",
    "packages/web/build/",
    "packages/web/package-lock.json",
    "xtask/src/web.rs",
];

const TARGET: &str = "wasm32-unknown-unknown";

/// Builds what is missing or older than its sources, and measures it.
pub(crate) fn run() -> Result<()> {
    build()?;
    install(&react_18())?;
    process::run(npm(&["run", "--silent", "size"]))
}

/// The steps of this package in `cargo xtask test`.
pub(crate) fn steps(steps: &mut Steps) -> Result<()> {
    steps.check("web engine", "cargo xtask web", || build().map(|()| None))?;
    steps.command("web sizes", npm(&["run", "--silent", "size"]))?;
    steps.command("web types and lints", npm(&["run", "--silent", "check"]))?;
    steps.command("web tests", npm(&["test", "--silent"]))?;
    steps.check("react 18 here", "cargo xtask web", || install(&react_18()).map(|()| None))?;
    steps.command("react 18", npm(&["run", "--silent", "react-18"]))
}

/// Builds what is missing or older than its sources: the engine, and the traces that tests hold it to.
fn build() -> Result<()> {
    engine()?;
    unless_made(&traces().with_extension("stamp"), "target/web", || example("traces", &traces()))
}

/// Builds what a page needs of the engine, where it is missing or older than its sources.
pub(crate) fn engine() -> Result<()> {
    install(&folder())?;
    let generated = folder().join("src/engine/generated");
    unless_made(&generated.join(".stamp"), "packages/web/src/engine/generated", || {
        let compiled = compile()?;
        let mut make = node("build/engine.mjs");
        make.args([compiled.as_path(), generated.as_path()]);
        process::stdout(make)?;
        example("tables", &generated)
    })
}

/// Makes something, unless a stamp says that it was made from the same sources.
fn unless_made(stamped: &Path, what: &str, make: impl FnOnce() -> Result<()>) -> Result<()> {
    let stamp = stamp()?;
    if fs::read_to_string(stamped).is_ok_and(|before| before == stamp) {
        return Ok(());
    }
    println!("        making {what}");
    fs::create_dir_all(stamped.parent().context("a stamp without a folder")?)?;
    make()?;
    fs::write(stamped, stamp).context("cannot write the stamp")
}

/// Compiles the engine; returns where it lies.
fn compile() -> Result<PathBuf> {
    wasm::ensure(TARGET)?;
    let mut build = process::cargo(&["rustc", "--quiet", "--package", "everlink-wasm", "--lib"]);
    build.args(["--crate-type", "cdylib", "--profile", "wasm", "--target", TARGET]);
    // 64 KiB of stack instead of a megabyte: the engine does not recurse.
    build.args(["--", "-C", "link-arg=-zstack-size=65536"]);
    process::stdout(build)?;
    Ok(repository::target().join(TARGET).join("wasm/everlink_wasm.wasm"))
}

/// Runs an example of the crate, which writes to a path.
fn example(name: &str, path: &Path) -> Result<()> {
    // With its package alone, so that its engine has the features of the page's and no others.
    let mut run = process::cargo(&["run", "--quiet", "--package", "everlink-wasm"]);
    run.args(["--example", name, "--"]);
    run.arg(path);
    process::stdout(run).map(drop)
}

/// Installs the npm packages of a folder's lock file, unless they are there.
pub(crate) fn install(folder: &Path) -> Result<()> {
    let (lock, done) = (folder.join("package-lock.json"), folder.join("node_modules/.everlink"));
    let shown = folder.strip_prefix(repository::root()).unwrap_or(folder).display().to_string();
    let wanted = fs::read_to_string(&lock)
        .with_context(|| format!("{shown}/package-lock.json is missing"))?;
    if fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("        npm ci: the packages of {shown}/package-lock.json into its node_modules");
    let mut install = npm(&["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    install.current_dir(folder);
    process::stdout(install)?;
    fs::write(done, wanted).context("cannot write into node_modules")
}

fn stamp() -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for path in repository::files()? {
        if SOURCES.iter().any(|source| path.starts_with(source)) {
            path.hash(&mut hasher);
            fs::read(repository::root().join(&path))?.hash(&mut hasher);
        }
    }
    Ok(format!("{:016x}\n", hasher.finish()))
}

/// The folder of the package.
pub(crate) fn folder() -> PathBuf {
    repository::root().join("packages/web")
}

/// Where the oldest React is that the package says it works with.
fn react_18() -> PathBuf {
    folder().join("test/react-18")
}

fn traces() -> PathBuf {
    repository::target().join("web/traces.jsonl")
}

fn node(script: &str) -> Command {
    let mut node = process::command("node", &[script]);
    node.current_dir(folder());
    node
}

/// Returns a command of npm in the folder of the package.
pub(crate) fn npm(arguments: &[&str]) -> Command {
    let mut npm = process::command("npm", arguments);
    npm.current_dir(folder()).env("EVERLINK_TRACES", traces());
    npm
}
