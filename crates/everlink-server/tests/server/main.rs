//! The server over real sockets, spoken to by a client that knows nothing but the wire.

mod attach;
mod drain;
mod hooks;
mod limits;
mod plain;
mod publish;
mod restart;
mod rooms;
mod silence;
mod support;
mod upgrade;
mod wrong;
