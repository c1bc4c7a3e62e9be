//! The client against the servers most people use: killed, frozen, cut, and behind nginx.
#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]

mod failures;
mod idle;
mod servers;
mod subscriptions;
mod support;
