//! Frame headers (RFC 6455, section 5.2).

use bytes::{BufMut, BytesMut};

use super::limits::CONTROL_PAYLOAD_MAX;
use super::{Role, WsError};

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opcode {
    Continuation = 0x0,
    Text = 0x1,
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xA,
}

impl Opcode {
    pub(crate) const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }

    const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }
}

/// What the next frame may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    /// Which end reads.
    pub(crate) role: Role,
    /// Whether compression was negotiated.
    pub(crate) deflate: bool,
    /// Whether a fragmented message is open.
    pub(crate) in_message: bool,
}

/// A frame header that has passed every check that needs no payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) fin: bool,
    pub(crate) compressed: bool,
    pub(crate) opcode: Opcode,
    pub(crate) mask: Option<[u8; 4]>,
    pub(crate) payload_len: u64,
    /// Length of the header itself.
    pub(crate) len: usize,
}

impl Header {
    /// Reads a header from the start of `bytes`; `None` when more bytes are needed.
    ///
    /// Each byte is judged as soon as it is there, so that a bad frame fails without waiting.
    pub(crate) fn parse(bytes: &[u8], expected: Expected) -> Result<Option<Self>, WsError> {
        let Some(first) = bytes.first() else {
            return Ok(None);
        };
        let (fin, compressed, opcode) = parse_first(*first, expected)?;
        let Some(second) = bytes.get(1) else {
            return Ok(None);
        };
        let len7 = check_second(*second, opcode, expected.role)?;
        let Some((payload_len, len_len)) = parse_len(len7, &bytes[2..])? else {
            return Ok(None);
        };
        let mask_start = 2 + len_len;
        let (mask, len) = match expected.role {
            Role::Client => (None, mask_start),
            Role::Server => match bytes[mask_start..].first_chunk::<4>() {
                Some(mask) => (Some(*mask), mask_start + 4),
                None => return Ok(None),
            },
        };
        Ok(Some(Self { fin, compressed, opcode, mask, payload_len, len }))
    }

    /// Appends the header of a frame that is not a fragment, in its shortest form.
    pub(crate) fn write(
        dst: &mut BytesMut,
        opcode: Opcode,
        compressed: bool,
        payload_len: usize,
        mask: Option<[u8; 4]>,
    ) {
        let mask_bit = if mask.is_some() { MASK } else { 0 };
        let compressed_bit = if compressed { RSV1 } else { 0 };
        dst.put_u8(FIN | compressed_bit | opcode as u8);
        if payload_len <= CONTROL_PAYLOAD_MAX {
            dst.put_u8(mask_bit | payload_len as u8);
        } else if let Ok(len) = u16::try_from(payload_len) {
            dst.put_u8(mask_bit | LEN_16);
            dst.put_u16(len);
        } else {
            dst.put_u8(mask_bit | LEN_64);
            dst.put_u64(payload_len as u64);
        }
        if let Some(key) = mask {
            dst.put_slice(&key);
        }
    }
}

fn parse_first(byte: u8, expected: Expected) -> Result<(bool, bool, Opcode), WsError> {
    let bits = byte & 0x0F;
    let opcode = Opcode::from_bits(bits).ok_or(WsError::OpcodeReserved { opcode: bits })?;
    let fin = byte & FIN != 0;
    let starts_message = matches!(opcode, Opcode::Text | Opcode::Binary);
    let reserved = (byte >> 4) & 0b111;
    let compressed = reserved == 0b100 && expected.deflate && starts_message;
    if reserved != 0 && !compressed {
        return Err(WsError::ReservedBits { bits: reserved });
    }
    if opcode.is_control() && !fin {
        return Err(WsError::ControlFragmented);
    }
    if opcode == Opcode::Continuation && !expected.in_message {
        return Err(WsError::ContinuationUnexpected);
    }
    if starts_message && expected.in_message {
        return Err(WsError::MessageInterrupted);
    }
    Ok((fin, compressed, opcode))
}

fn check_second(byte: u8, opcode: Opcode, role: Role) -> Result<u8, WsError> {
    match (role, byte & MASK != 0) {
        (Role::Server, false) => return Err(WsError::MaskMissing),
        (Role::Client, true) => return Err(WsError::MaskUnexpected),
        (Role::Server, true) | (Role::Client, false) => {}
    }
    let len7 = byte & !MASK;
    if opcode.is_control() && usize::from(len7) > CONTROL_PAYLOAD_MAX {
        return Err(WsError::ControlTooLong);
    }
    Ok(len7)
}

/// Reads the extended length; gives the length and how many bytes it took after the second.
fn parse_len(len7: u8, rest: &[u8]) -> Result<Option<(u64, usize)>, WsError> {
    let (len, len_len, shortest) = match len7 {
        LEN_16 => {
            let Some(bytes) = rest.first_chunk::<2>() else {
                return Ok(None);
            };
            (u64::from(u16::from_be_bytes(*bytes)), 2, CONTROL_PAYLOAD_MAX as u64 + 1)
        }
        LEN_64 => {
            let Some(bytes) = rest.first_chunk::<8>() else {
                return Ok(None);
            };
            (u64::from_be_bytes(*bytes), 8, u64::from(u16::MAX) + 1)
        }
        len => (u64::from(len), 0, 0),
    };
    if len >> 63 != 0 {
        return Err(WsError::LengthInvalid { len });
    }
    if len < shortest {
        return Err(WsError::LengthNotMinimal { len });
    }
    Ok(Some((len, len_len)))
}

const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const MASK: u8 = 0x80;
const LEN_16: u8 = 126;
const LEN_64: u8 = 127;
