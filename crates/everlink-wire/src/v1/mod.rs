//! `everlink.v1`: the frames of a client and a server that cooperate, in two encodings.
//!
//! [`Encoding::Json`] puts a frame into a text message, [`Encoding::Cbor`] into a binary one. Both
//! come from one table (the module `frames`), from which the documentation is printed too
//! ([`frame_tables`]). Names are borrowed from the message and payloads share its memory; a payload
//! is never parsed in order to be said in the other encoding.
//!
//! What is wrong is told by a [`V1Error`] with the close code to use. Fields that are not known are
//! ignored, so that small additions stay possible within version 1.
//!
//! # Examples
//!
//! ```
//! use everlink_engine::server::{Reply, Request};
//! use everlink_wire::Message;
//! use everlink_wire::v1::{Encoding, decode_request, encode_reply};
//!
//! let message = Message::from(r#"{"t":"ping","n":7}"#);
//! let request = decode_request(Encoding::Json, &message)?;
//! let Request::Ping { nonce } = request else { panic!("expected a ping") };
//!
//! let mut buffer = Vec::new();
//! let reply = Reply::<&str, Message>::Pong { nonce, window: None };
//! encode_reply(Encoding::Json, &reply, &mut buffer);
//! assert_eq!(buffer, br#"{"t":"pong","n":7}"#);
//! # Ok::<(), everlink_wire::v1::V1Error>(())
//! ```

mod buffer;
mod cbor;
mod define;
mod error;
mod field;
mod fields;
mod frames;
mod json;
mod kind;
mod limits;
mod payload;
mod record;
mod table;
mod value;
mod write;

use std::borrow::Cow;
use std::fmt;

use everlink_engine::server::{Reply, Request};

pub use buffer::Buffer;
pub use error::{Accepted, Found, Problem, Side, V1Error};
pub use limits::{
    BATCH_MAX, DEPTH_MAX, EPOCH_MAX, FIELDS_MAX, HELLO_BYTES_MAX, NAME_BYTES_MAX, NUMBER_MAX,
    ORIGIN_BYTES_MAX, TOKEN_BYTES_MAX, WHY_BYTES_MAX,
};
pub use payload::check_payload;
pub use table::frame_tables;

use crate::message::Message;
use crate::ws::Text;

pub(crate) use error::excerpt;
pub(crate) use json::place as json_error_place;
pub(crate) use payload::check_text as check_json;

use cbor::CborWriter;
use fields::Fields;
use json::JsonWriter;
use value::Value;
use write::{Incoming, Outgoing};

/// How frames are put into WebSocket messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// JSON objects (RFC 8259) in text messages: readable.
    Json,
    /// CBOR maps (RFC 8949) in binary messages: binary payloads go as they are.
    Cbor,
}

impl Encoding {
    /// Both, the default first.
    pub const ALL: [Self; 2] = [Self::Json, Self::Cbor];

    /// Returns the WebSocket subprotocol (RFC 6455, section 1.9) that stands for it.
    #[must_use]
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => "everlink.v1.json",
            Self::Cbor => "everlink.v1.cbor",
        }
    }

    /// Returns the encoding that a subprotocol stands for.
    #[must_use]
    pub fn from_subprotocol(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.subprotocol() == name)
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.subprotocol())
    }
}

/// Understands a frame of a client.
///
/// # Errors
///
/// [`V1Error`] names what is wrong and how the connection should be closed.
pub fn decode_request(
    encoding: Encoding,
    message: &Message,
) -> Result<Request<Cow<'_, str>, Message>, V1Error> {
    decode(encoding, message)
}

/// Understands a frame of a server.
///
/// # Errors
///
/// [`V1Error`] names what is wrong and how the connection should be closed.
pub fn decode_reply(
    encoding: Encoding,
    message: &Message,
) -> Result<Reply<Cow<'_, str>, Message>, V1Error> {
    decode(encoding, message)
}

/// Appends a frame of a client to `buffer`: the payload of one message.
///
/// The frame is said as it is: names and numbers that the other side will refuse are up to the
/// caller, and so is a payload that [`check_payload`] refuses.
pub fn encode_request<N: AsRef<str>>(
    encoding: Encoding,
    request: &Request<N, Message>,
    buffer: &mut impl Buffer,
) {
    encode(encoding, request, buffer);
}

/// Appends a frame of a server to `buffer`: the payload of one message.
///
/// The frame is said as it is: names and numbers that the other side will refuse are up to the
/// caller, and so is a payload that [`check_payload`] refuses.
pub fn encode_reply<N: AsRef<str>>(
    encoding: Encoding,
    reply: &Reply<N, Message>,
    buffer: &mut impl Buffer,
) {
    encode(encoding, reply, buffer);
}

fn encode(encoding: Encoding, frame: &impl Outgoing, buffer: &mut impl Buffer) {
    match encoding {
        Encoding::Json => frame.write(&mut JsonWriter::new(buffer)),
        Encoding::Cbor => frame.write(&mut CborWriter::new(buffer)),
    }
}

fn decode<'a, F: Incoming<'a>>(encoding: Encoding, message: &'a Message) -> Result<F, V1Error> {
    let wrong = |problem| V1Error::new(F::SENDER, encoding, problem);
    let (source, value) = match (encoding, message) {
        (Encoding::Json, Message::Text(text)) => (text.bytes(), Value::Json(text.as_str())),
        (Encoding::Cbor, Message::Binary(bytes)) => (bytes, Value::Cbor(bytes)),
        (Encoding::Json, Message::Binary(_)) | (Encoding::Cbor, Message::Text(_)) => {
            return Err(wrong(Problem::MessageKind));
        }
    };
    let fields = Fields::of_message(value, source).map_err(wrong)?;
    let kind = kind::frame_type(&fields).map_err(|fault| fault.in_frame::<F>(encoding, None))?;
    let Some((frame, read)) = F::read(&kind, &fields) else {
        return Err(wrong(Problem::unknown_frame(&kind)));
    };
    if frame == frames::HELLO && source.len() > HELLO_BYTES_MAX {
        let problem = Problem::TooLong { bytes: source.len(), bytes_max: HELLO_BYTES_MAX };
        return Err(wrong(problem).of_frame(frame));
    }
    read.map_err(|fault| fault.in_frame::<F>(encoding, Some(frame)))
}

/// Makes a message of what [`encode_request`] or [`encode_reply`] wrote.
#[must_use]
pub fn message_of(encoding: Encoding, buffer: Vec<u8>) -> Option<Message> {
    match encoding {
        Encoding::Json => Text::try_from(bytes::Bytes::from(buffer)).ok().map(Message::Text),
        Encoding::Cbor => Some(Message::from(buffer)),
    }
}
