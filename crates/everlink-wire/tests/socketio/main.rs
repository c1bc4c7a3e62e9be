//! Packets of Socket.IO: the committed vectors, bounds, and properties.
#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]

mod args;
mod bounds;
mod properties;
mod vectors;
