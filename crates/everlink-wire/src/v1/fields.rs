//! The fields of one object, not looked into yet.

use std::borrow::Cow;

use arrayvec::ArrayVec;
use bytes::Bytes;

use super::error::{Accepted, Found, Problem, excerpt};
use super::limits::FIELDS_MAX;
use super::value::Value;
use super::{cbor, json};

/// Keys and values in the order in which they came. The order means nothing.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    /// The message, to make slices of.
    pub(super) source: &'a Bytes,
    entries: ArrayVec<(Cow<'a, str>, Value<'a>), FIELDS_MAX>,
}

impl<'a> Fields<'a> {
    /// Reads a whole message.
    pub(super) fn of_message(value: Value<'a>, source: &'a Bytes) -> Result<Self, Problem> {
        let mut fields = Self::new(source);
        match value {
            Value::Json(raw) => json::message(raw, &mut fields)?,
            Value::Cbor(raw) => cbor::message(raw, &mut fields)?,
        }
        Ok(fields)
    }

    /// Reads an object that stands in a message.
    pub(super) fn of_object(value: Value<'a>, source: &'a Bytes) -> Result<Self, Problem> {
        value.expect(Found::Object, Accepted::Object)?;
        let mut fields = Self::new(source);
        match value {
            Value::Json(raw) => json::object(raw, &mut fields)?,
            Value::Cbor(raw) => cbor::object(raw, &mut fields)?,
        }
        Ok(fields)
    }

    fn new(source: &'a Bytes) -> Self {
        Self { source, entries: ArrayVec::new() }
    }

    /// Takes in a field.
    pub(super) fn push(&mut self, key: Cow<'a, str>, value: Value<'a>) -> Result<(), Problem> {
        if self.get(&key).is_some() {
            return Err(Problem::Duplicate { key: excerpt(&key) });
        }
        self.entries.try_push((key, value)).map_err(|_| Problem::TooManyFields)
    }

    /// Returns the value of a key.
    pub(super) fn get(&self, key: &str) -> Option<Value<'a>> {
        let mut entries = self.entries.iter();
        entries.find(|(known, _)| known == key).map(|(_, value)| *value)
    }
}
