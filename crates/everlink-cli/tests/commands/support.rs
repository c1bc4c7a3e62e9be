//! The command, with settings that give tests no long waits.

use std::process::Command;
use std::time::Duration;

use everlink_e2e::Program;

/// Longest wait for anything that should happen at once.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// `everlink` with these arguments, and nothing of the environment that could change its settings.
pub(crate) fn everlink(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_everlink"));
    command.args(arguments);
    for (name, _) in std::env::vars() {
        if name.starts_with("EVERLINK_") || name.ends_with("_PROXY") || name.ends_with("_proxy") {
            command.env_remove(name);
        }
    }
    command
}

/// Starts `everlink connect --json` that comes back at once, where the arguments say nothing else.
pub(crate) fn connect(arguments: &[&str]) -> Program {
    let mut command = everlink(&["connect", "--json"]);
    for (option, value) in QUICK {
        if !arguments.contains(&option) {
            command.args([option, value]);
        }
    }
    Program::start(command.args(arguments)).unwrap()
}

const QUICK: [(&str, &str); 7] = [
    ("--backoff-min", "10ms"),
    ("--backoff-max", "100ms"),
    ("--backoff-floor", "10ms"),
    ("--jitter", "none"),
    ("--return-window", "0s"),
    ("--dials-per-minute", "none"),
    ("--stable-after", "0s"),
];

/// Returns what the program said on standard error.
pub(crate) fn complaints(program: &Program) -> String {
    let lines = program.lines().into_iter().filter(|line| line.is_error);
    lines.map(|line| line.text).collect::<Vec<_>>().join("\n")
}
