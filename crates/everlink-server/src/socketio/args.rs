//! What events and acknowledgements carry.

use bytes::Bytes;
use everlink_wire::socketio::{self, placeholder, write_list};
use everlink_wire::ws::Text;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The arguments of an event or of an acknowledgement: JSON, and bytes beside it.
///
/// Made of one JSON value (`json!({..}).into()`), of several (`[a, b].into()`), of nothing (`().into()`), or one
/// after the other. What came from a client can be sent on as it is, attachments included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Args {
    /// A list in JSON.
    list: Text,
    attachments: Vec<Bytes>,
}

impl Args {
    /// Makes an empty list.
    #[must_use]
    pub fn new() -> Self {
        Self { list: Text::from("[]"), attachments: Vec::new() }
    }

    /// Takes a list in JSON, in which [`placeholder`]s stand for attachments, that is known to be valid.
    pub(super) const fn of_valid(list: Text, attachments: Vec<Bytes>) -> Self {
        Self { list, attachments }
    }

    /// Appends an argument.
    ///
    /// # Errors
    ///
    /// Its `Serialize` fails, or it has a map whose keys are no strings.
    pub fn with(self, value: &impl Serialize) -> Result<Self, serde_json::Error> {
        let json = serde_json::to_string(value)?;
        Ok(self.push(&json))
    }

    /// Appends an argument that is bytes.
    #[must_use]
    pub fn with_bytes(mut self, bytes: impl Into<Bytes>) -> Self {
        let place = placeholder(self.attachments.len());
        self.attachments.push(bytes.into());
        self.push(&place)
    }

    /// Returns an argument; `None` if there are not so many, or it is something else. Bytes are
    /// [`attachments`](Self::attachments).
    #[must_use]
    pub fn get<T: DeserializeOwned>(&self, at: usize) -> Option<T> {
        let list = socketio::Args::parse(self.list.as_str()).ok()?;
        serde_json::from_str(list.all().get(at)?.get()).ok()
    }

    /// Returns how many arguments there are.
    #[must_use]
    pub fn len(&self) -> usize {
        socketio::Args::parse(self.list.as_str()).map_or(0, |list| list.all().len())
    }

    /// Returns whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the list in JSON: an attachment's place is taken by `{"_placeholder":true,"num":0}`.
    #[must_use]
    pub const fn list(&self) -> &Text {
        &self.list
    }

    /// Returns the bytes, by the numbers of their places.
    #[must_use]
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// Returns the list that begins with the name of an event.
    pub(super) fn of_event(&self, event: &str) -> Text {
        let list = self.list.as_str();
        let mut out = String::with_capacity(list.len() + event.len() + 8);
        out.push('[');
        out.push_str(&Value::from(event).to_string());
        let inner = list[1..].trim_start();
        if !inner.starts_with(']') {
            out.push(',');
        }
        out.push_str(inner);
        out.into()
    }

    fn push(mut self, json: &str) -> Self {
        let list = self.list.as_str();
        let open = list.trim_end().strip_suffix(']').unwrap_or("[").trim_end();
        let comma = if open.ends_with('[') && self.is_empty() { "" } else { "," };
        self.list = format!("{open}{comma}{json}]").into();
        self
    }
}

impl Default for Args {
    fn default() -> Self {
        Self::new()
    }
}

impl From<()> for Args {
    fn from((): ()) -> Self {
        Self::new()
    }
}

impl From<Value> for Args {
    fn from(value: Value) -> Self {
        [value].into()
    }
}

impl From<&str> for Args {
    fn from(text: &str) -> Self {
        Value::from(text).into()
    }
}

impl<const N: usize> From<[Value; N]> for Args {
    fn from(values: [Value; N]) -> Self {
        Vec::from(values).into()
    }
}

impl From<Vec<Value>> for Args {
    fn from(values: Vec<Value>) -> Self {
        Self { list: Value::from(values).to_string().into(), attachments: Vec::new() }
    }
}

/// Takes the name of an event off its list. Both were checked when they came.
pub(super) fn split_event(data: &Text, attachments: Vec<Bytes>) -> Option<(String, Args)> {
    let list = socketio::Args::parse(data.as_str()).ok()?;
    let name = list.event()?.into_owned();
    let mut out = Vec::with_capacity(data.len());
    write_list(list.after_event().iter().map(|value| value.get()), &mut out);
    let list = Text::try_from(Bytes::from(out)).ok()?;
    Some((name, Args { list, attachments }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_are_put_together_and_taken_apart() {
        let args = Args::new().with(&1).unwrap().with_bytes(vec![7]).with(&"x").unwrap();
        assert_eq!(args.list(), &r#"[1,{"_placeholder":true,"num":0},"x"]"#);
        assert_eq!((args.len(), args.get::<u8>(0), args.get::<u8>(2)), (3, Some(1), None));
        assert_eq!(args.of_event("e\"").as_str(), r#"["e\"",1,{"_placeholder":true,"num":0},"x"]"#);
        assert_eq!(Args::new().of_event("e"), r#"["e"]"#);
        assert_eq!(Args::from(json!({"a": [1]})).list(), &r#"[{"a":[1]}]"#);
        assert_eq!(Args::from(()).len(), 0);
        let data = Text::from(r#"[ "a" , [ ] ,2]"#);
        let (name, rest) = split_event(&data, Vec::new()).unwrap();
        assert_eq!((name.as_str(), rest.list().as_str()), ("a", "[[ ],2]"));
        assert_eq!(Args::of_valid("[ ]".into(), vec![]).with(&1).unwrap().list(), &"[1]");
    }
}
