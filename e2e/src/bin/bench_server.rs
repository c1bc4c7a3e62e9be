//! Measures the Everlink server beside others.

fn main() -> anyhow::Result<()> {
    everlink_e2e::hub::main()
}
