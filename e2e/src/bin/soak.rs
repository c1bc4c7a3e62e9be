//! Kills clients and the server for as long as is wished, and accounts for every message.

use std::process::ExitCode;

fn main() -> anyhow::Result<ExitCode> {
    everlink_e2e::soak::main()
}
