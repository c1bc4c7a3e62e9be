//! What CI does, one word locally.
fn main() {}
