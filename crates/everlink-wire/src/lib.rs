//! Codecs between bytes and Everlink's typed frames, sans-IO.
//!
//! - [`ws`] is the WebSocket protocol itself: bytes to messages and back, for both roles.
//! - [`v1`] is `everlink.v1`: frames of both sides in such messages, in JSON and in CBOR.
//! - [`socketio`] is Socket.IO 5: packets of namespaces, events, acknowledgements and attachments.
//! - [`engineio`] is Engine.IO 4: the packets under Socket.IO, in WebSocket messages and in bodies of HTTP.
//! - [`Codec`] says and understands the frames of a dialect in such messages.

mod dialect;
pub mod engineio;
mod message;
pub mod socketio;
pub mod v1;
pub mod ws;

pub use dialect::{
    CHANNEL_NAME_BYTES_MAX, CHANNEL_NAMES_MAX, ChannelError, Channels, Codec, DecodeError, Encoded,
    RefusedPayload,
};
pub use message::Message;
