//! A value that was not looked into yet, in either encoding.

use std::borrow::Cow;

use super::error::{Accepted, Found, Problem};
use super::field::Fault;
use super::{cbor, json};

/// One value of a message whose syntax is known to be right, unless it is the whole message.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    /// The text of a JSON value.
    Json(&'a str),
    /// The bytes of a CBOR item.
    Cbor(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Returns the kind of value.
    pub(super) fn found(self) -> Found {
        match self {
            Self::Json(raw) => json::found(raw),
            Self::Cbor(raw) => cbor::found(raw),
        }
    }

    /// Returns the text, which is borrowed unless it has escapes.
    pub(super) fn text(self, accepted: Accepted) -> Result<Cow<'a, str>, Problem> {
        self.expect(Found::Text, accepted)?;
        match self {
            Self::Json(raw) => json::text(raw),
            Self::Cbor(raw) => cbor::text(raw).map(Cow::Borrowed),
        }
    }

    /// Returns the number, if it is whole and between `min` and `max`.
    pub(super) fn number(self, min: u64, max: u64, accepted: Accepted) -> Result<u64, Problem> {
        self.expect(Found::Number, accepted)?;
        let number = match self {
            Self::Json(raw) => json::number(raw),
            Self::Cbor(raw) => cbor::number(raw)?,
        };
        match number {
            Ok(number) if (min..=max).contains(&number) => Ok(number),
            Ok(number) => Err(Problem::Range { found: number.to_string(), accepted }),
            Err(found) => Err(Problem::Range { found, accepted }),
        }
    }

    /// Returns whether it is true.
    pub(super) fn flag(self) -> Result<bool, Problem> {
        self.expect(Found::Flag, Accepted::Flag)?;
        match self {
            Self::Json(raw) => Ok(raw == "true"),
            Self::Cbor(raw) => cbor::flag(raw),
        }
    }

    /// Hands each entry of a list of at most `max` to `take`.
    pub(super) fn each(
        self,
        accepted: Accepted,
        max: usize,
        take: &mut dyn FnMut(Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.expect(Found::List, accepted)?;
        let mut count = 0;
        let mut counted = |value| {
            count += 1;
            if count > max { Err(Problem::Count { accepted }.into()) } else { take(value) }
        };
        match self {
            Self::Json(raw) => json::each(raw, &mut counted),
            Self::Cbor(raw) => cbor::each(raw, &mut counted),
        }
    }

    /// Checks the kind of value.
    pub(super) fn expect(self, wanted: Found, accepted: Accepted) -> Result<(), Problem> {
        let found = self.found();
        if found == wanted { Ok(()) } else { Err(Problem::WrongType { found, accepted }) }
    }
}
