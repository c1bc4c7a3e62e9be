//! One packet, and how a WebSocket says it.

use bytes::Bytes;

use super::error::{PacketError, Problem};
use super::handshake::Handshake;
use super::limits::PING_BYTES_MAX;
use crate::Message;
use crate::v1::Buffer;
use crate::ws::Text;

/// The protocol's number, the `EIO` of a URL.
pub const PROTOCOL: u8 = 4;

/// What a client's ping and the server's pong say before an upgrade.
pub const PROBE: &str = "probe";

/// Stands between the packets of a body: the ASCII record separator.
pub const SEPARATOR: u8 = 0x1e;

/// A packet of Engine.IO 4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// The session begins.
    Open(Handshake),
    /// The session ends.
    Close,
    /// Asks whether the other side is there; with [`PROBE`], whether this transport works.
    Ping(Text),
    /// Answers a ping with its text.
    Pong(Text),
    /// What the session is for.
    Message(Message),
    /// The client uses this transport from now on.
    Upgrade,
    /// Nothing: it ends a poll.
    Noop,
}

impl Packet {
    /// Reads what one WebSocket message says, without copying it.
    ///
    /// # Errors
    ///
    /// [`PacketError`] says where it is no packet.
    pub fn from_message(message: &Message) -> Result<Self, PacketError> {
        match message {
            Message::Binary(_) => Ok(Self::Message(message.clone())),
            Message::Text(text) => Self::from_text(text),
        }
    }

    /// Returns the packet as one WebSocket message.
    #[must_use]
    pub fn into_message(self) -> Message {
        if let Self::Message(Message::Binary(bytes)) = self {
            return Message::Binary(bytes);
        }
        let mut text = Vec::new();
        self.write(&mut text);
        // A digit and what was a text.
        Message::Text(Text::from_checked(Bytes::from(text)))
    }

    /// Appends what stands in a WebSocket message that says the packet. Returns whether that is a text
    /// message; only a binary message is said in a binary one.
    pub fn write(&self, out: &mut impl Buffer) -> bool {
        if let Self::Message(Message::Binary(bytes)) = self {
            out.append(bytes);
            return false;
        }
        out.append(&[self.type_byte()]);
        match self {
            Self::Open(handshake) => handshake.write(out),
            Self::Ping(text) | Self::Pong(text) => out.append(text.as_bytes()),
            Self::Message(message) => out.append(message.as_bytes()),
            Self::Close | Self::Upgrade | Self::Noop => {}
        }
        true
    }

    /// Returns the digit that a text of it begins with.
    #[must_use]
    pub const fn type_byte(&self) -> u8 {
        match self {
            Self::Open(_) => b'0',
            Self::Close => b'1',
            Self::Ping(_) => b'2',
            Self::Pong(_) => b'3',
            Self::Message(_) => b'4',
            Self::Upgrade => b'5',
            Self::Noop => b'6',
        }
    }

    /// Reads a packet that is said as a text. Errors count bytes from its start.
    pub(super) fn from_text(text: &Text) -> Result<Self, PacketError> {
        let Some(kind) = text.as_bytes().first() else {
            return Err(PacketError::at(0, Problem::Empty));
        };
        let rest = || Text::from_checked(text.bytes().slice(1..));
        match kind {
            b'0' => Handshake::read(&text.as_bytes()[1..]).map(Self::Open),
            b'1' => Self::Close.alone(text),
            b'2' => heartbeat(rest(), "ping").map(Self::Ping),
            b'3' => heartbeat(rest(), "pong").map(Self::Pong),
            b'4' => Ok(Self::Message(Message::Text(rest()))),
            b'5' => Self::Upgrade.alone(text),
            b'6' => Self::Noop.alone(text),
            byte => Err(PacketError::at(0, Problem::UnknownType { byte: *byte })),
        }
    }

    /// Sees that nothing stands behind the type.
    fn alone(self, text: &Text) -> Result<Self, PacketError> {
        match text.len() - 1 {
            0 => Ok(self),
            bytes => {
                let kind = char::from(self.type_byte());
                Err(PacketError::at(1, Problem::Trailing { kind, bytes }))
            }
        }
    }
}

fn heartbeat(text: Text, what: &'static str) -> Result<Text, PacketError> {
    match text.len() {
        0..=PING_BYTES_MAX => Ok(text),
        bytes => Err(PacketError::at(1, Problem::PingTooLong { what, bytes })),
    }
}
