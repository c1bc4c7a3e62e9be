//! Bodies of HTTP long-polling: packets in a row.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};

use super::error::{PacketError, Problem, Unsayable};
use super::packet::{Packet, SEPARATOR};
use crate::Message;
use crate::ws::Text;

/// The packets of a body, one after the other. Nothing follows an error.
///
/// Memory beyond the body is spent on one binary packet at a time, so whoever bounds the body bounds all.
#[derive(Clone, Debug)]
pub struct Packets {
    /// What is not read yet; `None` at the end.
    rest: Option<Text>,
    /// Where it begins.
    at: usize,
    packet: usize,
}

impl Packets {
    /// Begins to read a body.
    ///
    /// # Errors
    ///
    /// It is not UTF-8.
    pub fn new(body: Bytes) -> Result<Self, PacketError> {
        match Text::try_from(body) {
            Ok(text) => Ok(Self { rest: Some(text), at: 0, packet: 0 }),
            Err(error) => Err(PacketError::at(error.valid_up_to, Problem::NotUtf8)),
        }
    }

    fn read(&mut self, text: &Text) -> Result<Packet, PacketError> {
        let read = match text.as_bytes().split_first() {
            Some((b'b', base64)) => binary(base64),
            _ => Packet::from_text(text),
        };
        read.map_err(|error| PacketError { packet: self.packet, at: self.at + error.at, ..error })
    }
}

impl Iterator for Packets {
    type Item = Result<Packet, PacketError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        let end = rest.as_bytes().iter().position(|byte| *byte == SEPARATOR);
        let text = match end {
            Some(end) => Text::from_checked(rest.bytes().slice(..end)),
            None => rest.clone(),
        };
        let read = self.read(&text);
        if let Some(end) = end.filter(|_| read.is_ok()) {
            self.rest = Some(Text::from_checked(rest.bytes().slice(end + 1..)));
            self.at += end + 1;
            self.packet += 1;
        }
        Some(read)
    }
}

impl std::iter::FusedIterator for Packets {}

fn binary(base64: &[u8]) -> Result<Packet, PacketError> {
    match STANDARD.decode(base64) {
        Ok(bytes) => Ok(Packet::Message(Message::Binary(bytes.into()))),
        Err(error) => Err(PacketError::at(1, Problem::Base64 { reason: error.to_string() })),
    }
}

/// Writes packets into one body.
#[derive(Debug, Default)]
pub struct BodyWriter {
    body: BytesMut,
}

impl BodyWriter {
    /// Creates an empty body.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a packet.
    ///
    /// # Errors
    ///
    /// Its text holds a [`SEPARATOR`], which no body can carry; nothing is appended.
    pub fn push(&mut self, packet: &Packet) -> Result<(), Unsayable> {
        let before = self.body.len();
        if before > 0 {
            self.body.extend_from_slice(&[SEPARATOR]);
        }
        if let Packet::Message(Message::Binary(bytes)) = packet {
            self.base64(bytes);
            return Ok(());
        }
        let start = self.body.len();
        packet.write(&mut self.body);
        let separator = self.body[start..].iter().position(|byte| *byte == SEPARATOR);
        match separator {
            None => Ok(()),
            Some(at) => {
                self.body.truncate(before);
                Err(Unsayable { at })
            }
        }
    }

    /// Returns how long the body is, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.body.len()
    }

    /// Returns whether there is no packet in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// Takes the body out, and is empty again.
    #[must_use]
    pub fn take(&mut self) -> Bytes {
        std::mem::take(&mut self.body).freeze()
    }

    fn base64(&mut self, bytes: &[u8]) {
        self.body.extend_from_slice(b"b");
        let start = self.body.len();
        self.body.resize(start + bytes.len().div_ceil(3) * 4, 0);
        let written = STANDARD.encode_slice(bytes, &mut self.body[start..]);
        debug_assert_eq!(written.ok(), Some(self.body.len() - start), "four for each three");
    }
}
