//! Engine.IO 4, through its public API.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod packets;
mod properties;
mod vectors;
