//! Payloads: `d` holds JSON, `x` bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::{Accepted, Found, Problem};
use super::field::{Fault, Field, Put};
use super::fields::Fields;
use super::limits::DEPTH_MAX;
use super::table::FieldRow;
use super::value::Value;
use super::write::Write;
use super::{cbor, json};
use crate::message::Message;
use crate::ws::Text;

const JSON_KEY: &str = "d";
const BYTES_KEY: &str = "x";

/// The payload of a frame: exactly one of `d` and `x`.
pub(super) struct Payload;

impl Field for Payload {
    type Value<'a> = Message;

    fn rows(_key: &'static str, about: &'static str) -> Vec<FieldRow> {
        vec![
            FieldRow::either(JSON_KEY, about, Accepted::Json),
            FieldRow::either(BYTES_KEY, about, Accepted::Bytes),
        ]
    }

    fn read<'a>(fields: &Fields<'a>, _key: &'static str) -> Result<Message, Fault> {
        match (fields.get(JSON_KEY), fields.get(BYTES_KEY)) {
            (Some(value), None) => {
                text(value, fields).map_err(|problem| Fault::from(problem).at(JSON_KEY))
            }
            (None, Some(value)) => {
                bytes(value, fields).map_err(|problem| Fault::from(problem).at(BYTES_KEY))
            }
            (Some(_), Some(_)) => Err(Problem::Payload { found: "both" }.into()),
            (None, None) => Err(Problem::Payload { found: "neither" }.into()),
        }
    }
}

impl Put<&Message> for Payload {
    fn count(_: &Message) -> usize {
        1
    }

    fn put(_key: &'static str, value: &Message, out: &mut impl Write) {
        out.key(match value {
            Message::Text(_) => JSON_KEY,
            Message::Binary(_) => BYTES_KEY,
        });
        out.payload(value);
    }
}

/// Checks that a payload can be sent: a text must be one JSON value, nested at most [`DEPTH_MAX`]
/// deep. Bytes can always be sent.
///
/// # Errors
///
/// [`Problem::PayloadSyntax`] or [`Problem::TooDeep`].
pub fn check_payload(payload: &Message) -> Result<(), Problem> {
    match payload {
        Message::Text(text) => check_text(text.as_str()).map_err(|place| match place {
            Some(at) => Problem::PayloadSyntax { at },
            None => Problem::TooDeep,
        }),
        Message::Binary(_) => Ok(()),
    }
}

/// Checks that a text is one JSON value, nested at most [`DEPTH_MAX`] deep; says where it is wrong, or
/// nothing if it is too deep.
pub(crate) fn check_text(text: &str) -> Result<(), Option<usize>> {
    json::check(text).map_err(Some)?;
    check_depth(text).map_err(|_| None)
}

fn text(value: Value<'_>, fields: &Fields<'_>) -> Result<Message, Problem> {
    let text = match value {
        Value::Json(raw) => raw,
        Value::Cbor(raw) => {
            value.expect(Found::Text, Accepted::Json)?;
            let text = cbor::text(raw)?;
            // It will stand in frames of JSON as it is.
            json::check(text).map_err(|at| Problem::PayloadSyntax { at })?;
            text.trim_matches(JSON_SPACE)
        }
    };
    check_depth(text)?;
    Ok(Message::Text(Text::from_checked(fields.source.slice_ref(text.as_bytes()))))
}

fn bytes(value: Value<'_>, fields: &Fields<'_>) -> Result<Message, Problem> {
    match value {
        Value::Json(_) => {
            let text = value.text(Accepted::Base64)?;
            let bytes = STANDARD.decode(text.as_bytes()).map_err(|_| Problem::Base64)?;
            Ok(Message::from(bytes))
        }
        Value::Cbor(raw) => {
            value.expect(Found::Bytes, Accepted::Bytes)?;
            Ok(Message::Binary(fields.source.slice_ref(cbor::bytes(raw)?)))
        }
    }
}

/// What may stand around a value (RFC 8259, section 2).
const JSON_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// Checks how deep valid JSON is nested, so that no reader of it runs out of stack.
fn check_depth(json: &str) -> Result<(), Problem> {
    let opens = |byte: &&u8| matches!(byte, b'[' | b'{');
    if json.as_bytes().iter().filter(opens).count() <= DEPTH_MAX {
        return Ok(());
    }
    if depth(json.as_bytes()) > DEPTH_MAX { Err(Problem::TooDeep) } else { Ok(()) }
}

fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest): (usize, usize) = (0, 0);
    let mut bytes = json.iter();
    let mut in_text = false;
    while let Some(byte) = bytes.next() {
        match (byte, in_text) {
            (b'"', _) => in_text = !in_text,
            (b'\\', true) => {
                bytes.next();
            }
            (b'[' | b'{', false) => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (b']' | b'}', false) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_texts_do_not_nest() {
        assert_eq!(depth(br#"{"[[":"\"[{","b":[[],{}]}"#), 3);
        let text = format!("\"{}\"", "[".repeat(1000));
        assert_eq!(check_payload(&Message::from(text)), Ok(()));
    }

    #[test]
    fn a_payload_may_be_nested_up_to_the_limit() {
        let nested = |depth| Message::from("[".repeat(depth) + &"]".repeat(depth));
        assert_eq!(check_payload(&nested(DEPTH_MAX)), Ok(()));
        assert_eq!(check_payload(&nested(DEPTH_MAX + 1)), Err(Problem::TooDeep));
    }
}
