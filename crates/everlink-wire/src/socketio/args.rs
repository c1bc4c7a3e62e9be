//! Lists of arguments: raw JSON, taken apart and put together.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::error::PacketError;
use crate::v1::Buffer;

/// Names that libraries keep for news of their own, so that nobody may send them.
pub const RESERVED_EVENTS: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// The list of an event or of an acknowledgement, taken apart. Nothing is copied.
#[derive(Clone, Debug)]
pub struct Args<'a>(Vec<&'a RawValue>);

impl<'a> Args<'a> {
    /// Takes a list apart.
    ///
    /// # Errors
    ///
    /// [`PacketError::Json`] for what is no list in JSON. What came in a packet is one.
    pub fn parse(data: &'a str) -> Result<Self, PacketError> {
        match serde_json::from_str(data) {
            Ok(values) => Ok(Self(values)),
            Err(error) => Err(PacketError::Json { at: crate::v1::json_error_place(data, &error) }),
        }
    }

    /// Returns the name of an event: its first value, if that is a text or a number.
    #[must_use]
    pub fn event(&self) -> Option<Cow<'a, str>> {
        let raw = self.0.first()?.get();
        match raw.as_bytes().first()? {
            b'"' => text(raw),
            b'-' | b'0'..=b'9' => Some(Cow::Borrowed(raw)),
            _ => None,
        }
    }

    /// Returns the values behind the first one: the arguments of an event.
    #[must_use]
    pub fn after_event(&self) -> &[&'a RawValue] {
        self.0.get(1..).unwrap_or_default()
    }

    /// Returns all values: the arguments of an acknowledgement.
    #[must_use]
    pub fn all(&self) -> &[&'a RawValue] {
        &self.0
    }

    /// Checks the name of an event.
    pub(super) fn check_event(&self) -> Result<(), PacketError> {
        match self.event() {
            Some(name) if !RESERVED_EVENTS.contains(&name.as_ref()) => Ok(()),
            _ => {
                let found = self.0.first().map_or("(none)", |value| value.get());
                Err(PacketError::EventName { found: crate::v1::excerpt(found) })
            }
        }
    }
}

/// Returns the text that a value is; `None` for any other value.
#[must_use]
pub fn text(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str(raw).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// Writes the list of an event: its name, and arguments that are JSON already.
pub fn write_event<'a>(
    name: &str,
    arguments: impl IntoIterator<Item = &'a str>,
    out: &mut impl Buffer,
) {
    out.append(b"[");
    write_text(name, out);
    for argument in arguments {
        out.append(b",");
        out.append(argument.as_bytes());
    }
    out.append(b"]");
}

/// Writes a list of values that are JSON already.
pub fn write_list<'a>(values: impl IntoIterator<Item = &'a str>, out: &mut impl Buffer) {
    out.append(b"[");
    for (at, value) in values.into_iter().enumerate() {
        if at > 0 {
            out.append(b",");
        }
        out.append(value.as_bytes());
    }
    out.append(b"]");
}

/// Returns a list without the bracket that closes it: what one more argument is appended to, with
/// [`write_last_text`]. `None` for what is no list.
#[must_use]
pub fn open_list(data: &[u8]) -> Option<&[u8]> {
    data.starts_with(b"[").then(|| data.strip_suffix(b"]")).flatten()
}

/// Writes a text as the last argument of an [open list](open_list) that is not empty, and closes the list.
pub fn write_last_text(text: &str, out: &mut impl Buffer) {
    out.append(b",");
    write_text(text, out);
    out.append(b"]");
}

fn write_text(text: &str, out: &mut impl Buffer) {
    if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        out.append(serde_json::Value::from(text).to_string().as_bytes());
    } else {
        out.append(b"\"");
        out.append(text.as_bytes());
        out.append(b"\"");
    }
}
