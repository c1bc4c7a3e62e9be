//! The client against real sockets.
#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for some events only")]

mod basics;
mod chaos;
mod closing;
mod compression;
mod dialects;
mod durable;
mod endurance;
mod exchange;
mod feed;
mod hooks;
mod lifecycle;
mod monkey;
mod observing;
mod planned;
mod pool;
mod receiving;
mod sending;
mod socketio;
mod support;
mod time;
