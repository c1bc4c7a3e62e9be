//! Engine.IO over real sockets, spoken to by a client that knows nothing but HTTP and WebSocket.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure is a failed test")]

mod ending;
mod heartbeat;
mod polling;
mod requests;
mod rooms;
mod support;
mod upgrade;
mod websocket;
