//! The dial against real sockets on loopback: servers that misbehave, proxies, certificates.
//!
//! Where only a deadline is waited for, time is paused: tokio then jumps to the next timer as soon
//! as no socket has news, so that the real defaults are tested without waiting.

#![expect(clippy::unwrap_used, reason = "a helper that fails, fails its test")]

mod deadlines;
mod network;
mod proxy;
mod secrets;
mod support;
mod tls;
mod upgrade;
