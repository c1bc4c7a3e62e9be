//! The server's session, through its public interface alone.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test that meets the unexpected must fail, and it looks at a few outputs of many"
)]

mod bench;
mod crowd;
mod greeting;
mod leaving;
mod liveness;
mod model;
mod origin;
mod properties;
mod publishing;
mod reading;
mod table;
