//! Socket.IO on raw sockets, against the real server.
#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]

mod chat;
mod events;
mod namespaces;
mod polling;
mod recovery;
mod rooms;
mod support;
