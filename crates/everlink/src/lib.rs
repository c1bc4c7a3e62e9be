//! A WebSocket client for tokio whose connection comes back.

pub mod config;
pub mod outbox;
