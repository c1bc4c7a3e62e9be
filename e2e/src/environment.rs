//! What the foreign servers need, put under `target/e2e` once.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

mod nginx;
mod node;
mod python;
mod web;

/// The programs and packages under `target/e2e`, all of them in place.
#[derive(Clone, Debug)]
pub struct Environment {
    root: PathBuf,
    nginx: PathBuf,
}

impl Environment {
    /// Puts in place what is missing, saying so on standard error in one line each.
    ///
    /// A second call, from this process or from another at the same time, finds all in place. A file lock keeps
    /// parallel tests from setting up twice.
    ///
    /// # Errors
    ///
    /// When a package cannot be fetched, or `python3`, `node` or `npm` is not on this machine.
    pub fn set_up() -> Result<Self> {
        let root = target().join("e2e");
        fs::create_dir_all(&root).with_context(|| format!("cannot make {}", root.display()))?;
        let lock = File::create(root.join("lock")).context("cannot make target/e2e/lock")?;
        lock.lock().context("cannot lock target/e2e/lock")?;
        python::set_up(&root.join("python"))?;
        node::set_up(&root.join("node"))?;
        let nginx = nginx::set_up(&root.join("nginx"))?;
        Ok(Self { root, nginx })
    }

    /// Returns a command that runs a script of `e2e/servers` with the packages it is pinned to.
    #[must_use]
    pub fn python(&self, script: &str) -> Command {
        let mut command = Command::new(python::interpreter(&self.root.join("python")));
        // `-B`: a cache beside the scripts would lie in the source tree.
        command.arg("-B").arg(sources().join("servers").join(script));
        command
    }

    /// Returns a command that runs a script of `e2e/node` with the packages it is pinned to.
    #[must_use]
    pub fn node(&self, script: &str) -> Command {
        self.node_script(&sources().join("node").join(script))
    }

    fn node_script(&self, script: &Path) -> Command {
        let mut command = Command::new("node");
        command.arg(script);
        command.env("NODE_PATH", self.root.join("node/node_modules"));
        command
    }

    /// Returns a command that runs a script of `examples/socket-io` with the same packages.
    #[must_use]
    pub fn node_example(&self, script: &str) -> Command {
        self.node_script(&sources().with_file_name("examples").join("socket-io").join(script))
    }

    /// Returns the `everlink` command, after building what has changed in it. Variables of the tests are
    /// taken from its environment: it refuses those of its prefix that it does not know.
    ///
    /// # Errors
    ///
    /// When it cannot be built.
    pub fn everlink(&self) -> Result<Command> {
        everlink()
    }

    /// Returns our package for JavaScript as one file, made from its sources when they have changed.
    ///
    /// # Errors
    ///
    /// When the engine that it holds is not there; `cargo xtask web` makes it.
    pub fn web_package(&self) -> Result<PathBuf> {
        web::bundle(&self.root.join("web"))
    }

    /// Returns the nginx program.
    #[must_use]
    pub fn nginx(&self) -> Command {
        Command::new(&self.nginx)
    }

    /// Returns a folder for what running servers write, made when it is missing.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn logs(&self) -> Result<PathBuf> {
        let logs = self.root.join("logs");
        fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
        Ok(logs)
    }
}

/// Returns the `everlink` command as [`Environment::everlink`] does, for what needs no server of others.
pub(crate) fn everlink() -> Result<Command> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    // Without a package, so that it is built with the features of the whole workspace, as the tests are.
    build.args(["build", "--quiet", "--bin", "everlink"]).current_dir(sources().join(".."));
    run(&mut build)?;
    let mut everlink = Command::new(target().join("debug/everlink"));
    let names = std::env::vars_os().map(|(name, _)| name);
    let ours = names.filter(|name| name.to_string_lossy().starts_with("EVERLINK_"));
    ours.for_each(|name| {
        everlink.env_remove(name);
    });
    Ok(everlink)
}

/// Returns the folder `e2e` of the repository.
pub(crate) fn sources() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| sources().with_file_name("target"), PathBuf::from)
}

/// Runs a command to its end and fails with what it printed.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    anyhow::ensure!(
        output.status.success(),
        "{command:?} ended with {}\n{said}{errors}",
        output.status
    );
    Ok(said)
}

/// A note of what was installed, so that a change of the pins installs again.
#[derive(Debug)]
pub(crate) struct Stamp {
    path: PathBuf,
    wanted: String,
}

impl Stamp {
    pub(crate) fn new(folder: &Path, wanted: String) -> Self {
        Self { path: folder.join("stamp"), wanted }
    }

    pub(crate) fn is_current(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|found| found == self.wanted)
    }

    pub(crate) fn write(&self) -> Result<()> {
        let path = self.path.display();
        fs::write(&self.path, &self.wanted).with_context(|| format!("cannot write {path}"))
    }
}
