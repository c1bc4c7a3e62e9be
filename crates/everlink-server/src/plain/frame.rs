//! What a client of plain JSON sends.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Endpoint;
use super::view::{RESERVED, is_message_id};
use crate::conversation::TYPING_KEY;

/// A message of a client, read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Frame {
    Ping,
    Pong,
    Auth {
        token: String,
    },
    /// A message to be stored.
    Message {
        id: Option<String>,
        content: Value,
    },
    /// A value that is not kept.
    Volatile {
        key: String,
        payload: Value,
    },
    Read {
        sequence_number: u64,
    },
}

/// Why a message is not understood, in words.
pub(crate) type Complaint = String;

#[derive(Debug, Deserialize)]
struct Raw {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

impl Frame {
    pub(crate) fn parse(endpoint: Endpoint, text: &str) -> Result<Self, Complaint> {
        let raw: Raw = serde_json::from_str(text)
            .map_err(|error| format!("a message is a JSON object with a `type`: {error}"))?;
        let Raw { kind, fields } = raw;
        let kind = kind.unwrap_or_else(|| "message".to_owned());
        match (kind.as_str(), endpoint) {
            ("ping", _) => Ok(Self::Ping),
            ("pong", _) => Ok(Self::Pong),
            ("auth", _) => match fields.get("token").and_then(Value::as_str) {
                Some(token) => Ok(Self::Auth { token: token.to_owned() }),
                None => Err("`auth` wants a `token`".to_owned()),
            },
            (_, Endpoint::Status) => {
                Err(format!("`{kind}` is not accepted here; accepted: ping, pong, auth"))
            }
            ("message" | "chat_message", _) => message(fields),
            ("read", _) => match fields.get("sequence_number").and_then(Value::as_u64) {
                Some(sequence_number) => Ok(Self::Read { sequence_number }),
                None => Err("`read` wants a `sequence_number`".to_owned()),
            },
            (TYPING_KEY, _) => Ok(Self::Volatile { key: kind, payload: typing(&fields) }),
            (_, Endpoint::Messenger) => Ok(Self::Volatile { key: kind, payload: body(fields) }),
            (_, Endpoint::Chat) => Err(format!(
                "`{kind}` is not accepted here; accepted: message, typing, read, ping, pong, auth"
            )),
        }
    }
}

/// Reads a message to be stored. Its content stands in `payload`, or beside `type`.
fn message(mut fields: Map<String, Value>) -> Result<Frame, Complaint> {
    let id = match fields.remove("id") {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) if is_message_id(&id) => Some(id),
        Some(_) => {
            return Err("`id` must be 1 to 128 bytes without `~` and control characters".to_owned());
        }
    };
    let mut content = body(fields);
    if let Value::Object(fields) = &mut content {
        // By the name that all endpoints know.
        if let Some(text) = fields.remove("message").filter(|_| !fields.contains_key("plaintext")) {
            fields.insert("plaintext".to_owned(), text);
        }
        if fields.keys().all(|name| name == "sender_id") {
            return Err(
                "there is nothing in the message: `message` or `plaintext`, for example".to_owned()
            );
        }
    }
    Ok(Frame::Message { id, content })
}

fn body(mut fields: Map<String, Value>) -> Value {
    match fields.remove("payload") {
        Some(payload) => payload,
        None => {
            fields.retain(|name, _| !RESERVED.contains(&name.as_str()));
            Value::Object(fields)
        }
    }
}

fn typing(fields: &Map<String, Value>) -> Value {
    let typing = fields.get("typing").or_else(|| fields.get("is_typing"));
    let typing = typing.and_then(Value::as_bool).unwrap_or(true);
    serde_json::json!({ "typing": typing, "expires_in_ms": TYPING_EXPIRES_MS })
}

/// How long somebody counts as typing who does not say so again.
const TYPING_EXPIRES_MS: u64 = 5000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_c09_messages_of_both_source_systems_are_read() {
        for text in [
            r#"{"type":"message","message":"hi"}"#,
            r#"{"message":"hi"}"#,
            r#"{"type":"message","payload":{"plaintext":"hi"}}"#,
            r#"{"type":"chat_message","plaintext":"hi","conversation_id":"x"}"#,
        ] {
            let frame = Frame::parse(Endpoint::Chat, text).unwrap();
            let content = serde_json::json!({"plaintext": "hi"});
            assert_eq!(frame, Frame::Message { id: None, content }, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (endpoint, text, expected) in [
            (Endpoint::Chat, "no", "JSON object"),
            (Endpoint::Chat, "[]", "JSON object"),
            (Endpoint::Chat, r#"{"type":"message"}"#, "nothing in the message"),
            (Endpoint::Chat, r#"{"message":"x","id":"a~b"}"#, "`id`"),
            (Endpoint::Chat, r#"{"message":"x","id":7}"#, "`id`"),
            (Endpoint::Chat, r#"{"type":"wave"}"#, "`wave`"),
            (Endpoint::Status, r#"{"message":"x"}"#, "accepted: ping"),
            (Endpoint::Messenger, r#"{"type":"read"}"#, "sequence_number"),
            (Endpoint::Messenger, r#"{"type":"auth"}"#, "token"),
        ] {
            let complaint = Frame::parse(endpoint, text).unwrap_err();
            assert!(complaint.contains(expected), "{text}: {complaint}");
        }
    }

    #[test]
    fn any_other_kind_is_a_messengers_own_volatile_value() {
        let frame = Frame::parse(Endpoint::Messenger, r#"{"type":"wave","payload":3}"#).unwrap();
        assert_eq!(frame, Frame::Volatile { key: "wave".to_owned(), payload: Value::from(3) });
    }
}
