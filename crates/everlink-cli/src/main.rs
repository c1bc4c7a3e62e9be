//! The `everlink` command.
fn main() {}
