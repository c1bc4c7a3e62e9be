//! Frames in CBOR (RFC 8949).

use std::borrow::Cow;
use std::convert::Infallible;

use cbor4ii::core::dec::{Decode, Error, IgnoredAny, Read, Reference, if_major};
use cbor4ii::core::enc::{self, Encode};
use cbor4ii::core::types::{Array, Bytes, Map, Negative, UncheckedStr};
use cbor4ii::core::{major, marker};

use super::buffer::Buffer;
use super::error::{Accepted, Found, Problem};
use super::field::Fault;
use super::fields::Fields;
use super::limits::DEPTH_MAX;
use super::value::Value;
use super::write::Write;
use crate::message::Message;

/// Reads a whole message, whose syntax nobody has looked at.
pub(super) fn message<'a>(bytes: &'a [u8], fields: &mut Fields<'a>) -> Result<(), Problem> {
    let mut reader = Reader::new(bytes);
    if found(bytes) != Found::Object {
        reader.item()?;
    }
    Value::Cbor(bytes).expect(Found::Object, Accepted::Object)?;
    reader.fields(fields)?;
    if reader.rest.is_empty() { Ok(()) } else { Err(Problem::Trailing { at: reader.at() }) }
}

/// Reads an object.
pub(super) fn object<'a>(raw: &'a [u8], fields: &mut Fields<'a>) -> Result<(), Problem> {
    Reader::new(raw).fields(fields)
}

/// Hands each entry of a list to `take`.
pub(super) fn each<'a>(
    raw: &'a [u8],
    take: &mut dyn FnMut(Value<'a>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut reader = Reader::new(raw);
    let count = reader.length(Array::len)?;
    for _ in 0..count {
        take(Value::Cbor(reader.item()?))?;
    }
    Ok(())
}

/// Returns the kind of an item by its first byte.
pub(super) fn found(raw: &[u8]) -> Found {
    let Some(&first) = raw.first() else { return Found::Null };
    match (if_major(first), first) {
        (major::UNSIGNED | major::NEGATIVE, _) => Found::Number,
        (major::BYTES, _) => Found::Bytes,
        (major::STRING, _) => Found::Text,
        (major::ARRAY, _) => Found::List,
        (major::MAP, _) => Found::Object,
        (_, marker::FALSE | marker::TRUE) => Found::Flag,
        (_, marker::NULL | marker::UNDEFINED) => Found::Null,
        (_, marker::F16 | marker::F32 | marker::F64) => Found::Fraction,
        _ => Found::Other,
    }
}

/// Returns what stands in a text.
pub(super) fn text(raw: &[u8]) -> Result<&str, Problem> {
    Reader::new(raw).read_whole()
}

/// Returns what stands in bytes.
pub(super) fn bytes(raw: &[u8]) -> Result<&[u8], Problem> {
    Reader::new(raw).read_whole().map(|Bytes(bytes)| bytes)
}

/// Returns a whole number; as text if it is negative.
pub(super) fn number(raw: &[u8]) -> Result<Result<u64, String>, Problem> {
    if raw.first().is_some_and(|first| if_major(*first) == major::NEGATIVE) {
        let Negative(below) = Reader::new(raw).read::<Negative<u64>>()?;
        return Ok(Err((-1 - i128::from(below)).to_string()));
    }
    Reader::new(raw).read().map(Ok)
}

/// Returns whether an item is true.
pub(super) fn flag(raw: &[u8]) -> Result<bool, Problem> {
    Reader::new(raw).read()
}

/// Reads items one after the other.
struct Reader<'a> {
    whole: &'a [u8],
    rest: &'a [u8],
    depth: usize,
}

impl<'a> Reader<'a> {
    const fn new(whole: &'a [u8]) -> Self {
        Self { whole, rest: whole, depth: 0 }
    }

    const fn at(&self) -> usize {
        self.whole.len() - self.rest.len()
    }

