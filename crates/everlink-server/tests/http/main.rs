//! Everything HTTP of the server, and its endpoints of plain JSON, over real sockets.

mod auth;
mod described;
mod health;
mod messages;
mod plain;
mod responders;
mod rooms;
mod status;
mod support;
