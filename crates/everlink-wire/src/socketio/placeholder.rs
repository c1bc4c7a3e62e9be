//! Placeholders: what stands in a payload for an attachment.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::error::PacketError;

/// Returns what stands in a payload for an attachment.
#[must_use]
pub fn placeholder(attachment: usize) -> String {
    format!(r#"{{"_placeholder":true,"num":{attachment}}}"#)
}

/// Checks that all placeholders in a payload, which is valid JSON, name one of `count` attachments.
///
/// # Errors
///
/// [`PacketError::Placeholder`] for one that does not: a receiver would take the packet for broken.
pub fn check_placeholders(payload: &str, count: usize) -> Result<(), PacketError> {
    let mut wrong = None;
    let mut input = serde_json::Deserializer::from_str(payload);
    // The syntax was checked before.
    let _ = Walk { count, wrong: &mut wrong }.deserialize(&mut input);
    match wrong {
        Some(found) => Err(PacketError::Placeholder { found, count }),
        None => Ok(()),
    }
}

/// Looks through a value, and says of it what matters where it stands in an object.
struct Walk<'w> {
    count: usize,
    wrong: &'w mut Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    True,
    Number(u64),
    Other,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> DeserializeSeed<'a> for Walk<'_> {
    type Value = Seen;

    fn deserialize<D: Deserializer<'a>>(self, input: D) -> Result<Seen, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Walk<'_> {
    type Value = Seen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Seen, E> {
        Ok(if value { Seen::True } else { Seen::Other })
    }

    fn visit_u64<E>(self, value: u64) -> Result<Seen, E> {
        Ok(Seen::Number(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Seen, E> {
        Ok(Seen::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Seen, E> {
        Ok(Seen::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Seen, E> {
        Ok(Seen::Other)
    }

    fn visit_unit<E>(self) -> Result<Seen, E> {
        Ok(Seen::Other)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Seen, A::Error> {
        let Self { count, wrong } = self;
        while list.next_element_seed(Walk { count, wrong: &mut *wrong })?.is_some() {}
        Ok(Seen::Other)
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Seen, A::Error> {
        let Self { count, wrong } = self;
        let (mut marked, mut number) = (false, None);
        while let Some(Key(key)) = map.next_key()? {
            let seen = map.next_value_seed(Walk { count, wrong: &mut *wrong })?;
            match key.as_ref() {
                "_placeholder" => marked = seen == Seen::True,
                "num" => number = Some(seen),
                _ => {}
            }
        }
        if marked {
            let found = match number {
                Some(Seen::Number(number)) if number < count as u64 => None,
                Some(Seen::Number(number)) => Some(number.to_string()),
                Some(_) => Some("no whole number".to_owned()),
                None => Some("without a number".to_owned()),
            };
            *wrong = wrong.take().or(found);
        }
        Ok(Seen::Other)
    }
}
