//! The WebSocket codec through its public API.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod cancel;
mod deflate;
mod framing;
mod hand;
mod limits;
mod round_trip;
mod text;
