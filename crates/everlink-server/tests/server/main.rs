//! The server over real sockets, spoken to by a client that knows nothing but the wire.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure is a failed test")]

mod attach;
mod drain;
mod hooks;
mod limits;
mod plain;
mod publish;
mod restart;
mod rooms;
mod silence;
mod support;
mod upgrade;
mod wrong;
