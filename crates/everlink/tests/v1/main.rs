//! The client of `everlink.v1`: against the server itself, behind a proxy that breaks connections,
//! and against a peer that says what the test wants.
#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected must fail")]

mod channels;
mod credentials;
mod durable;
mod publishing;
mod resuming;
mod slow;
mod support;
mod wrong;
