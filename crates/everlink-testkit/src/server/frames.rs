//! Frames that a codec would rightly refuse to write.

use bytes::{BufMut, BytesMut};

/// A frame that breaks a rule of RFC 6455.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadFrame {
    /// A text that is not UTF-8 (section 8.1).
    TextNotUtf8,
    /// A reserved bit is set without an extension (section 5.2).
    ReservedBit,
    /// An opcode that does not exist (section 5.2).
    ReservedOpcode,
    /// A frame of the server is masked (section 5.1).
    Masked,
    /// A ping in fragments (section 5.5).
    FragmentedPing,
    /// A ping of 126 bytes (section 5.5).
    LongPing,
    /// A continuation of nothing (section 5.4).
    ContinuationOfNothing,
    /// A length in more bytes than it needs (section 5.2).
    WastefulLength,
    /// A close frame with one byte (section 5.5.1).
    CloseTruncated,
    /// A close frame with code 1005 (section 7.4.1).
    CloseCodeReserved,
}

impl BadFrame {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::TextNotUtf8,
        Self::ReservedBit,
        Self::ReservedOpcode,
        Self::Masked,
        Self::FragmentedPing,
        Self::LongPing,
        Self::ContinuationOfNothing,
        Self::WastefulLength,
        Self::CloseTruncated,
        Self::CloseCodeReserved,
    ];

    pub(crate) fn bytes(self) -> &'static [u8] {
        match self {
            Self::TextNotUtf8 => &[0x81, 2, 0xc3, 0x28],
            Self::ReservedBit => &[0xc1, 1, b'x'],
            Self::ReservedOpcode => &[0x83, 1, b'x'],
            Self::Masked => &[0x81, 0x81, 1, 2, 3, 4, b'x' ^ 1],
            Self::FragmentedPing => &[0x09, 1, b'x'],
            Self::LongPing => &LONG_PING,
            Self::ContinuationOfNothing => &[0x80, 1, b'x'],
            Self::WastefulLength => &[0x81, 126, 0, 1, b'x'],
            Self::CloseTruncated => &[0x88, 1, 3],
            Self::CloseCodeReserved => &[0x88, 2, 0x03, 0xed],
        }
    }
}

/// Returns a close frame with any code and reason.
pub(crate) fn close(code: u16, reason: &str) -> BytesMut {
    let mut frame = BytesMut::new();
    let len = reason.len() + 2;
    frame.put_u8(0x88);
    match u16::try_from(len) {
        Ok(len @ 0..=125) => frame.put_u8(len as u8),
        Ok(len) => {
            frame.put_u8(126);
            frame.put_u16(len);
        }
        Err(_) => {
            frame.put_u8(127);
            frame.put_u64(len as u64);
        }
    }
    frame.put_u16(code);
    frame.put_slice(reason.as_bytes());
    frame
}

/// Returns the head of a final binary frame of any length.
pub(crate) fn binary_head(len: u64) -> BytesMut {
    let mut head = BytesMut::new();
    head.put_u8(0x82);
    match len {
        0..=125 => head.put_u8(len as u8),
        126..=0xffff => {
            head.put_u8(126);
            head.put_u16(len as u16);
        }
        _ => {
            head.put_u8(127);
            head.put_u64(len);
        }
    }
    head
}

/// First fragment of a text, and a further one that is not the last.
pub(crate) const FIRST_FRAGMENT: [u8; 3] = [0x01, 1, b'a'];
pub(crate) const NEXT_FRAGMENT: [u8; 3] = [0x00, 1, b'a'];

const LONG_PING: [u8; 130] = {
    let mut frame = [b'x'; 130];
    frame[0] = 0x89;
    frame[1] = 126;
    frame[2] = 0;
    frame[3] = 126;
    frame
};
