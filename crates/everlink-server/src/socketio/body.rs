//! What a client is told of a channel: messages and values as events.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use everlink_engine::server::Stored;
use everlink_wire::Message;
use everlink_wire::socketio::{
    RESERVED_EVENTS, check_placeholders, open_list, write_event, write_event_header,
    write_last_text,
};
use everlink_wire::ws::Text;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::args::Args;
use crate::plain::MessageView;
use crate::speech::{Name, Payload};

/// An event, ready but for what is each receiver's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Body {
    /// From the type of the packet to the last argument, without the bracket that closes the list.
    pub(super) open: Bytes,
    pub(super) attachments: Vec<Bytes>,
}

/// An event as it stands in a channel.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredEvent<'a> {
    event: String,
    #[serde(borrow)]
    args: Vec<&'a RawValue>,
    #[serde(default)]
    attachments: Vec<String>,
}

impl Body {
    /// Returns a stored message as an event: as the one that it is, or else as `message` with what clients of
    /// plain JSON get.
    pub(super) fn of_stored(namespace: &Text, stored: &Stored<Name, Message>) -> Option<Self> {
        if let Some(event) = Self::of_event(namespace, &stored.payload) {
            return Some(event);
        }
        let mut view = MessageView::of_stored(stored);
        let attachments = take_attachments(&mut view.content);
        let view = serde_json::to_string(&view).ok()?;
        let mut data = Vec::with_capacity(view.len() + 16);
        write_event(MESSAGE, [view.as_str()], &mut data);
        Self::new(namespace, None, &data, attachments)
    }

    /// Returns what a payload is, if it has the form of an event.
    pub(super) fn of_event(namespace: &Text, payload: &Message) -> Option<Self> {
        let Message::Text(text) = payload else { return None };
        if !begins_like_event(text.as_bytes()) {
            return None;
        }
        let event: StoredEvent<'_> = serde_json::from_slice(text.as_bytes()).ok()?;
        if RESERVED_EVENTS.contains(&event.event.as_str()) {
            return None;
        }
        let attachments = decoded(event.attachments.iter().map(String::as_str))?;
        let mut data = Vec::with_capacity(text.len());
        write_event(&event.event, event.args.iter().map(|value| value.get()), &mut data);
        // Anybody may have published it.
        places_are_right(&data, attachments.len())?;
        Self::new(namespace, None, &data, attachments)
    }

    /// Returns an event of the server.
    pub(super) fn of_args(
        namespace: &Text,
        id: Option<u64>,
        event: &str,
        args: &Args,
    ) -> Option<Self> {
        let data = args.of_event(event);
        Self::new(namespace, id, data.as_bytes(), args.attachments().to_vec())
    }

    pub(super) fn new(
        namespace: &Text,
        id: Option<u64>,
        data: &[u8],
        attachments: Vec<Bytes>,
    ) -> Option<Self> {
        let mut open = Vec::with_capacity(data.len() + namespace.len() + 8);
        write_event_header(namespace, attachments.len(), id, &mut open);
        open.extend_from_slice(open_list(data)?);
        Some(Self { open: open.into(), attachments })
    }

    /// Returns the packet, with the offset if its receiver is to have one.
    pub(super) fn close(&self, offset: Option<&str>) -> Payload {
        let text = close(&self.open, offset);
        if self.attachments.is_empty() {
            return text;
        }
        let attached = self.attachments.iter().map(|bytes| Payload::Binary(bytes.to_vec()));
        Payload::Several(std::iter::once(text).chain(attached).collect())
    }
}

/// Takes the bytes out of a message that has some: those that stand in `attachments`, as base64, for the placeholders
/// in the rest.
fn take_attachments(content: &mut Map<String, Value>) -> Vec<Bytes> {
    let take = || {
        let list = content.get(ATTACHMENTS)?.as_array()?;
        let texts: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
        let attachments = decoded(texts?.into_iter())?;
        let rest = content.iter().filter(|(name, _)| *name != ATTACHMENTS);
        let rest: Map<String, Value> =
            rest.map(|(name, value)| (name.clone(), value.clone())).collect();
        places_are_right(Value::Object(rest).to_string().as_bytes(), attachments.len())?;
        Some(attachments)
    };
    let taken = take().unwrap_or_default();
    if !taken.is_empty() {
        content.remove(ATTACHMENTS);
    }
    taken
}

