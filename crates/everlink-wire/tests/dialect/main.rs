//! What the dialects say and understand.
#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]

mod chat;
mod exchange;
mod json;
mod support;
