//! Frames in JSON.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write as _};

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::buffer::Buffer;
use super::error::{Accepted, Found, Problem};
use super::field::Fault;
use super::fields::Fields;
use super::value::Value;
use super::write::Write;
use crate::message::Message;

/// Reads a whole message, whose syntax nobody has looked at.
pub(super) fn message<'a>(text: &'a str, fields: &mut Fields<'a>) -> Result<(), Problem> {
    if text.trim_start().starts_with('{') {
        return object(text, fields);
    }
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(IgnoredAny) => {
            Err(Problem::WrongType { found: found(text.trim()), accepted: Accepted::Object })
        }
        Err(error) => Err(Problem::Syntax { at: place(text, &error) }),
    }
}

/// Reads an object.
pub(super) fn object<'a>(text: &'a str, fields: &mut Fields<'a>) -> Result<(), Problem> {
    let mut input = serde_json::Deserializer::from_str(text);
    let mut problem = None;
    let seed = Object { fields, problem: &mut problem };
    if let Err(error) = seed.deserialize(&mut input) {
        return Err(problem.unwrap_or_else(|| Problem::Syntax { at: place(text, &error) }));
    }
    input.end().map_err(|error| Problem::Trailing { at: place(text, &error) })
}

/// Hands each entry of a list to `take`.
pub(super) fn each<'a>(
    raw: &'a str,
    take: &mut dyn FnMut(Value<'a>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut input = serde_json::Deserializer::from_str(raw);
    let mut fault = None;
    let seed = List { take, fault: &mut fault };
    match seed.deserialize(&mut input) {
        Ok(()) => Ok(()),
        Err(error) => {
            Err(fault.unwrap_or_else(|| Problem::Syntax { at: place(raw, &error) }.into()))
        }
    }
}

/// Returns the kind of a value by its first byte.
pub(super) fn found(raw: &str) -> Found {
    match raw.as_bytes().first() {
        Some(b'{') => Found::Object,
        Some(b'[') => Found::List,
        Some(b'"') => Found::Text,
        Some(b't' | b'f') => Found::Flag,
        Some(b'n') | None => Found::Null,
        Some(_) if raw.contains(['.', 'e', 'E']) => Found::Fraction,
        Some(_) => Found::Number,
    }
}

/// Returns what stands in a string.
pub(super) fn text(raw: &str) -> Result<Cow<'_, str>, Problem> {
    let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
    match inner {
        Some(inner) if !inner.contains('\\') => Ok(Cow::Borrowed(inner)),
        // The syntax is right, so that only half of a surrogate pair can be wrong.
        _ => serde_json::from_str(raw).map(Cow::Owned).map_err(|_| Problem::Unicode),
    }
}

/// Returns a whole number; as text if it is negative or beyond 64 bits.
pub(super) fn number(raw: &str) -> Result<u64, String> {
    raw.parse().map_err(|_| super::error::excerpt(raw))
}

/// Checks that a text is one JSON value.
pub(super) fn check(text: &str) -> Result<(), usize> {
    serde_json::from_str::<IgnoredAny>(text)
        .map(|IgnoredAny| ())
        .map_err(|error| place(text, &error))
}

/// Returns where an error stands, in bytes.
pub(crate) fn place(text: &str, error: &serde_json::Error) -> usize {
    let before = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    before.map(str::len).sum::<usize>() + error.column().saturating_sub(1)
}

/// A key, which is borrowed unless it has escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads the fields of an object. What is wrong beside the syntax is left in `problem`, because
/// serde's errors are texts.
struct Object<'f, 'a> {
    fields: &'f mut Fields<'a>,
    problem: &'f mut Option<Problem>,
}

impl<'a> DeserializeSeed<'a> for Object<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Object<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            let value = map.next_value::<&RawValue>()?;
            if let Err(problem) = self.fields.push(key, Value::Json(value.get())) {
                *self.problem = Some(problem);
                return Err(A::Error::custom("a field is refused"));
            }
        }
        Ok(())
    }
}

/// Reads the entries of a list, as [`Object`] the fields.
struct List<'f, 'a> {
    take: &'f mut dyn FnMut(Value<'a>) -> Result<(), Fault>,
    fault: &'f mut Option<Fault>,
}

impl<'a> DeserializeSeed<'a> for List<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for List<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(value) = list.next_element::<&RawValue>()? {
            if let Err(fault) = (self.take)(Value::Json(value.get())) {
                *self.fault = Some(fault);
                return Err(A::Error::custom("an entry is refused"));
            }
        }
        Ok(())
    }
}

/// Writes frames in JSON, without spaces.
#[derive(Debug)]
pub(super) struct JsonWriter<'b, B> {
    buffer: &'b mut B,
    /// Whether something stands before in the list or object that is being written.
    follows: bool,
}

impl<'b, B: Buffer> JsonWriter<'b, B> {
    pub(super) const fn new(buffer: &'b mut B) -> Self {
        Self { buffer, follows: false }
    }

    fn open(&mut self, bracket: &[u8]) {
        self.buffer.append(bracket);
        self.follows = false;
    }

    fn close(&mut self, bracket: &[u8]) {
        self.buffer.append(bracket);
        self.follows = true;
    }

    fn comma(&mut self) {
        if self.follows {
            self.buffer.append(b",");
        }
        self.follows = true;
    }

    /// Writes a text in which nothing needs an escape.
    fn plain(&mut self, text: &str) {
        self.buffer.append(b"\"");
        self.buffer.append(text.as_bytes());
        self.buffer.append(b"\"");
    }

    fn say(&mut self, value: &(impl Serialize + ?Sized)) {
        let written = serde_json::to_writer(Appending(self.buffer), value);
        debug_assert!(written.is_ok(), "a buffer takes all");
    }
}

impl<B: Buffer> Write for JsonWriter<'_, B> {
    fn object(&mut self, _fields: usize) {
        self.open(b"{");
    }

    fn object_end(&mut self) {
        self.close(b"}");
    }

    fn key(&mut self, key: &'static str) {
        self.comma();
        self.plain(key);
        self.buffer.append(b":");
    }

    fn list(&mut self, _entries: usize) {
        self.open(b"[");
    }

    fn entry(&mut self) {
        self.comma();
    }

    fn list_end(&mut self) {
        self.close(b"]");
    }

    fn text(&mut self, text: &str) {
        // Nearly all names are plain.
        if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
            self.say(text);
        } else {
            self.plain(text);
        }
    }

    fn number(&mut self, number: u64) {
        self.say(&number);
    }

    fn flag(&mut self, flag: bool) {
        self.say(&flag);
    }

    fn payload(&mut self, payload: &Message) {
        match payload {
            Message::Text(text) => self.buffer.append(text.as_bytes()),
            Message::Binary(bytes) => {
                let base64 = Base64Display::new(bytes, &STANDARD);
                let written = write!(Appending(self.buffer), "\"{base64}\"");
                debug_assert!(written.is_ok(), "a buffer takes all");
            }
        }
    }
}

struct Appending<'b, B>(&'b mut B);

impl<B: Buffer> io::Write for Appending<'_, B> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.append(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