fn decoded<'a>(texts: impl Iterator<Item = &'a str>) -> Option<Vec<Bytes>> {
    texts.map(|text| STANDARD.decode(text).ok().map(Bytes::from)).collect()
}

/// Clients take a packet for broken whose placeholders name what is not there.
fn places_are_right(data: &[u8], attachments: usize) -> Option<()> {
    if attachments == 0 {
        return Some(());
    }
    let data = std::str::from_utf8(data).ok()?;
    check_placeholders(data, attachments).ok()
}

/// Returns whether a text can be an event, by its first key: most messages are none, and are not parsed for it.
fn begins_like_event(text: &[u8]) -> bool {
    let Some(inner) = text.trim_ascii_start().strip_prefix(b"{") else { return false };
    let inner = inner.trim_ascii_start();
    let keys: [&[u8]; 3] = [b"\"event\"", b"\"args\"", b"\"attachments\""];
    keys.iter().any(|key| inner.starts_with(key))
}

/// Completes an event.
pub(super) fn close(open: &[u8], offset: Option<&str>) -> Payload {
    let mut text = Vec::with_capacity(open.len() + offset.map_or(0, str::len) + 4);
    text.extend_from_slice(open);
    match offset {
        Some(offset) => write_last_text(offset, &mut text),
        None => text.push(b']'),
    }
    // All parts are texts.
    String::from_utf8(text).map_or(Payload::Nothing, Payload::Text)
}

/// Returns a value of a channel as the argument of an event: the fields of an object stand beside the room and whose
/// it is.
pub(super) fn news(room: &str, user: Option<&str>, payload: &Message) -> Value {
    let value: Value = serde_json::from_slice(payload.as_bytes()).unwrap_or(Value::Null);
    let mut fields = if let Value::Object(fields) = value {
        fields
    } else {
        Map::from_iter([("payload".to_owned(), value)])
    };
    fields.insert("room".to_owned(), Value::from(room));
    if let Some(user) = user {
        fields.insert("user_id".to_owned(), Value::from(user));
    }
    Value::Object(fields)
}

/// Where the bytes of a message stand.
pub(super) const ATTACHMENTS: &str = "attachments";

/// The event that a message is which is no event.
pub(super) const MESSAGE: &str = "message";

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(payload: Message) -> Stored<Name, Message> {
        Stored {
            channel: "x".into(),
            offset: 3,
            epoch: None,
            producer: "p".into(),
            sequence: 1,
            id: None,
            user: None,
            at: 0,
            payload,
        }
    }

    fn said(payload: &'static str) -> String {
        let body = Body::of_stored(&"/n".into(), &stored(payload.into())).unwrap();
        let Payload::Text(text) = body.close(Some("1.2")) else { panic!("no text") };
        text
    }

    #[test]
    fn req_r05_an_event_in_a_channel_is_that_event_and_anything_else_a_message() {
        assert_eq!(said(r#"{"event":"e","args":[1,{}]}"#), r#"2/n,["e",1,{},"1.2"]"#);
        assert_eq!(said(r#"{"event":"e","args":[]}"#), r#"2/n,["e","1.2"]"#);
        assert_eq!(said(r#" { "args" : [1] , "event" : "e" }"#), r#"2/n,["e",1,"1.2"]"#);
        for other in [
            r#"{"event":"connect","args":[]}"#,
            r#"{"event":"e","args":[],"more":1}"#,
            r#"{"event":"e"}"#,
            r#"{"event":"e","args":[],"attachments":["?"]}"#,
            r#"{"event":"e","args":[{"_placeholder":true,"num":1}],"attachments":["AQ=="]}"#,
            r#"{"plaintext":"hi"}"#,
            "7",
        ] {
            let said = said(other);
            assert!(
                said.starts_with(r#"2/n,["message",{"id":"p:1","conversation_id":"x""#),
                "{said}"
            );
            assert!(said.ends_with(r#"},"1.2"]"#), "{said}");
        }
    }

    #[test]
    fn bytes_in_a_channel_are_bytes_for_the_client() {
        let args = Args::new().with_bytes(vec![1, 2]);
        let payload = super::super::broadcast::payload("e", &args);
        let body = Body::of_stored(&"/".into(), &stored(payload)).unwrap();
        let text = Payload::Text(r#"51-["e",{"_placeholder":true,"num":0}]"#.to_owned());
        assert_eq!(body.close(None), Payload::Several(vec![text, Payload::Binary(vec![1, 2])]));
    }
}
