//! `chat_text`: lines of the form `MSG {json}` (B07).
//!
//! A message whose text begins with `{` is a JSON object and travels as `MSG {…}`; any other text
//! is a line of its own (`JOIN …`) and travels as it is, in both directions.

use everlink_engine::Received;
use serde::de::IgnoredAny;

use super::{DecodeError, Encoded, RefusedPayload, data};
use crate::message::Message;
use crate::ws::Text;

const DIALECT: &str = "chat_text";
const COMMAND: &str = "MSG ";

pub(super) fn decode(message: Message) -> Result<Received<Message>, DecodeError> {
    let Message::Text(text) = &message else {
        return Ok(data(message));
    };
    if !text.as_bytes().starts_with(COMMAND.as_bytes()) {
        return Ok(data(message));
    }
    let json = text.clone().into_bytes().slice(COMMAND.len()..);
    if json.first() != Some(&b'{') {
        return Err(DecodeError::Malformed {
            dialect: DIALECT,
            what: "MSG",
            found: "something other than an object",
            accepted: "MSG {json}",
        });
    }
    match serde_json::from_slice::<IgnoredAny>(&json) {
        Ok(IgnoredAny) => Ok(data(Message::Text(Text::from_checked(json)))),
        Err(error) => Err(DecodeError::InvalidJson {
            dialect: DIALECT,
            what: "MSG",
            column: error.column() + COMMAND.len(),
        }),
    }
}

pub(super) fn encode<'a>(scratch: &'a mut String, text: &'a Text) -> Encoded<'a> {
    if text.as_bytes().first() != Some(&b'{') {
        return Encoded::Text(text.as_str());
    }
    scratch.clear();
    scratch.push_str(COMMAND);
    scratch.push_str(text.as_str());
    Encoded::Text(scratch)
}

pub(super) fn check(payload: &Message) -> Result<(), RefusedPayload> {
    let refused = |found| RefusedPayload {
        dialect: DIALECT,
        found,
        accepted: "a JSON object as text, or a line of another command",
    };
    let Message::Text(text) = payload else {
        return Err(refused("a binary message"));
    };
    let bytes = text.as_bytes();
    if bytes.starts_with(COMMAND.as_bytes()) {
        return Err(refused("a text that begins with `MSG `, which is added by itself"));
    }
    if bytes.first() == Some(&b'{') && serde_json::from_slice::<IgnoredAny>(bytes).is_err() {
        return Err(refused("a text that begins with `{` and is not valid JSON"));
    }
    Ok(())
}
