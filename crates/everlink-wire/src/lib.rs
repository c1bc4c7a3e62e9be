//! Codecs between bytes and Everlink's typed frames, sans-IO.
//!
//! - [`ws`] is the WebSocket protocol itself: bytes to messages and back, for both roles.
//! - [`Codec`] says and understands the frames of a dialect in such messages.

mod dialect;
mod message;
pub mod ws;

pub use dialect::{
    CHANNEL_NAME_BYTES_MAX, CHANNEL_NAMES_MAX, ChannelError, Channels, Codec, DecodeError, Encoded,
    RefusedPayload,
};
pub use message::Message;
