//! Simulates a million clients that lose their server together, and want it back.

fn main() -> anyhow::Result<()> {
    everlink_e2e::herd::main()
}
