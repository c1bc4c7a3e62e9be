//! A WebSocket client for tokio whose connection comes back.

pub mod outbox;
