//! The client against the servers most people use: killed, frozen, cut, and behind nginx.
#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test picks one event of many")]

mod failures;
mod idle;
mod servers;
mod socket_io;
mod socket_io_example;
mod subscriptions;
mod support;
