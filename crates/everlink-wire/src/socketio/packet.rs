//! Packets, and how they are said.

use bytes::Bytes;

use super::header::Kind;
use crate::v1::Buffer;
use crate::ws::Text;

/// One packet of Socket.IO 5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The namespace; `/` is the one that is not written.
    pub namespace: Text,
    /// What it says.
    pub body: Body,
}

/// What a packet says. Payloads are JSON as it came, without spaces around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A client asks to enter the namespace (with what it knows about itself, an object), or a server
    /// lets it in (with an object that holds `sid`).
    Connect(Option<Text>),
    /// Either side leaves the namespace.
    Disconnect,
    /// An event.
    Event(Event),
    /// The answer to an event that had a number.
    Ack {
        /// The number of the event.
        id: u64,
        /// The arguments: a list.
        data: Text,
        /// The bytes for which placeholders stand in `data`.
        attachments: Vec<Bytes>,
    },
    /// A server does not let the client in: an object with `message` and perhaps `data`, or a text.
    ConnectError(Option<Text>),
}

/// An event: a list that begins with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The number under which an acknowledgement is wanted, if one is.
    pub id: Option<u64>,
    /// Name and arguments: a list with at least the name in it; see [`Args`](super::Args).
    pub data: Text,
    /// The bytes for which placeholders, `{"_placeholder":true,"num":0}`, stand in `data`.
    pub attachments: Vec<Bytes>,
}

impl Packet {
    /// Returns a packet of a namespace.
    #[must_use]
    pub const fn new(namespace: Text, body: Body) -> Self {
        Self { namespace, body }
    }

    /// Writes the text of the packet. Its [`attachments`](Self::attachments) follow as binary messages.
    pub fn write(&self, out: &mut impl Buffer) {
        let namespace = self.namespace.as_bytes();
        match &self.body {
            Body::Connect(auth) => {
                write_header(Kind::Connect, namespace, 0, None, out);
                out.append(auth.as_ref().map_or(&[][..], Text::as_bytes));
            }
            Body::Disconnect => write_header(Kind::Disconnect, namespace, 0, None, out),
            Body::Event(Event { id, data, attachments }) => {
                write_header(Kind::Event, namespace, attachments.len(), *id, out);
                out.append(data.as_bytes());
            }
            Body::Ack { id, data, attachments } => {
                write_header(Kind::Ack, namespace, attachments.len(), Some(*id), out);
                out.append(data.as_bytes());
            }
            Body::ConnectError(data) => {
                write_header(Kind::ConnectError, namespace, 0, None, out);
                out.append(data.as_ref().map_or(&[][..], Text::as_bytes));
            }
        }
    }

    /// Returns the text of the packet.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "all parts are texts")]
    pub fn to_text(&self) -> Text {
        let mut out = Vec::new();
        self.write(&mut out);
        Text::try_from(Bytes::from(out)).expect("texts after each other are a text")
    }

    /// Returns the binary messages that follow the text.
    #[must_use]
    pub fn attachments(&self) -> &[Bytes] {
        match &self.body {
            Body::Event(Event { attachments, .. }) | Body::Ack { attachments, .. } => attachments,
            Body::Connect(_) | Body::Disconnect | Body::ConnectError(_) => &[],
        }
    }
}

/// Writes what stands before the payload of an event: for whoever shares one payload among many
/// receivers, and puts something of each receiver's own around it.
pub fn write_event_header(
    namespace: &Text,
    attachments: usize,
    id: Option<u64>,
    out: &mut impl Buffer,
) {
    write_header(Kind::Event, namespace.as_bytes(), attachments, id, out);
}

fn write_header(
    kind: Kind,
    namespace: &[u8],
    attachments: usize,
    id: Option<u64>,
    out: &mut impl Buffer,
) {
    out.append(&[b'0' + kind.digit(attachments > 0)]);
    if attachments > 0 {
        out.append(attachments.to_string().as_bytes());
        out.append(b"-");
    }
    if namespace != b"/" {
        out.append(namespace);
        out.append(b",");
    }
    if let Some(id) = id {
        out.append(id.to_string().as_bytes());
    }
}
