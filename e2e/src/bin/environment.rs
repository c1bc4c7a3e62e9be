//! Puts under `target/e2e` what the foreign servers need; `cargo xtask e2e --set-up` runs it.

fn main() -> anyhow::Result<()> {
    everlink_e2e::Environment::set_up().map(drop)
}
