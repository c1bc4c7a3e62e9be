//! Messages to bytes.

use std::fmt;

use bytes::{Bytes, BytesMut};

use super::deflate::{DeflateConfig, DeflateParams, Deflater};
use super::header::{Header, Opcode};
use super::limits::{CLOSE_REASON_MAX, CONTROL_PAYLOAD_MAX};
use super::{Role, Text, WsError, close_code_is_valid, mask};

/// Appends frames to a buffer of the driver, any number of them before one write.
///
/// Each message becomes one frame, with its header in the shortest form.
pub struct Encoder {
    keys: Option<Keys>,
    /// Boxed, because most connections have none.
    deflater: Option<Box<Deflater>>,
}

impl Encoder {
    /// Creates the encoder of a server, which never masks (RFC 6455, section 5.1).
    #[must_use]
    pub fn server() -> Self {
        Self { keys: None, deflater: None }
    }

    /// Creates the encoder of a client, which masks each frame with the next of `keys`.
    ///
    /// The keys must come from a source that whoever chooses the payload cannot predict (RFC 6455,
    /// section 10.3): a counter or a seeded generator of a simulation is for tests only. A
    /// generator of the ChaCha family, seeded by the operating system, is safe and fast enough.
    #[must_use]
    pub fn client(keys: impl FnMut() -> [u8; 4] + Send + 'static) -> Self {
        Self { keys: Some(Box::new(keys)), deflater: None }
    }

    /// Compresses messages, with the parameters that the handshake agreed on.
    #[must_use]
    pub fn with_deflate(mut self, config: &DeflateConfig, params: &DeflateParams) -> Self {
        self.deflater = Deflater::new(config, params, self.role()).map(Box::new);
        self
    }

    /// Appends a text message.
    pub fn text(&mut self, dst: &mut BytesMut, text: &str) {
        self.message(dst, Opcode::Text, text.as_bytes());
    }

    /// Appends a text message that is known to be UTF-8, without checking it again.
    pub fn checked_text(&mut self, dst: &mut BytesMut, text: &Text) {
        self.message(dst, Opcode::Text, text.as_bytes());
    }

    /// Appends a text message of two parts, without joining them before where that can be spared.
    pub fn prefixed_text(&mut self, dst: &mut BytesMut, prefix: &str, text: &str) {
        if self.deflater.is_some() || self.keys.is_some() {
            return self.text(dst, &[prefix, text].concat());
        }
        let len = prefix.len() + text.len();
        dst.reserve(HEADER_MAX + len);
        Header::write(dst, Opcode::Text, false, len, None);
        dst.extend_from_slice(prefix.as_bytes());
        dst.extend_from_slice(text.as_bytes());
    }

    /// Appends a binary message.
    pub fn binary(&mut self, dst: &mut BytesMut, payload: &[u8]) {
        self.message(dst, Opcode::Binary, payload);
    }

    /// Appends a ping.
    ///
    /// # Errors
    ///
    /// [`EncodeError::ControlTooLong`] when the payload exceeds 125 bytes; nothing is appended.
    pub fn ping(&mut self, dst: &mut BytesMut, payload: &[u8]) -> Result<(), EncodeError> {
        self.control(dst, Opcode::Ping, payload)
    }

    /// Appends a pong, usually with the payload of the ping that it answers.
    ///
    /// # Errors
    ///
    /// [`EncodeError::ControlTooLong`] when the payload exceeds 125 bytes; nothing is appended.
    pub fn pong(&mut self, dst: &mut BytesMut, payload: &[u8]) -> Result<(), EncodeError> {
        self.control(dst, Opcode::Pong, payload)
    }

    /// Appends a close frame, with a code and a reason or without either.
    ///
    /// No frame may follow it on this connection (RFC 6455, section 5.5.1); the driver sees to
    /// that.
    ///
    /// # Errors
    ///
    /// The code is not one of those that may be sent, or the reason exceeds 123 bytes; nothing is
    /// appended.
    pub fn close(
        &mut self,
        dst: &mut BytesMut,
        close: Option<(u16, &str)>,
    ) -> Result<(), EncodeError> {
        let Some((code, reason)) = close else {
            return self.control(dst, Opcode::Close, &[]);
        };
        if !close_code_is_valid(code) {
            return Err(EncodeError::CloseCodeInvalid { code });
        }
        if reason.len() > CLOSE_REASON_MAX {
            return Err(EncodeError::ReasonTooLong { len: reason.len() });
        }
        let payload = [&code.to_be_bytes(), reason.as_bytes()].concat();
        self.control(dst, Opcode::Close, &payload)
    }

