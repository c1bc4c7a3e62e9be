//! The client against real sockets.
#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]

mod basics;
mod chaos;
mod durable;
mod endurance;
mod exchange;
mod hooks;
mod lifecycle;
mod observing;
mod pool;
mod planned;
mod receiving;
mod sending;
mod support;
mod time;
