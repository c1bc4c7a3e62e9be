//! `everlink.v1`, in both encodings.

use std::borrow::Cow;
use std::sync::Arc;

use everlink_engine::server::{Hello, Place, Publish, Reply, Request};
use everlink_wire::Message;
use everlink_wire::v1::{self, Encoding};

use super::{Format, Incoming, Name, Payload, Speech, SpeechError};

/// Speaks `everlink.v1`.
#[derive(Debug)]
pub(crate) struct V1 {
    encoding: Encoding,
    /// The last name that a client said: most say the same channel again and again.
    name: Option<Name>,
}

impl V1 {
    pub(crate) const fn new(encoding: Encoding) -> Self {
        Self { encoding, name: None }
    }

    fn name(&mut self, name: Cow<'_, str>) -> Name {
        if let Some(known) = self.name.as_ref().filter(|known| ***known == *name) {
            return Arc::clone(known);
        }
        let name = Name::from(name);
        self.name = Some(Arc::clone(&name));
        name
    }

    fn place(&mut self, Place { channel, from }: Place<Cow<'_, str>>) -> Place<Name> {
        Place { channel: self.name(channel), from }
    }

    fn own(&mut self, request: Request<Cow<'_, str>, Message>) -> Request<Name, Message> {
        match request {
            Request::Hello(hello) => Request::Hello(self.hello(hello)),
            Request::Publish(publish) => Request::Publish(Publish {
                channel: self.name(publish.channel),
                producer: publish.producer.map(Name::from),
                sequence: publish.sequence,
                before: publish.before,
                payload: publish.payload,
            }),
            Request::Subscribe { channels } => Request::Subscribe {
                channels: channels.into_iter().map(|place| self.place(place)).collect(),
            },
            Request::Unsubscribe { request, channels } => Request::Unsubscribe {
                request,
                channels: channels.into_iter().map(|channel| self.name(channel)).collect(),
            },
            Request::Volatile { channel, key, payload } => {
                Request::Volatile { channel: self.name(channel), key: Name::from(key), payload }
            }
            Request::Read { request, channel, after, limit } => {
                Request::Read { request, channel: self.name(channel), after, limit }
            }
            Request::Auth { token } => Request::Auth { token: Name::from(token) },
            Request::Ping { nonce } => Request::Ping { nonce },
            Request::Pong { nonce } => Request::Pong { nonce },
            Request::Bye => Request::Bye,
        }
    }

    fn hello(&mut self, hello: Hello<Cow<'_, str>>) -> Hello<Name> {
        Hello {
            version: hello.version,
            client: Name::from(hello.client),
            producer: Name::from(hello.producer),
            auth: hello.auth.map(Name::from),
            channels: hello.channels.into_iter().map(|place| self.place(place)).collect(),
            frame_max: hello.frame_max,
            last: hello.last,
        }
    }
}

impl Speech for V1 {
    fn decode(
        &mut self,
        incoming: Incoming,
    ) -> Result<Option<Request<Name, Message>>, SpeechError> {
        let message = match incoming {
            Incoming::Text(text) => Message::Text(text),
            Incoming::Binary(bytes) => Message::Binary(bytes),
            Incoming::Pong(_) => return Ok(None),
        };
        match v1::decode_request(self.encoding, &message) {
            Ok(request) => Ok(Some(self.own(request))),
            Err(error) => Err(SpeechError {
                code: error.close_code(),
                why: error.to_string().into(),
                fatal: true,
            }),
        }
    }

    fn encode(&mut self, reply: &Reply<Name, Message>) -> Payload {
        let mut buffer = Vec::with_capacity(FRAME_USUAL);
        v1::encode_reply(self.encoding, reply, &mut buffer);
        match self.encoding {
            Encoding::Cbor => Payload::Binary(buffer),
            Encoding::Json => match String::from_utf8(buffer) {
                Ok(text) => Payload::Text(text),
                // The codec writes text, and payloads are checked where they come in.
                Err(_) => Payload::Nothing,
            },
        }
    }

    fn format(&self) -> Option<Format> {
        Some(match self.encoding {
            Encoding::Json => Format::V1Json,
            Encoding::Cbor => Format::V1Cbor,
        })
    }
}

/// Room for most frames.
const FRAME_USUAL: usize = 128;