    /// Appends the close frame that answers a peer's breach of the protocol.
    pub fn close_for(&mut self, dst: &mut BytesMut, error: &WsError) {
        let reason = error.to_string();
        let end = reason.floor_char_boundary(CLOSE_REASON_MAX);
        let payload = [&error.close_code().to_be_bytes(), &reason.as_bytes()[..end]].concat();
        self.frame(dst, Opcode::Close, false, &payload);
    }

    /// Gives back the compressor's memory, about 300 KiB, where the next message can do without.
    ///
    /// That is so when nothing is taken over from message to message; otherwise only the output
    /// buffer goes. To be called when the outbox has run empty.
    pub fn release(&mut self) {
        if let Some(deflater) = &mut self.deflater {
            deflater.rest();
        }
    }

    fn message(&mut self, dst: &mut BytesMut, opcode: Opcode, payload: &[u8]) {
        // Taken out for the time of the call, so that the compressed bytes can be framed.
        if let Some(mut deflater) = self.deflater.take() {
            match deflater.deflate(payload) {
                Some(compressed) => self.frame(dst, opcode, true, compressed),
                None => self.frame(dst, opcode, false, payload),
            }
            self.deflater = Some(deflater);
        } else {
            self.frame(dst, opcode, false, payload);
        }
    }

    fn control(
        &mut self,
        dst: &mut BytesMut,
        opcode: Opcode,
        payload: &[u8],
    ) -> Result<(), EncodeError> {
        if payload.len() > CONTROL_PAYLOAD_MAX {
            return Err(EncodeError::ControlTooLong { len: payload.len() });
        }
        self.frame(dst, opcode, false, payload);
        Ok(())
    }

    fn frame(&mut self, dst: &mut BytesMut, opcode: Opcode, compressed: bool, payload: &[u8]) {
        dst.reserve(HEADER_MAX + payload.len());
        let key = self.keys.as_mut().map(|next| next());
        Header::write(dst, opcode, compressed, payload.len(), key);
        let Some(key) = key else {
            dst.extend_from_slice(payload);
            return;
        };
        // In pieces that stay in the first-level cache, so that masking costs no second trip.
        for piece in payload.chunks(MASK_PIECE) {
            let start = dst.len();
            dst.extend_from_slice(piece);
            mask::apply(&mut dst[start..], key, 0);
        }
    }

    fn role(&self) -> Role {
        if self.keys.is_some() { Role::Client } else { Role::Server }
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("role", &self.role())
            .field("deflater", &self.deflater)
            .finish_non_exhaustive()
    }
}

/// Encodes a text message once, for any number of clients.
///
/// Every client understands it, with or without compression, because each message says for itself
/// whether it is compressed (RFC 7692, section 6).
#[must_use]
pub fn server_text_frame(text: &str) -> Bytes {
    server_frame(Opcode::Text, text.as_bytes())
}

/// Encodes a binary message once, for any number of clients.
#[must_use]
pub fn server_binary_frame(payload: &[u8]) -> Bytes {
    server_frame(Opcode::Binary, payload)
}

fn server_frame(opcode: Opcode, payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(HEADER_MAX + payload.len());
    Header::write(&mut frame, opcode, false, payload.len(), None);
    frame.extend_from_slice(payload);
    frame.freeze()
}

/// A frame that the protocol does not allow; nothing was encoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The payload of a control frame is too long (RFC 6455, section 5.5).
    #[error("control frame with {len} bytes of payload, at most 125 are allowed")]
    #[non_exhaustive]
    ControlTooLong {
        /// Length asked for.
        len: usize,
    },
    /// The close code may not stand on the wire (RFC 6455, section 7.4).
    #[error("close code {code}; allowed are 1000 to 1003, 1007 to 1014 and 3000 to 4999")]
    #[non_exhaustive]
    CloseCodeInvalid {
        /// Code asked for.
        code: u16,
    },
    /// The reason does not fit beside the code (RFC 6455, section 5.5.1).
    #[error("close reason of {len} bytes, at most 123 are allowed")]
    #[non_exhaustive]
    ReasonTooLong {
        /// Length asked for.
        len: usize,
    },
}

type Keys = Box<dyn FnMut() -> [u8; 4] + Send>;

/// Two bytes, eight of length, four of key.
const HEADER_MAX: usize = 14;

/// A multiple of the key's length.
const MASK_PIECE: usize = 8 * 1024;
