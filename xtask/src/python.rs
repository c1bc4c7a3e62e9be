//! `cargo xtask python`: the wheel, in an environment that has nothing else, and everything that is said of it.
//!
//! What is made lies in `target/python`. The wheel of the tests is built without much optimising, as all tests
//! are; `cargo xtask bench python` builds the one that is given to others.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::steps::{self, Steps};
use crate::{process, repository};

/// How the steps are shown.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    steps: steps::Flags,
    /// Goes to pytest, such as `-k` and a part of a test's name
    #[arg(last = true)]
    pytest: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut steps = Steps::new(&options.steps);
    all(&mut steps, &options.pytest)?;
    steps.finish()
}

/// The steps of this package in `cargo xtask test`.
pub(crate) fn steps(steps: &mut Steps) -> Result<()> {
    all(steps, &[])
}

fn all(steps: &mut Steps, pytest: &[String]) -> Result<()> {
    let tools = Environment::new("tools", "requirements.txt");
    steps.check("python wheel", "cargo xtask python", || {
        tools.set_up()?;
        let wheel = tools.wheel("dev")?;
        tools.install(&wheel)?;
        clean(&wheel).map(|()| None)
    })?;
    let mut mypy = tools.command("mypy");
    mypy.args(["python", "tools", "tests", "../../examples/python"]);
    steps.command("python types", mypy)?;
    let mut pyright = tools.command("pyright");
    pyright.arg("--pythonpath").arg(tools.program("python")).args(["python", "tools"]);
    pyright.arg("../../examples/python");
    steps.command("python types again", pyright)?;
    steps.check("everlink for python", "cargo build --bin everlink", || {
        process::stdout(process::cargo(&["build", "--quiet", "--bin", "everlink"])).map(|_| None)
    })?;
    let mut tests = tools.command("python");
    tests.args(["-B", "-m", "pytest", "-p", "no:cacheprovider"]).args(pytest);
    tests.env("EVERLINK_BIN", repository::target().join("debug/everlink"));
    steps.command("python tests", tests)
}

/// Measures the package beside other clients, with one sender for all, and prints a table.
pub(crate) fn bench() -> Result<()> {
    let peers = Environment::new("bench", "requirements-bench.txt");
    let tools = Environment::new("tools", "requirements.txt");
    tools.set_up()?;
    peers.set_up()?;
    peers.install(&tools.wheel("release")?)?;
    let sender =
        ["build", "--quiet", "--release", "--package", "everlink-e2e", "--bin", "bench_client"];
    process::run(process::cargo(&sender))?;
    let mut measure = peers.command("python");
    measure.arg("-B").arg(repository::root().join("e2e/servers/bench_python.py"));
    measure.arg(repository::target().join("release/bench_client"));
    process::run(measure)
}

/// A virtual environment under `target/python`.
#[derive(Debug)]
pub(crate) struct Environment {
    folder: PathBuf,
    requirements: PathBuf,
}

impl Environment {
    pub(crate) fn new(name: &str, requirements: &str) -> Self {
        Self { folder: made().join(name), requirements: package().join(requirements) }
    }

    /// Installs what is wanted, unless it is there.
    pub(crate) fn set_up(&self) -> Result<()> {
        let wanted = fs::read_to_string(&self.requirements)
            .with_context(|| format!("{} is missing", self.requirements.display()))?;
        let stamp = self.folder.join("installed");
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(());
        }
        let shown = self.folder.strip_prefix(repository::root()).unwrap_or(&self.folder);
        println!("        pip install: the packages for Python into {}", shown.display());
        venv(&self.folder)?;
        let mut install = self.pip();
        install.arg("--requirement").arg(&self.requirements);
        process::stdout(install)?;
        fs::write(stamp, wanted).context("cannot write into target/python")
    }

    /// Builds the wheel by a profile of cargo, and returns where it lies.
    pub(crate) fn wheel(&self, profile: &str) -> Result<PathBuf> {
        let out = made().join(profile);
        if out.exists() {
            fs::remove_dir_all(&out).context("cannot remove the wheel of before")?;
        }
        let mut build = self.command("maturin");
        build.args(["build", "--quiet", "--profile", profile, "--out"]).arg(&out);
        process::stdout(build)?;
        let mut files = fs::read_dir(&out).context("maturin has made nothing")?;
        let wheel = files.next().context("maturin has made no wheel")??;
        Ok(wheel.path())
    }

    /// Installs a wheel in the place of the one before.
    pub(crate) fn install(&self, wheel: &Path) -> Result<()> {
        let mut install = self.pip();
        install.args(["--force-reinstall", "--no-deps"]).arg(wheel);
        process::stdout(install).map(drop)
    }

    /// Returns a command of the environment, in the folder of the package.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = process::command(self.program(name), &[]);
        command.current_dir(package()).env_remove("PYTHONPATH");
        // Tools look for the others of their environment.
        command.env("VIRTUAL_ENV", &self.folder);
        command
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    fn pip(&self) -> Command {
        let mut pip = self.command("python");
        pip.args(["-m", "pip", "--disable-pip-version-check", "--quiet", "install"]);
        pip
    }
}

/// Installs the wheel where there is nothing else, and asks the package who it is.
fn clean(wheel: &Path) -> Result<()> {
    let environment = Environment { folder: made().join("clean"), requirements: PathBuf::new() };
    venv(&environment.folder)?;
    environment.install(wheel)?;
    let mut ask = environment.command("python");
    ask.args(["-I", "-c", "import everlink; print(everlink.__version__)"]);
    let version = process::stdout(ask)?;
    anyhow::ensure!(version.trim() == env!("CARGO_PKG_VERSION"), "the package says {version}");
    Ok(())
}

fn venv(folder: &Path) -> Result<()> {
    let mut make = process::command("python3", &["-m", "venv", "--clear"]);
    make.arg(folder);
    process::stdout(make).map(drop)
}

fn package() -> PathBuf {
    repository::root().join("packages/python")
}

fn made() -> PathBuf {
    repository::target().join("python")
}
