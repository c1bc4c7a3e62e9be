//! Puts under `target/e2e` what the foreign servers need; `cargo xtask e2e --set-up` runs it.

fn main() -> anyhow::Result<()> {
    // The command is built here, so that no test waits for it.
    everlink_e2e::Environment::set_up()?.everlink().map(drop)
}
