//! Measures `everlink::Client` beside a bare transport and beside clients of others.

fn main() -> anyhow::Result<()> {
    everlink_e2e::bench::main()
}
