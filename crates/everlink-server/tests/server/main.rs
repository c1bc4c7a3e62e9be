//! The server over real sockets, spoken to by a client that knows nothing but the wire.

mod attach;
mod drain;
mod hooks;
mod limits;
mod publish;
mod rooms;
mod silence;
mod support;
mod upgrade;
mod wrong;
