//! Plain JSON as the speech of a connection.

use std::sync::Arc;

use everlink_engine::server::{Code, Hello, Place, Publish, Reply, Request};
use everlink_wire::Message;
use everlink_wire::v1::TOKEN_BYTES_MAX;
use serde_json::{Map, Value, json};

use super::Endpoint;
use super::frame::Frame;
use super::open::{Event, Opening};
use super::view::{MessageView, given_id, id_producer};
use crate::conversation::{READ_KEY, STATUS_KEY, TYPING_KEY};
use crate::node::{PRESENCE_KEY, random_token};
use crate::server::is_name;
use crate::speech::{Format, Incoming, Name, Payload, Speech, SpeechError};

/// Speaks plain JSON about one conversation.
#[derive(Debug)]
pub(crate) struct PlainSpeech {
    opening: Opening,
    /// Messages without a name that were sent here.
    sequence: u64,
    /// The version of the status that was told last.
    status: u64,
    /// The conversation may not be read: the client is let go with its next message.
    refused: Option<Code>,
    complaints: u8,
    greeted: bool,
}

impl PlainSpeech {
    pub(super) const fn new(opening: Opening) -> Self {
        Self { opening, sequence: 0, status: 0, refused: None, complaints: 0, greeted: false }
    }

    fn hello(&mut self, token: Option<Name>) -> Hello<Name> {
        self.greeted = true;
        // Fresh for each connection: two tabs of a user must not take over from each other.
        let name = Name::from(random_token("plain-"));
        let Opening { channel, from, .. } = &self.opening;
        Hello {
            version: 1,
            client: Arc::clone(&name),
            producer: name,
            auth: token,
            channels: vec![Place { channel: Arc::clone(channel), from: *from }],
            frame_max: None,
            last: None,
        }
    }

    fn request(&mut self, frame: Frame) -> Result<Option<Request<Name, Message>>, String> {
        let channel = Arc::clone(&self.opening.channel);
        Ok(Some(match frame {
            Frame::Ping => Request::Ping { nonce: 0 },
            Frame::Pong => return Ok(None),
            Frame::Auth { token } if token.len() > TOKEN_BYTES_MAX => {
                return Err(format!("`token` has more than {TOKEN_BYTES_MAX} bytes"));
            }
            Frame::Auth { token } if !self.greeted => {
                Request::Hello(self.hello(Some(token.into())))
            }
            Frame::Auth { token } => Request::Auth { token: token.into() },
            Frame::Message { id, content } => Request::Publish(self.publish(id, content)),
            Frame::Volatile { key, .. }
                if !is_name(&key) || RESERVED_KEYS.contains(&key.as_str()) =>
            {
                return Err(format!("`{key}` cannot be sent by a client"));
            }
            Frame::Volatile { key, payload } => {
                let payload = self.signed(payload);
                Request::Volatile { channel, key: key.into(), payload }
            }
            Frame::Read { sequence_number } => {
                let payload = self.signed(json!({ "sequence_number": sequence_number }));
                Request::Volatile { channel, key: READ_KEY.into(), payload }
            }
        }))
    }

    fn publish(&mut self, id: Option<String>, content: Value) -> Publish<Name, Message> {
        let channel = Arc::clone(&self.opening.channel);
        let (producer, sequence) = match id {
            Some(id) => (Some(Name::from(id_producer(&id))), 1),
            None => {
                self.sequence += 1;
                (None, self.sequence)
            }
        };
        let mut content = content;
        if let (Value::Object(fields), Some(user)) = (&mut content, &self.opening.user) {
            fields.entry("sender_id").or_insert_with(|| Value::from(&**user));
        }
        let payload = Message::from(content.to_string());
        Publish { channel, producer, sequence, before: None, payload }
    }

    /// Says in a value whose it is, as the URL says; readers prefer what the server knows.
    fn signed(&self, mut payload: Value) -> Message {
        if let (Value::Object(fields), Some(user)) = (&mut payload, &self.opening.user) {
            fields.insert("user_id".to_owned(), Value::from(&**user));
        }
        Message::from(payload.to_string())
    }

    /// Says what is wrong; a client that goes on like that is let go.
    fn complain(&mut self, code: Code, why: impl Into<Name>) -> SpeechError {
        self.complaints = self.complaints.saturating_add(1);
        let fatal = self.complaints > COMPLAINTS_MAX;
        SpeechError { code: code.close(), why: why.into(), fatal }
    }

