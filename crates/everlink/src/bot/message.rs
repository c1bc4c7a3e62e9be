//! What people say in a chat.

use serde_json::Value;

/// A message of the chat: what stood behind `MSG`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatMessage {
    /// Who said it; empty if the server did not say.
    pub nick: String,
    /// What was said.
    pub data: String,
    /// What the server says of who said it, such as `moderator`.
    pub features: Vec<String>,
    /// When, by the server's clock. Unit: milliseconds since 1970.
    pub timestamp: Option<u64>,
}

/// A message that is not of the form that was expected; the text says nothing of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` of a message is {found}; accepted: {accepted}")]
#[non_exhaustive]
pub struct MalformedMessage {
    /// Which field.
    pub field: &'static str,
    /// What it is.
    pub found: &'static str,
    /// What it may be.
    pub accepted: &'static str,
}

impl ChatMessage {
    /// Parses the JSON behind `MSG`. Fields that it does not know are left aside.
    ///
    /// # Errors
    ///
    /// [`MalformedMessage`] if it is no object, `data` is missing, or a field has another type.
    pub fn parse(json: &str) -> Result<Self, MalformedMessage> {
        let wrong = |field, found, accepted| MalformedMessage { field, found, accepted };
        let value: Value = serde_json::from_str(json)
            .map_err(|_| wrong("MSG", "not valid JSON", "a JSON object"))?;
        let text = |field| {
            let given = &value[field];
            match given.as_str() {
                Some(text) => Ok(Some(text.to_owned())),
                None if given.is_null() => Ok(None),
                None => Err(wrong(field, kind(given), "a string")),
            }
        };
        let Some(data) = text("data")? else {
            return Err(wrong("data", "missing", "a string"));
        };
        let given = &value["features"];
        let features = match given.as_array() {
            Some(all) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            None if given.is_null() => Vec::new(),
            None => return Err(wrong("features", kind(given), "a list of strings")),
        };
        let given = &value["timestamp"];
        let timestamp = match given.as_u64() {
            None if !given.is_null() => {
                return Err(wrong("timestamp", kind(given), "whole milliseconds from 0"));
            }
            time => time,
        };
        Ok(Self { nick: text("nick")?.unwrap_or_default(), data, features, timestamp })
    }

    /// Returns whether the server gives who said it this feature.
    #[must_use]
    pub fn has_feature(&self, feature: &str) -> bool {
        self.features.iter().any(|own| own == feature)
    }

    /// Returns what is sent to say `text`.
    pub(super) fn say(text: &str) -> String {
        serde_json::json!({ "data": text }).to_string()
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "missing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number out of range",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
