//! WebSocket (RFC 6455) with permessage-deflate (RFC 7692), for clients and servers, without I/O.
//!
//! The driver moves bytes, the codec knows what they mean:
//!
//! - [`Decoder`]: read into [`Decoder::read_buffer`], then call [`Decoder::next_item`] until it
//!   returns `Ok(None)`. All state sits in the decoder, so a read that is cancelled loses nothing.
//! - [`Encoder`]: appends any number of frames to a buffer of the driver, which then writes once.
//! - [`DeflateConfig`] negotiates compression as a pure function of header values.
//! - [`accept_key`] and [`handshake_key`] are the two values of the opening handshake.
//!
//! # Examples
//!
//! ```
//! use bytes::BytesMut;
//! use everlink_wire::ws::{Decoder, Encoder, Item, Limits, Role};
//!
//! let mut seed = 1_u32; // real clients draw unpredictable keys, see `Encoder::client`
//! let mut client = Encoder::client(move || {
//!     seed = seed.wrapping_mul(0x9E37_79B9).wrapping_add(1);
//!     seed.to_ne_bytes()
//! });
//! let mut wire = BytesMut::new();
//! client.text(&mut wire, "hello");
//! client.binary(&mut wire, b"world");
//!
//! let mut server = Decoder::new(Role::Server, Limits::default());
//! server.read_buffer().extend_from_slice(&wire);
//! let Some(Item::Text(text)) = server.next_item()? else { panic!("expected a text") };
//! assert_eq!(text.as_str(), "hello");
//! assert!(matches!(server.next_item()?, Some(Item::Binary(_))));
//! assert_eq!(server.next_item()?, None);
//! # Ok::<(), everlink_wire::ws::WsError>(())
//! ```

mod assembly;
mod buffer;
mod close;
mod decoder;
mod deflate;
mod encoder;
mod error;
mod handshake;
mod header;
mod item;
mod limits;
mod mask;
mod text;
mod utf8;

pub use close::{Close, close_code_is_valid};
pub use decoder::Decoder;
pub use deflate::{
    DeflateBuilder, DeflateConfig, DeflateConfigError, DeflateParams, ExtensionError,
};
pub use encoder::{EncodeError, Encoder, server_binary_frame, server_text_frame};
pub use error::WsError;
pub use handshake::{accept_key, handshake_key};
pub use item::Item;
pub use limits::{
    CLOSE_REASON_MAX, CONTROL_PAYLOAD_MAX, EMPTY_FRAGMENTS_MAX, Limits, MESSAGE_MAX, Role,
};
pub use text::{Text, TextError};
