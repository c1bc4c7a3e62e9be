//! Packets out of messages.

use bytes::Bytes;

use super::args::Args;
use super::error::PacketError;
use super::header::{Header, Kind};
use super::limits::Limits;
use super::packet::{Body, Event, Packet};
use super::placeholder;
use crate::message::Message;
use crate::ws::Text;

/// Makes packets of one connection's messages: a text is a packet, or the beginning of one whose
/// attachments follow as binary messages.
///
/// Strict: what breaks the rules is an error, after which the connection is of no use any more.
/// Memory is bounded by [`Limits`].
#[derive(Debug, Default)]
pub struct Assembler {
    limits: Limits,
    pending: Option<Box<Pending>>,
}

/// A packet that waits for attachments.
#[derive(Debug)]
struct Pending {
    packet: Packet,
    missing: usize,
    bytes: usize,
}

impl Assembler {
    /// Returns an assembler with these limits.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { limits, pending: None }
    }

    /// Takes a message in, and returns the packet that it completes.
    ///
    /// # Errors
    ///
    /// [`PacketError`] for what breaks the rules.
    pub fn take(&mut self, message: Message) -> Result<Option<Packet>, PacketError> {
        match message {
            Message::Text(text) => self.text(&text),
            Message::Binary(bytes) => self.attachment(bytes),
        }
    }

    /// Returns whether attachments are to follow.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.pending.is_some()
    }

    fn text(&mut self, text: &Text) -> Result<Option<Packet>, PacketError> {
        if let Some(pending) = &self.pending {
            return Err(PacketError::AttachmentsMissing { missing: pending.missing });
        }
        self.check_size(text.len())?;
        let header = Header::parse(text.as_str(), &self.limits)?;
        let missing = header.attachments;
        let packet = packet(text, &header)?;
        if missing == 0 {
            return Ok(Some(packet));
        }
        self.pending = Some(Box::new(Pending { packet, missing, bytes: text.len() }));
        Ok(None)
    }

    fn attachment(&mut self, bytes: Bytes) -> Result<Option<Packet>, PacketError> {
        let Some(pending) = &mut self.pending else {
            return Err(PacketError::UnexpectedBinary { bytes: bytes.len() });
        };
        pending.bytes = pending.bytes.saturating_add(bytes.len());
        pending.missing -= 1;
        let (size, missing) = (pending.bytes, pending.missing);
        pending.packet.attach(bytes);
        self.check_size(size)?;
        Ok(if missing == 0 { self.pending.take().map(|pending| pending.packet) } else { None })
    }

    const fn check_size(&self, found: usize) -> Result<(), PacketError> {
        let max = self.limits.packet_bytes_max;
        if found > max { Err(PacketError::TooLarge { found, max }) } else { Ok(()) }
    }
}

impl Packet {
    /// Adds an attachment to a packet that has room for them.
    fn attach(&mut self, bytes: Bytes) {
        match &mut self.body {
            Body::Event(Event { attachments, .. }) | Body::Ack { attachments, .. } => {
                attachments.push(bytes);
            }
            Body::Connect(_) | Body::Disconnect | Body::ConnectError(_) => {}
        }
    }
}

fn packet(text: &Text, header: &Header<'_>) -> Result<Packet, PacketError> {
    if !header.payload.is_empty() {
        check_json(header)?;
    }
    let body = match header.kind {
        Kind::Connect => Body::Connect(optional(text, header, b"{", "an object or nothing")?),
        Kind::ConnectError => {
            Body::ConnectError(optional(text, header, b"{\"", "an object or a text")?)
        }
        Kind::Disconnect => {
            optional(text, header, b"", "no payload")?;
            Body::Disconnect
        }
        Kind::Event => {
            let data = list(text, header)?;
            Args::parse(header.payload)?.check_event()?;
            Body::Event(Event { id: header.id, data, attachments: Vec::new() })
        }
        Kind::Ack => {
            let accepted = "a number behind the namespace";
            let id = header.id.ok_or_else(|| header.shape("no number", accepted))?;
            Body::Ack { id, data: list(text, header)?, attachments: Vec::new() }
        }
    };
    let namespace = header.namespace.map_or(Text::from("/"), |name| shared(text, name));
    Ok(Packet { namespace, body })
}

/// A list, whose placeholders have attachments.
fn list(text: &Text, header: &Header<'_>) -> Result<Text, PacketError> {
    if !header.payload.starts_with('[') {
        return Err(header.shape(header.found(), "a list"));
    }
    if header.counted {
        placeholder::check_placeholders(header.payload, header.attachments)?;
    }
    Ok(shared(text, header.payload))
}

/// A payload that may be left out, and begins in one of these ways.
fn optional(
    text: &Text,
    header: &Header<'_>,
    first: &[u8],
    accepted: &'static str,
) -> Result<Option<Text>, PacketError> {
    if header.id.is_some() {
        return Err(header.shape("a number", "none"));
    }
    match header.payload.as_bytes().first() {
        None => Ok(None),
        Some(byte) if first.contains(byte) => Ok(Some(shared(text, header.payload))),
        Some(_) => Err(header.shape(header.found(), accepted)),
    }
}

fn check_json(header: &Header<'_>) -> Result<(), PacketError> {
    crate::v1::check_json(header.payload).map_err(|place| match place {
        Some(at) => PacketError::Json { at: header.payload_at + at },
        None => PacketError::TooDeep,
    })
}

fn shared(text: &Text, part: &str) -> Text {
    Text::from_checked(text.bytes().slice_ref(part.as_bytes()))
}

impl Header<'_> {
    const fn shape(&self, found: &'static str, accepted: &'static str) -> PacketError {
        PacketError::Shape { kind: self.kind.name(), found, accepted }
    }

    fn found(&self) -> &'static str {
        match self.payload.as_bytes().first() {
            None => "no payload",
            Some(b'{') => "an object",
            Some(b'[') => "a list",
            Some(b'"') => "a text",
            Some(_) => "another value",
        }
    }
}
