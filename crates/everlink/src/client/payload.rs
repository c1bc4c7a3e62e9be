//! What is published, and what comes.

use bytes::Bytes;
use everlink_wire::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a message of a channel carries: JSON, or bytes.
///
/// A text becomes a JSON string. Cloning costs nothing: the bytes are shared.
///
/// ```
/// use everlink::Payload;
///
/// assert_eq!(Payload::from("hello").as_json(), Some("\"hello\""));
/// let order = Payload::json(&(7, "tea"))?;
/// assert_eq!(order.as_json(), Some(r#"[7,"tea"]"#));
/// assert_eq!(order.decode::<(u32, String)>()?, (7, "tea".to_owned()));
/// assert_eq!(Payload::from(vec![1, 2]).as_bytes(), Some(&[1, 2][..]));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Payload(pub(crate) Message);

impl Payload {
    /// Makes a payload of anything that can be said in JSON.
    ///
    /// # Errors
    ///
    /// When it cannot be: a map with keys that are no texts, or a value whose own code fails.
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(Self::raw_json)
    }

    /// Makes a payload of bytes.
    pub fn binary(bytes: impl Into<Bytes>) -> Self {
        Self(Message::Binary(bytes.into()))
    }

    /// Takes a text that is JSON already. It is checked when it is published.
    #[must_use]
    pub fn raw_json(text: String) -> Self {
        Self(Message::Text(text.into()))
    }

    /// Returns the JSON text, if it is JSON.
    #[must_use]
    pub fn as_json(&self) -> Option<&str> {
        self.0.as_text()
    }

    /// Returns the bytes, if it is not JSON.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Message::Text(_) => None,
            Message::Binary(bytes) => Some(bytes),
        }
    }

    /// Returns the text, if it is a JSON string.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        serde_json::from_str(self.as_json()?).ok()
    }

    /// Parses the JSON; bytes count as a text of JSON too.
    ///
    /// # Errors
    ///
    /// When it is not JSON, or not of that type.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(self.0.as_bytes())
    }

    /// Returns how many bytes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no bytes in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the message that carries it.
    #[must_use]
    pub fn into_message(self) -> Message {
        self.0
    }
}

impl From<&str> for Payload {
    fn from(text: &str) -> Self {
        serde_json::Value::from(text).into()
    }
}

impl From<String> for Payload {
    fn from(text: String) -> Self {
        serde_json::Value::from(text).into()
    }
}

impl From<serde_json::Value> for Payload {
    fn from(value: serde_json::Value) -> Self {
        Self::raw_json(value.to_string())
    }
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Self::binary(bytes)
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self::binary(bytes)
    }
}

impl From<&[u8]> for Payload {
    fn from(bytes: &[u8]) -> Self {
        Self::binary(bytes.to_vec())
    }
}
