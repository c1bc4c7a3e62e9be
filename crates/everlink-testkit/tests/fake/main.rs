//! The fake servers against a small client of its own: real sockets, the codec of `everlink-wire`.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod chat;
mod client;
mod commands;
mod knobs;
mod limits;
mod requests;
mod streams;
