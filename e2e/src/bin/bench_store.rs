//! Measures the server's logs beside a bare redb file that is committed in the same groups.

fn main() -> anyhow::Result<()> {
    everlink_e2e::store::main()
}
