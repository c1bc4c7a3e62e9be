//! How a stored message looks to clients of plain JSON, whoever published it.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use everlink_engine::server::Stored;
use everlink_wire::Message;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::log::Record;
use crate::speech::Name;

/// A message of a conversation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct MessageView {
    /// Names the message; the same at every endpoint.
    pub(crate) id: String,
    /// The conversation.
    pub(crate) conversation_id: String,
    /// Its place in the conversation, from 1, without holes.
    pub(crate) sequence_number: u64,
    /// Who sent it, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sender_id: Option<String>,
    /// When it was stored (RFC 3339, UTC).
    pub(crate) created_at: String,
    /// What was sent: the fields of an object stand beside the others, anything else in `payload`.
    #[serde(flatten)]
    #[schema(additional_properties)]
    pub(crate) content: Map<String, Value>,
}

impl MessageView {
    pub(crate) fn of_record(channel: &str, record: &Record) -> Self {
        let id = record.id.as_deref();
        let user = record.user.as_deref();
        let origin = (&*record.producer, record.sequence);
        Self::new(channel, record.offset, record.at, id, origin, user, &record.payload)
    }

    pub(crate) fn of_stored(stored: &Stored<Name, Message>) -> Self {
        let Stored { channel, offset, at, id, user, payload, .. } = stored;
        let origin = (&*stored.producer, stored.sequence);
        Self::new(channel, *offset, *at, id.as_deref(), origin, user.as_deref(), payload)
    }

    fn new(
        channel: &str,
        offset: u64,
        at: u64,
        id: Option<&str>,
        origin: (&str, u64),
        user: Option<&str>,
        payload: &Message,
    ) -> Self {
        let mut content = content(payload);
        let claimed = content.remove("sender_id");
        let claimed = claimed.and_then(|sender| sender.as_str().map(str::to_owned));
        Self {
            id: message_id(id, origin.0, origin.1),
            conversation_id: channel.to_owned(),
            sequence_number: offset,
            sender_id: user.map(str::to_owned).or(claimed),
            created_at: time(at),
            content,
        }
    }

    /// Returns the text of the message, by whichever name its sender gave it.
    pub(crate) fn text(&self) -> Option<&str> {
        TEXT_FIELDS.iter().find_map(|field| self.content.get(*field)?.as_str())
    }

    /// Returns whether it is the answer of an assistant.
    pub(crate) fn is_reply(&self) -> bool {
        self.content.get("role").and_then(Value::as_str) == Some(ASSISTANT)
    }
}

/// Returns the name of a message: the one it was given, or else what only it is made of.
pub(crate) fn message_id(id: Option<&str>, producer: &str, sequence: u64) -> String {
    match id {
        Some(id) => id.to_owned(),
        None => format!("{producer}:{sequence}"),
    }
}

/// Names the producer of a message that its client has named: one for each name, so that sending it
/// again stores it once.
pub(crate) fn id_producer(id: &str) -> String {
    format!("{ID_PREFIX}{id}")
}

/// Returns the name that a client gave a message, from the producer that was made of it.
pub(crate) fn given_id(producer: &str) -> Option<&str> {
    producer.strip_prefix(ID_PREFIX)
}

/// Returns whether a client may name a message like that.
pub(crate) fn is_message_id(id: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&id.len()) && !id.contains(|c: char| c == '~' || c.is_control())
}

fn content(payload: &Message) -> Map<String, Value> {
    let value = match payload {
        Message::Binary(bytes) => return single("binary", Value::from(STANDARD.encode(bytes))),
        Message::Text(text) => serde_json::from_slice(text.as_bytes()).unwrap_or(Value::Null),
    };
    match value {
        Value::Object(map) if !RESERVED.iter().any(|name| map.contains_key(*name)) => map,
        Value::String(text) => single("plaintext", Value::String(text)),
        value => single("payload", value),
    }
}

fn single(name: &str, value: Value) -> Map<String, Value> {
    std::iter::once((name.to_owned(), value)).collect()
}

/// Writes a time in milliseconds since 1970 as RFC 3339 has it.
pub(crate) fn time(at: u64) -> String {
    let at = UNIX_EPOCH + Duration::from_millis(at.min(TIME_MAX_MS));
    humantime::format_rfc3339_millis(at).to_string()
}

/// What an answer of an assistant says of itself, as `role`.
pub(crate) const ASSISTANT: &str = "assistant";

/// Fields that are the server's to say.
pub(crate) const RESERVED: [&str; 5] =
    ["type", "id", "conversation_id", "sequence_number", "created_at"];

/// Where senders put their text, in the order in which it is looked for.
const TEXT_FIELDS: [&str; 4] = ["plaintext", "message", "text", "content"];

/// Begins the producers that are made of names of messages.
const ID_PREFIX: &str = "id.";

/// Longest name that a client can give a message, in bytes.
const ID_BYTES_MAX: usize = 128;

/// The last millisecond of the year 9999.
const TIME_MAX_MS: u64 = 253_402_300_799_999;

#[cfg(test)]
mod tests {
    use super::*;

    fn view(payload: &'static str) -> Value {
        let origin = ("p", 3);
        let view = MessageView::new("room", 7, 0, None, origin, None, &Message::from(payload));
        serde_json::to_value(view).unwrap_or_default()
    }

    #[test]
    fn req_m07_a_message_carries_id_and_sequence_number_and_what_was_sent() {
        let value = view(r#"{"sender_id":"ann","plaintext":"hi","mood":1}"#);
        let expected = serde_json::json!({
            "id": "p:3", "conversation_id": "room", "sequence_number": 7, "sender_id": "ann",
            "created_at": "1970-01-01T00:00:00.000Z", "plaintext": "hi", "mood": 1,
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn what_would_hide_the_servers_fields_stands_apart() {
        assert_eq!(view(r#"{"id":"fake"}"#)["payload"]["id"], "fake");
        assert_eq!(view(r#"{"id":"fake"}"#)["id"], "p:3");
        assert_eq!(view("[1]")["payload"], serde_json::json!([1]));
        assert_eq!(view("\"hi\"")["plaintext"], "hi");
    }

    #[test]
    fn a_name_for_a_message_is_short_and_cannot_pass_for_another_users() {
        assert!(is_message_id("0b3e-1") && is_message_id(&"x".repeat(128)));
        for wrong in ["", "a~b", "a\nb", &"x".repeat(129)] {
            assert!(!is_message_id(wrong), "{wrong:?}");
        }
    }
}
