//! Dialects: what the engine's typed frames look like in WebSocket messages.

mod channels;
mod chat;
mod error;
mod exchange;
mod json;
mod scan;

use bytes::Bytes;
use everlink_engine::{Dialect, PingLevel, Received, Transmit};

pub use channels::{CHANNEL_NAME_BYTES_MAX, CHANNEL_NAMES_MAX, ChannelError, Channels};
pub use error::{DecodeError, RefusedPayload};

use crate::message::Message;

/// Turns messages of one dialect into the engine's frames, and the engine's frames into messages.
///
/// Strict where the dialect owns the syntax: a broken control message is an error of its own, which
/// the driver reports, and the connection goes on. Everything else is carried as it is.
#[derive(Clone, Debug)]
pub struct Codec {
    kind: Kind,
    scratch: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Json,
    ChatText,
    Exchange,
}

/// What to send for one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoded<'a> {
    /// The application's message as it is.
    Message(&'a Message),
    /// A text message.
    Text(&'a str),
    /// A WebSocket ping that carries this number; see [`Codec::pong`].
    Ping(u32),
    /// Nothing: the dialect has no such frame.
    Nothing,
}

impl Codec {
    /// Returns the codec of a dialect; `None` for `everlink` and `socketio`, whose frames say more than the
    /// engine carries: who published, who greets, how an event is called. They are spoken with
    /// [`v1`](crate::v1), and with [`engineio`](crate::engineio) and [`socketio`](crate::socketio).
    #[must_use]
    pub fn for_dialect(dialect: &Dialect) -> Option<Self> {
        let kind = match dialect.name {
            "plain" => Kind::Plain,
            "json" => Kind::Json,
            "chat_text" => Kind::ChatText,
            "exchange" => Kind::Exchange,
            _ => return None,
        };
        Some(Self { kind, scratch: String::new() })
    }

    /// Understands a message from the peer.
    ///
    /// `overlaps` says whether another transport may bring copies of the same messages: only then is
    /// the price of a key for each message paid.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] for a message that is a control message of the dialect, and broken. The
    /// connection can go on.
    pub fn decode(
        &self,
        message: Message,
        channels: &Channels,
        overlaps: bool,
    ) -> Result<Received<Message>, DecodeError> {
        match self.kind {
            Kind::Plain => Ok(data(message)),
            Kind::Json => Ok(json::decode(message)),
            Kind::ChatText => chat::decode(message),
            Kind::Exchange => exchange::decode(message, channels, overlaps),
        }
    }

    /// Says a frame of the engine. The result is valid until the next call.
    pub fn encode<'a>(
        &'a mut self,
        frame: &'a Transmit<Message>,
        channels: &Channels,
    ) -> Encoded<'a> {
        match frame {
            Transmit::Message { payload, .. } => match (self.kind, payload) {
                (Kind::ChatText, Message::Text(text)) => chat::encode(&mut self.scratch, text),
                (_, message) => Encoded::Message(message),
            },
            Transmit::Subscribe { request, channels: wanted } => {
                let ids = wanted.iter().map(|wanted| wanted.channel);
                exchange::encode(&mut self.scratch, "SUBSCRIBE", *request, ids, channels)
            }
            Transmit::Unsubscribe { request, channels: ids } => {
                let ids = ids.iter().copied();
                exchange::encode(&mut self.scratch, "UNSUBSCRIBE", *request, ids, channels)
            }
            Transmit::Ping { level: PingLevel::Protocol, nonce } => Encoded::Ping(*nonce),
            Transmit::Ping { level: PingLevel::Application, .. } => Encoded::Text(json::PING),
            Transmit::Pong { .. } => Encoded::Text(json::PONG),
            // The engine sends these only in dialects that greet or acknowledge.
            Transmit::Hello { .. }
            | Transmit::Publish { .. }
            | Transmit::Volatile { .. }
            | Transmit::Read { .. }
            | Transmit::Bye => Encoded::Nothing,
        }
    }

    /// Checks that a message can be said in this dialect, before it is queued.
    ///
    /// # Errors
    ///
    /// [`RefusedPayload`] says what the dialect accepts.
    pub fn check(&self, payload: &Message) -> Result<(), RefusedPayload> {
        match self.kind {
            Kind::ChatText => chat::check(payload),
            Kind::Plain | Kind::Json | Kind::Exchange => Ok(()),
        }
    }

    /// Understands a WebSocket pong: the number of the ping that it answers, or `None` if we did
    /// not send that one (RFC 6455, section 5.5.3, allows pongs that nobody asked for).
    #[must_use]
    pub fn pong(payload: &Bytes) -> Option<u32> {
        payload.as_ref().try_into().ok().map(u32::from_be_bytes)
    }
}

/// A message as it is.
fn data(payload: Message) -> Received<Message> {
    Received::Message { channel: None, key: None, payload }
}
