//! Engine.IO, protocol 4, as both sides write it: the packets under Socket.IO, without I/O.
//!
//! A [`Packet`] is said in one WebSocket message ([`Packet::from_message`], [`Packet::into_message`]), or with
//! others in one body of HTTP long-polling ([`Packets`] reads it, [`BodyWriter`] writes it). Texts and bytes of
//! messages are slices of what was received: only base64 is copied.
//!
//! | type | text | who sends it |
//! |---|---|---|
//! | open | `0` and a [`Handshake`] | the server, first |
//! | close | `1` | either |
//! | ping | `2`, or `2probe` before an upgrade | the server; a probe the client |
//! | pong | `3`, or `3probe` | the client; the answer to a probe the server |
//! | message | `4` and a text; or a binary message, which is `b` and base64 in a body | either |
//! | upgrade | `5` | the client |
//! | noop | `6` | the server, to end a poll |
//!
//! The reading is strict: a type that is none, something behind a type that has nothing, base64 that is not
//! canonical, or a handshake without its fields is a [`PacketError`] that says where.
//!
//! # Examples
//!
//! ```
//! use everlink_wire::Message;
//! use everlink_wire::engineio::{BodyWriter, Packet, Packets};
//!
//! let packet = Packet::from_message(&Message::from("4hello"))?;
//! assert_eq!(packet, Packet::Message(Message::from("hello")));
//! assert_eq!(packet.clone().into_message(), Message::from("4hello"));
//!
//! let mut body = BodyWriter::new();
//! body.push(&packet)?;
//! body.push(&Packet::Message(Message::from(vec![1, 2, 3])))?;
//! let body = body.take();
//! assert_eq!(body, "4hello\u{1e}bAQID");
//! let packets = Packets::new(body)?.collect::<Result<Vec<_>, _>>()?;
//! assert_eq!(packets[0], packet);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod body;
mod error;
mod handshake;
mod limits;
mod packet;

pub use body::{BodyWriter, Packets};
pub use error::{PacketError, Problem, Unsayable};
pub use handshake::Handshake;
pub use limits::{HANDSHAKE_BYTES_MAX, NUMBER_MAX, PING_BYTES_MAX, SID_BYTES_MAX, UPGRADES_MAX};
pub use packet::{PROBE, PROTOCOL, Packet, SEPARATOR};