    /// Steps over an item and returns its bytes.
    fn item(&mut self) -> Result<&'a [u8], Problem> {
        let before = self.rest;
        self.read::<IgnoredAny>()?;
        Ok(&before[..before.len() - self.rest.len()])
    }

    /// Reads the fields of an object.
    fn fields(&mut self, fields: &mut Fields<'a>) -> Result<(), Problem> {
        let count = self.length(Map::len)?;
        for _ in 0..count {
            let key = self.key()?;
            let value = Value::Cbor(self.item()?);
            fields.push(key, value)?;
        }
        Ok(())
    }

    fn key(&mut self) -> Result<Cow<'a, str>, Problem> {
        let before = self.rest;
        if let Ok(key) = self.read() {
            return Ok(Cow::Borrowed(key));
        }
        self.rest = before;
        Value::Cbor(self.item()?).text(Accepted::Text(0, usize::MAX))
    }

    fn read<T: Decode<'a>>(&mut self) -> Result<T, Problem> {
        T::decode(self).map_err(|error| self.problem(&error))
    }

    /// Reads a text or bytes, in an item that is known to be one: it can only be one in pieces.
    fn read_whole<T: Decode<'a>>(&mut self) -> Result<T, Problem> {
        T::decode(self).map_err(|error| {
            let in_pieces = matches!(error, Error::Mismatch { .. });
            if in_pieces { Problem::Indefinite } else { self.problem(&error) }
        })
    }

    /// Reads how many entries follow.
    fn length(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Option<usize>, Error<Infallible>>,
    ) -> Result<usize, Problem> {
        match read(self) {
            Ok(Some(count)) => Ok(count),
            Ok(None) => Err(Problem::Indefinite),
            Err(error) => Err(self.problem(&error)),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the library may name more errors")]
    fn problem(&self, error: &Error<Infallible>) -> Problem {
        match error {
            Error::RequireUtf8 { .. } => Problem::Unicode,
            Error::RequireLength { .. } => Problem::Indefinite,
            Error::DepthOverflow { .. } => Problem::TooDeep,
            _ => Problem::Syntax { at: self.at() },
        }
    }
}

impl<'a> Read<'a> for Reader<'a> {
    type Error = Infallible;

    fn fill<'short>(&'short mut self, want: usize) -> Result<Reference<'a, 'short>, Infallible> {
        Ok(Reference::Long(&self.rest[..want.min(self.rest.len())]))
    }

    fn advance(&mut self, count: usize) {
        self.rest = &self.rest[count.min(self.rest.len())..];
    }

    fn step_in(&mut self) -> bool {
        self.depth += 1;
        // The message itself is one level.
        self.depth <= DEPTH_MAX + 1
    }

    fn step_out(&mut self) {
        self.depth -= 1;
    }
}

/// Writes frames in CBOR: definite lengths, numbers as short as they can be.
#[derive(Debug)]
pub(super) struct CborWriter<'b, B>(Appending<'b, B>);

impl<'b, B: Buffer> CborWriter<'b, B> {
    pub(super) const fn new(buffer: &'b mut B) -> Self {
        Self(Appending(buffer))
    }

    fn say(&mut self, value: impl Encode) {
        written(value.encode(&mut self.0));
    }
}

fn written(result: Result<(), enc::Error<Infallible>>) {
    debug_assert!(result.is_ok(), "a buffer takes all");
}

impl<B: Buffer> Write for CborWriter<'_, B> {
    fn object(&mut self, fields: usize) {
        written(Map::bounded(fields, &mut self.0));
    }

    fn object_end(&mut self) {}

    fn key(&mut self, key: &'static str) {
        self.say(key);
    }

    fn list(&mut self, entries: usize) {
        written(Array::bounded(entries, &mut self.0));
    }

    fn entry(&mut self) {}

    fn list_end(&mut self) {}

    fn text(&mut self, text: &str) {
        self.say(text);
    }

    fn number(&mut self, number: u64) {
        self.say(number);
    }

    fn flag(&mut self, flag: bool) {
        self.say(flag);
    }

    fn payload(&mut self, payload: &Message) {
        match payload {
            Message::Text(text) => self.say(UncheckedStr(text.as_bytes())),
            Message::Binary(bytes) => self.say(Bytes(&bytes[..])),
        }
    }
}

#[derive(Debug)]
struct Appending<'b, B>(&'b mut B);

impl<B: Buffer> enc::Write for Appending<'_, B> {
    type Error = Infallible;

    fn push(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.0.append(bytes);
        Ok(())
    }
}
