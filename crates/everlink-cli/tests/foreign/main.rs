//! The command against servers that nobody here wrote.
#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test picks one event of many")]

mod chaos;
mod doctor;
mod socket_io;

use std::process::Command;
use std::time::Duration;

use everlink_e2e::Program;

/// Longest wait for anything that should happen at once.
const SOON: Duration = Duration::from_secs(20);

fn everlink(arguments: &[&str]) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_everlink"));
    // The command refuses a variable of its prefix that it does not know, such as those of the tests.
    command.env_remove("E2E_NETWORK");
    Program::start(command.args(arguments).env("NO_PROXY", "*")).unwrap()
}
