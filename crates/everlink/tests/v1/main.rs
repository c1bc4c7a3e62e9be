//! The client of `everlink.v1`: against the server itself, behind a proxy that breaks connections,
//! and against a peer that says what the test wants.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test that meets the unexpected must fail, and it looks at a few events of many"
)]

mod channels;
mod credentials;
mod durable;
mod elsewhere;
mod example;
mod publishing;
mod resuming;
mod slow;
mod support;
mod wrong;
