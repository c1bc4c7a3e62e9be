//! One place to ask a codec.

use everlink_engine::{Dialect, MessageId, Received, Transmit};
use everlink_wire::{Channels, Codec, DecodeError, Encoded, Message};

pub(crate) fn codec(dialect: &Dialect) -> Codec {
    Codec::for_dialect(dialect).unwrap()
}

pub(crate) fn decode(dialect: &Dialect, text: &str) -> Result<Received<Message>, DecodeError> {
    codec(dialect).decode(text.into(), &Channels::default(), false)
}

/// Returns the text for a frame; "-" if there is none.
pub(crate) fn encode(dialect: &Dialect, frame: &Transmit<Message>, channels: &Channels) -> String {
    match codec(dialect).encode(frame, channels) {
        Encoded::Message(Message::Text(text)) => text.as_str().to_owned(),
        Encoded::Message(Message::Binary(bytes)) => format!("{bytes:?}"),
        Encoded::Text(text) => text.to_owned(),
        Encoded::Ping(number) => format!("ping {number}"),
        Encoded::Nothing => "-".to_owned(),
    }
}

pub(crate) fn message(payload: impl Into<Message>) -> Transmit<Message> {
    Transmit::Message { id: MessageId(1), channel: None, payload: payload.into() }
}

pub(crate) fn data(payload: impl Into<Message>) -> Received<Message> {
    Received::Message { channel: None, key: None, payload: payload.into() }
}