    fn wants(&self, event: Event) -> bool {
        self.opening.events.contains(&event)
    }

    fn say(&mut self, reply: &Reply<Name, Message>) -> Option<Value> {
        let endpoint = self.opening.endpoint;
        match reply {
            Reply::Pong { .. } => Some(json!({ "type": "pong" })),
            Reply::Message(stored) => message(endpoint, &MessageView::of_stored(stored)),
            Reply::Volatile { channel, key, user, payload } => {
                self.volatile(channel, key, user.as_ref(), payload)
            }
            Reply::Retained { channel, key, payload, .. } => self.retained(channel, key, payload),
            Reply::Ack { channel, producer, offset, .. } => {
                let id = given_id(producer.as_ref()?)?;
                Some(json!({
                    "type": "ack", "conversation_id": channel, "id": id, "sequence_number": offset,
                }))
            }
            Reply::Nack { producer, code, why, .. } => {
                let id = producer.as_ref().and_then(|producer| given_id(producer));
                Some(json!({ "type": "error", "code": code, "message": why, "id": id }))
            }
            Reply::SubscribeOk { channel, epoch, head, replay } => {
                self.wants(Event::Ready).then(|| {
                    json!({
                        "type": "ready", "conversation_id": channel, "epoch": epoch.0,
                        "sequence_number": head, "replay": replay,
                    })
                })
            }
            Reply::SubscribeErr { code, why, .. } => {
                self.refused = Code::from_number(*code).or(Some(Code::Forbidden));
                Some(json!({ "type": "error", "code": code, "message": why }))
            }
            Reply::Gap { channel, from, to, cause, epoch } => (from <= to).then(|| {
                json!({
                    "type": "gap", "conversation_id": channel, "from": from, "to": to,
                    "why": cause_name(*cause), "epoch": epoch.map(|epoch| epoch.0),
                })
            }),
            Reply::AuthOk { expires } => Some(json!({
                "type": "auth_ok", "expires_in_s": expires.map(|expires| expires.as_secs()),
            })),
            Reply::Away { slot, .. } => self
                .wants(Event::Away)
                .then(|| json!({ "type": "away", "slot_ms": slot.as_millis() as u64 })),
            Reply::Err { code, why, retry, .. } => Some(json!({
                "type": "error", "code": code, "message": why,
                "retry_ms": retry.map(|retry| retry.as_millis() as u64),
            })),
            Reply::Welcome(_)
            | Reply::UnsubscribeOk { .. }
            | Reply::Page { .. }
            | Reply::ReadErr { .. }
            | Reply::Ping { .. }
            | Reply::Bye => None,
        }
    }

    fn volatile(
        &mut self,
        channel: &Name,
        key: &Name,
        user: Option<&Name>,
        payload: &Message,
    ) -> Option<Value> {
        let value = value(payload);
        if &**key == STATUS_KEY && user.is_none() {
            return self.status(channel, value);
        }
        if self.opening.endpoint != Endpoint::Messenger {
            return None;
        }
        let claimed = value.get("user_id").and_then(Value::as_str).map(Name::from);
        let user = user.cloned().or(claimed);
        let about = |kind: &str, mut fields: Map<String, Value>| {
            fields.insert("type".to_owned(), Value::from(kind));
            fields.insert("conversation_id".to_owned(), Value::from(&**channel));
            fields.insert("user_id".to_owned(), Value::from(user.as_deref()));
            Some(Value::Object(fields))
        };
        match &**key {
            TYPING_KEY => about(TYPING_KEY, fields(value)),
            READ_KEY => self.wants(Event::Read).then(|| about(READ_KEY, fields(value)))?,
            PRESENCE_KEY | STATUS_KEY => None,
            other => about(other, std::iter::once(("payload".to_owned(), value)).collect()),
        }
    }

    fn retained(&mut self, channel: &Name, key: &Name, payload: &Message) -> Option<Value> {
        let mut fields = match (&**key, value(payload)) {
            (STATUS_KEY, value) => return self.status(channel, value),
            (PRESENCE_KEY, Value::Object(fields)) if self.wants(Event::Presence) => fields,
            (key, Value::Object(fields))
                if self.wants(Event::Read) && key.starts_with(READ_PREFIX) =>
            {
                fields
            }
            _ => return None,
        };
        let kind = if &**key == PRESENCE_KEY { PRESENCE_KEY } else { READ_KEY };
        fields.insert("type".to_owned(), Value::from(kind));
        fields.insert("conversation_id".to_owned(), Value::from(&**channel));
        Some(Value::Object(fields))
    }

