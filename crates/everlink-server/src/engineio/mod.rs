//! Engine.IO 4: sessions that are carried by a WebSocket, or by HTTP long-polling and then by a WebSocket.
//!
//! It is the transport under Socket.IO, and can be used alone. Whatever is above it sees messages, text or
//! binary, in order, and an end; the handshake, the heartbeat and the change of carriers are not visible there.
//!
//! - [`Server::engine_io`](crate::Server::engine_io) puts a [`Speech`](crate::speech::Speech) above it: the session
//!   takes part in the rooms of the server. The speech sees messages as
//!   [`Incoming::Text`](crate::speech::Incoming::Text) and [`Incoming::Binary`](crate::speech::Incoming::Binary) without the
//!   type of the packet, and answers with payloads without it; [`Payload::Ping`](crate::speech::Payload::Ping)
//!   is nothing here. How it ended is told to [`Speech::closed`](crate::speech::Speech::closed).
//! - [`Server::engine_io_handler`](crate::Server::engine_io_handler) puts a [`Handler`] of the application above it:
//!   messages in and out, without rooms and logs.
//! - JSONP (`j=`) and protocol 3 are not supported.

mod endpoint;
mod handler;
mod heartbeat;
mod link;
mod polling;
mod polls;
mod refusal;
mod reply;
mod session;
mod settings;
mod sids;
mod wanted;

pub(crate) use endpoint::{Above, router};
pub use handler::Handler;
pub use link::{Link, SendError};
pub(crate) use session::{Breach, Session};
pub use settings::EngineIo;
