//! Tools of others: found on this machine, or fetched into `target/tools` in one line.

use std::path::PathBuf;

use anyhow::Result;

use crate::{process, repository};

/// A cargo tool at the version this project was checked with.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
}

pub(crate) const NEXTEST: Tool = Tool { name: "cargo-nextest", version: "0.9.151" };
pub(crate) const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };
pub(crate) const FUZZ: Tool = Tool { name: "cargo-fuzz", version: "0.13.2" };
pub(crate) const MUTANTS: Tool = Tool { name: "cargo-mutants", version: "27.1.0" };

impl Tool {
    /// Returns the program, after installing it when this machine does not have it.
    pub(crate) fn get(&self) -> Result<PathBuf> {
        let own = repository::target().join("tools/bin").join(self.name);
        for program in [PathBuf::from(self.name), own.clone()] {
            if process::answers(&program, &[self.word(), "--version"]) {
                return Ok(program);
            }
        }
        self.install()?;
        Ok(own)
    }

    /// Without optimising, which takes a third of the time: these programs mostly wait for others.
    fn install(&self) -> Result<()> {
        let root = repository::target().join("tools");
        println!(
            "        {} is missing here: installing {} into target/tools",
            self.name, self.version
        );
        let mut install = process::cargo(&["install", "--quiet", "--locked", "--debug", self.name]);
        install.args(["--version", self.version, "--root"]).arg(&root);
        // The tools are built beside the workspace, so that one `target` holds all there is to delete.
        install.env("CARGO_TARGET_DIR", root.join("build"));
        process::stdout(install).map(drop)
    }

    /// What cargo passes as the first argument: `cargo fuzz` runs `cargo-fuzz fuzz`.
    pub(crate) fn word(&self) -> &'static str {
        self.name.trim_start_matches("cargo-")
    }
}
