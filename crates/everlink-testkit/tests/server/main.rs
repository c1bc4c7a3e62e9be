//! The scripted server against a small client of its own: real sockets, the codec of `everlink-wire`.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod client;
mod life;
mod messages;
mod misbehaviour;
mod opening;
