//! What stands before the payload: `<type>[<attachments>-][<namespace>,][<number>]`.

use super::error::PacketError;
use super::limits::{ACK_ID_MAX, Limits, NAMESPACE_BYTES_MAX};

/// The type of a packet, whether or not it has attachments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Connect,
    Disconnect,
    Event,
    Ack,
    ConnectError,
}

impl Kind {
    pub(super) const fn digit(self, binary: bool) -> u8 {
        match (self, binary) {
            (Self::Connect, _) => 0,
            (Self::Disconnect, _) => 1,
            (Self::Event, false) => 2,
            (Self::Ack, false) => 3,
            (Self::ConnectError, _) => 4,
            (Self::Event, true) => 5,
            (Self::Ack, true) => 6,
        }
    }

    /// Returns the type that a digit stands for, and whether attachments are counted behind it.
    const fn of(digit: u8) -> Option<(Self, bool)> {
        Some(match digit {
            b'0' => (Self::Connect, false),
            b'1' => (Self::Disconnect, false),
            b'2' => (Self::Event, false),
            b'3' => (Self::Ack, false),
            b'4' => (Self::ConnectError, false),
            b'5' => (Self::Event, true),
            b'6' => (Self::Ack, true),
            _ => return None,
        })
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Disconnect => "DISCONNECT",
            Self::Event => "EVENT",
            Self::Ack => "ACK",
            Self::ConnectError => "CONNECT_ERROR",
        }
    }
}

/// A packet's text, taken apart. Ranges are of its bytes.
#[derive(Debug)]
pub(super) struct Header<'a> {
    pub(super) kind: Kind,
    /// Whether it is of a type that has attachments, if only none.
    pub(super) counted: bool,
    pub(super) attachments: usize,
    /// `None` for the namespace that is not written.
    pub(super) namespace: Option<&'a str>,
    pub(super) id: Option<u64>,
    /// The payload, without spaces around it; empty if there is none.
    pub(super) payload: &'a str,
    /// Where the payload begins.
    pub(super) payload_at: usize,
}

impl<'a> Header<'a> {
    pub(super) fn parse(text: &'a str, limits: &Limits) -> Result<Self, PacketError> {
        let first = text.chars().next().ok_or(PacketError::Empty)?;
        let kind = u8::try_from(first).ok().and_then(Kind::of);
        let (kind, counted) = kind.ok_or(PacketError::Type { found: first })?;
        let mut at = 1;
        let attachments = if counted { attachments(text, &mut at, limits)? } else { 0 };
        let namespace = namespace(text, &mut at)?;
        let id = ack_id(text, &mut at)?;
        let rest = &text[at..];
        let payload_at = at + rest.len() - rest.trim_start_matches(JSON_SPACE).len();
        let payload = rest.trim_matches(JSON_SPACE);
        Ok(Self { kind, counted, attachments, namespace, id, payload, payload_at })
    }
}

fn attachments(text: &str, at: &mut usize, limits: &Limits) -> Result<usize, PacketError> {
    let fault = PacketError::AttachmentCount { at: *at };
    let (digits, _) = text[*at..].split_once('-').ok_or_else(|| fault.clone())?;
    let found = number(digits).ok_or(fault)?;
    *at += digits.len() + 1;
    match usize::try_from(found) {
        Ok(count) if count <= limits.attachments_max => Ok(count),
        _ => Err(PacketError::TooManyAttachments { found, max: limits.attachments_max }),
    }
}

fn namespace<'a>(text: &'a str, at: &mut usize) -> Result<Option<&'a str>, PacketError> {
    let rest = &text[*at..];
    if !rest.starts_with('/') {
        return Ok(None);
    }
    let (name, skipped) =
        rest.split_once(',').map_or((rest, rest.len()), |(name, _)| (name, name.len() + 1));
    if name.len() > NAMESPACE_BYTES_MAX {
        return Err(PacketError::NamespaceTooLong { found: name.len() });
    }
    *at += skipped;
    Ok((name != "/").then_some(name))
}

fn ack_id(text: &str, at: &mut usize) -> Result<Option<u64>, PacketError> {
    let rest = &text[*at..];
    let digits = &rest[..rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len()];
    if digits.is_empty() {
        return Ok(None);
    }
    match number(digits) {
        Some(id) if id <= ACK_ID_MAX => {
            *at += digits.len();
            Ok(Some(id))
        }
        _ => Err(PacketError::AckId { at: *at }),
    }
}

/// Returns the number that digits make; none for what begins with a needless zero, as each number has
/// one way to be written.
fn number(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (plain && (digits == "0" || !digits.starts_with('0'))).then(|| digits.parse().ok())?
}

/// What may stand around a value (RFC 8259, section 2).
const JSON_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];
