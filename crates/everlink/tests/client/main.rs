//! The client against real sockets.
#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]

mod basics;
mod endurance;
mod exchange;
mod hooks;
mod lifecycle;
mod observing;
mod receiving;
mod sending;
mod support;