    /// Says a status that was not said yet: each comes as an event, and the last one as the state.
    fn status(&mut self, channel: &Name, status: Value) -> Option<Value> {
        let version = status.get("version").and_then(Value::as_u64)?;
        let wanted = match self.opening.endpoint {
            Endpoint::Status => true,
            Endpoint::Messenger => self.wants(Event::Status),
            Endpoint::Chat => false,
        };
        if !wanted || version <= self.status {
            return None;
        }
        self.status = version;
        if self.opening.endpoint == Endpoint::Messenger {
            let channel = &**channel;
            return Some(json!({ "type": "status", "conversation_id": channel, "status": status }));
        }
        let mut fields = fields(status);
        fields.insert("conversation_id".to_owned(), Value::from(&**channel));
        Some(Value::Object(fields))
    }
}

impl Speech for PlainSpeech {
    fn greeting(&mut self) -> Option<Hello<Name>> {
        if self.opening.token_follows {
            return None;
        }
        let token = self.opening.token.take();
        Some(self.hello(token))
    }

    fn decode(
        &mut self,
        incoming: Incoming,
    ) -> Result<Option<Request<Name, Message>>, SpeechError> {
        if let Some(code) = self.refused {
            return Err(SpeechError { code: code.close(), why: code.why().into(), fatal: true });
        }
        let text = match incoming {
            Incoming::Text(text) => text,
            Incoming::Binary(_) => {
                let code = Code::MessageKind;
                return Err(SpeechError {
                    code: code.close(),
                    why: code.why().into(),
                    fatal: true,
                });
            }
            Incoming::Pong(payload) => {
                let nonce = <[u8; 4]>::try_from(&*payload).map(u32::from_be_bytes);
                return Ok(nonce.ok().map(|nonce| Request::Pong { nonce }));
            }
        };
        let frame = Frame::parse(self.opening.endpoint, text.as_str());
        frame
            .and_then(|frame| self.request(frame))
            .map_err(|why| self.complain(Code::BadFrame, why))
    }

    fn encode(&mut self, reply: &Reply<Name, Message>) -> Payload {
        if let Reply::Ping { nonce } = reply {
            return Payload::Ping(*nonce);
        }
        match self.say(reply) {
            Some(value) => Payload::Text(value.to_string()),
            None => Payload::Nothing,
        }
    }

    fn format(&self) -> Option<Format> {
        match self.opening.endpoint {
            Endpoint::Messenger => self.opening.events.is_empty().then_some(Format::Messenger),
            Endpoint::Chat => Some(Format::Chat),
            // It remembers which status it has told.
            Endpoint::Status => None,
        }
    }
}

/// Says a message; the chat page tells those of users and of assistants apart.
fn message(endpoint: Endpoint, view: &MessageView) -> Option<Value> {
    let mut fields = fields(serde_json::to_value(view).ok()?);
    let kind = match endpoint {
        Endpoint::Messenger => "message",
        Endpoint::Chat if view.is_reply() => "chat_reply",
        Endpoint::Chat => "chat_message",
        Endpoint::Status => return None,
    };
    if endpoint == Endpoint::Chat {
        fields.insert("message".to_owned(), Value::from(view.text()));
    }
    fields.insert("type".to_owned(), Value::from(kind));
    Some(Value::Object(fields))
}

fn value(payload: &Message) -> Value {
    serde_json::from_slice(payload.as_bytes()).unwrap_or(Value::Null)
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        Value::Null => Map::new(),
        value => std::iter::once(("payload".to_owned(), value)).collect(),
    }
}

const fn cause_name(cause: everlink_engine::GapCause) -> &'static str {
    match cause {
        everlink_engine::GapCause::Expired => "expired",
        everlink_engine::GapCause::Epoch => "epoch",
        everlink_engine::GapCause::Slow => "slow",
    }
}

/// Kinds of values that only the server sends.
const RESERVED_KEYS: [&str; 2] = [PRESENCE_KEY, STATUS_KEY];

/// Begins the kinds under which read receipts are retained.
const READ_PREFIX: &str = "read:";

/// What is not understood is complained about so often before the connection ends.
const COMPLAINTS_MAX: u8 = 16;
