//! Child processes: made for this repository, printed as one would type them.

use std::ffi::OsStr;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::repository;

/// Returns a command that runs in the root of the repository.
pub(crate) fn command(program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(repository::root());
    command
}

/// Returns a cargo command that runs in the root of the repository.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    command("cargo", arguments)
}

/// Returns the command that builds and runs a program of the workspace. It names no package: cargo then builds what
/// the program uses with the features of the whole workspace, as the tests do, and nothing is built twice.
pub(crate) fn program(name: &str) -> Command {
    cargo(&["run", "--quiet", "--bin", name, "--"])
}

/// Runs a command on this terminal and fails when it does.
pub(crate) fn run(mut command: Command) -> Result<()> {
    let shown = shown(&command);
    let status = command.status().with_context(|| format!("cannot start `{shown}`"))?;
    anyhow::ensure!(status.success(), "`{shown}` ended with {status}");
    Ok(())
}

/// Runs a command without output of its own and returns what it printed.
pub(crate) fn stdout(mut command: Command) -> Result<String> {
    let shown = shown(&command);
    let output = command.output().with_context(|| format!("cannot start `{shown}`"))?;
    let said =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat();
    anyhow::ensure!(
        output.status.success(),
        "`{shown}` ended with {}
{said}",
        output.status
    );
    String::from_utf8(output.stdout).with_context(|| format!("`{shown}` printed no UTF-8"))
}

/// Whether a program answers on this machine.
pub(crate) fn answers(program: impl AsRef<OsStr>, arguments: &[&str]) -> bool {
    command(program, arguments).output().is_ok_and(|output| output.status.success())
}

/// Returns the command as one would type it in the root of the repository.
pub(crate) fn shown(command: &Command) -> String {
    let environment = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", name.to_string_lossy(), quoted(value?))));
    let program = std::iter::once(quoted(command.get_program()));
    let arguments = command.get_args().map(quoted);
    environment.chain(program).chain(arguments).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let word = word
        .strip_prefix(&format!("{}/", repository::root().display()))
        .map_or_else(|| word.to_string(), str::to_owned);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word;
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = cargo(&["run", "--", "two words", "it's"]);
        command.env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(
            shown(&command),
            r"RUSTDOCFLAGS='-D warnings' cargo run -- 'two words' 'it'\''s'"
        );
    }

    #[test]
    fn a_path_inside_the_repository_is_shown_from_its_root() {
        let tool = repository::root().join("target/tools/bin/cargo-fuzz");
        assert_eq!(shown(&command(tool, &["list"])), "target/tools/bin/cargo-fuzz list");
    }
}
