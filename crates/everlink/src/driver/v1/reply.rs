//! From the frames of the protocol to the engine's.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use everlink_engine::server::{Reply, Stored, Welcome};
use everlink_engine::{
    ChannelId, Origin, Page, PageMessage, PingLevel, ProducerId, Received, ValueKey,
};
use everlink_wire::v1::{V1Error, decode_reply};
use everlink_wire::{Channels, Message};

use super::{ServerSays, V1};

/// What a frame says besides what the engine needs.
#[derive(Clone, Debug, Default)]
pub(crate) enum Arriving {
    #[default]
    Nothing,
    /// Of the message.
    Message(Details),
    /// Of a volatile or retained value: its kind, and whose it is.
    Value { key: Arc<str>, user: Option<Arc<str>> },
    /// Of each message in the page.
    Page(Vec<Details>),
    /// Why something was refused.
    Why(Arc<str>),
    /// Where the server wants us to go.
    Elsewhere(Arc<str>),
}

/// What is known of a stored message besides its place.
#[derive(Clone, Debug)]
pub(crate) struct Details {
    pub(crate) producer: Arc<str>,
    pub(crate) id: Option<Arc<str>>,
    pub(crate) user: Option<Arc<str>>,
    pub(crate) at: Duration,
}

/// What came.
#[derive(Debug)]
pub(in super::super) enum Heard {
    /// A frame for the engine.
    Frame(Received<Message>),
    /// Nothing that the engine must know: life.
    Life,
    /// Fresh credentials were taken; they last this long.
    Authenticated(Option<Duration>),
    /// Something went wrong at the server.
    Trouble { code: u32, fatal: bool, retry: Option<Duration>, why: Arc<str> },
}

type Name<'a> = Cow<'a, str>;

impl V1 {
    /// Understands a message of the server.
    pub(in super::super) fn hear(
        &mut self,
        message: &Message,
        channels: &Channels,
    ) -> Result<Heard, V1Error> {
        self.arriving = Arriving::Nothing;
        let reply = decode_reply(self.encoding, message)?;
        if let Reply::AuthOk { expires } = reply {
            return Ok(Heard::Authenticated(expires));
        }
        if let Reply::Err { code, fatal, retry, why } = reply {
            return Ok(Heard::Trouble { code, fatal, retry, why: why.into() });
        }
        Ok(self.frame(reply, channels).map_or(Heard::Life, Heard::Frame))
    }

    /// Returns the frame for the engine; `None` if it is about something that nobody knows here.
    fn frame(
        &mut self,
        reply: Reply<Name<'_>, Message>,
        channels: &Channels,
    ) -> Option<Received<Message>> {
        let known = |name: &str| channels.id(name);
        Some(match reply {
            Reply::Welcome(welcome) => self.welcome(&welcome),
            Reply::Ack { channel, producer, sequence, offset } => {
                let origin = self.ours(producer.as_deref(), sequence)?;
                Received::Ack { channel: known(&channel)?, origin, offset }
            }
            Reply::Nack { channel, producer, sequence, code, why } => {
                self.arriving = Arriving::Why(why.into());
                let origin = self.ours(producer.as_deref(), sequence)?;
                Received::Nack { channel: known(&channel)?, origin, code }
            }
            Reply::Message(stored) => self.delivery(known(&stored.channel)?, stored),
            Reply::SubscribeOk { channel, epoch, head, .. } => {
                Received::SubscribeOk { channel: known(&channel)?, epoch, head }
            }
            Reply::SubscribeErr { channel, code, why } => {
                self.arriving = Arriving::Why(why.into());
                Received::SubscribeErr { channel: known(&channel)?, code }
            }
            Reply::UnsubscribeOk { request } => Received::RequestOk { request },
            Reply::Gap { channel, from, to, cause, epoch } => {
                Received::Gap { channel: known(&channel)?, from, to, cause, epoch }
            }
            Reply::Volatile { channel, key, user, payload } => {
                let key = self.value(&key, user.as_deref());
                Received::Volatile { channel: known(&channel)?, key, payload }
            }
            Reply::Retained { channel, key, version, payload } => {
                let key = self.value(&key, None);
                Received::Retained { channel: known(&channel)?, key, version, payload }
            }
            Reply::Page { request, channel, epoch, first, head, messages } => {
                let messages = self.page(messages);
                let page = Page { epoch, first, head, messages };
                Received::Page { request, channel: known(&channel)?, page }
            }
            Reply::ReadErr { request, code, why } => {
                self.arriving = Arriving::Why(why.into());
                Received::ReadErr { request, code }
            }
            Reply::Ping { nonce } => Received::Ping { nonce: Some(nonce) },
            Reply::Pong { nonce, window } => {
                Received::Pong { level: PingLevel::Application, nonce: Some(nonce), window }
            }
            Reply::Away { reason, slot, url } => {
                if let Some(url) = url {
                    self.arriving = Arriving::Elsewhere(url.into());
                }
                Received::Away { reason, slot, endpoint: None }
            }
            Reply::Bye => Received::Bye,
            Reply::AuthOk { .. } | Reply::Err { .. } => return None,
        })
    }

    fn welcome(&mut self, welcome: &Welcome<Name<'_>>) -> Received<Message> {
        let suffix = welcome.suffix.as_deref().unwrap_or_default();
        self.as_seen = format!("{}{suffix}", self.producer).into();
        self.server = Some(ServerSays {
            node: welcome.node.as_ref().into(),
            kept: welcome.kept,
            origin_ttl: welcome.origin_ttl,
            frame_max: welcome.frame_max,
            rate: welcome.rate,
        });
        Received::Welcome {
            heartbeat: Some((welcome.heartbeat_interval, welcome.heartbeat_timeout)),
            return_window: welcome.return_window,
            backoff_max: welcome.backoff_max,
            origin_ttl: Some(welcome.origin_ttl),
            kept: welcome.kept,
            rate: welcome.rate,
        }
    }

    /// Returns the origin that an answer is about, if it is one of ours.
    fn ours(&self, producer: Option<&str>, sequence: u64) -> Option<Origin> {
        let producer = match producer {
            None => ProducerId(0),
            Some(name) if *name == *self.producer => ProducerId(0),
            Some(name) => ProducerId(self.earlier.id(name)?.0.saturating_add(1)),
        };
        Some(Origin { producer, sequence })
    }

    fn delivery(
        &mut self,
        channel: ChannelId,
        stored: Stored<Name<'_>, Message>,
    ) -> Received<Message> {
        let (offset, epoch) = (stored.offset, stored.epoch);
        let (origin, details, payload) = self.stored(stored);
        self.arriving = Arriving::Message(details);
        Received::Delivery { channel, offset, epoch, origin, payload }
    }

    fn page(&mut self, stored: Vec<Stored<Name<'_>, Message>>) -> Vec<PageMessage<Message>> {
        let mut all = Vec::with_capacity(stored.len());
        let message = |stored: Stored<Name<'_>, Message>| {
            let offset = stored.offset;
            let (origin, details, payload) = self.stored(stored);
            all.push(details);
            PageMessage { offset, origin, payload }
        };
        let messages = stored.into_iter().map(message).collect();
        self.arriving = Arriving::Page(all);
        messages
    }

    fn stored(&mut self, stored: Stored<Name<'_>, Message>) -> (Origin, Details, Message) {
        let Stored { producer, sequence, id, user, at, payload, .. } = stored;
        let (producer, number) = match *producer == *self.as_seen {
            true => (Arc::clone(&self.as_seen), 0),
            false => self.names.known(&producer),
        };
        let origin = Origin { producer: ProducerId(number), sequence };
        let user = user.map(|user| self.names.known(&user).0);
        let id = id.map(Arc::from);
        (origin, Details { producer, id, user, at: Duration::from_millis(at) }, payload)
    }

    fn value(&mut self, key: &str, user: Option<&str>) -> ValueKey {
        let (key, number) = self.names.known(key);
        let user = user.map(|user| self.names.known(user).0);
        self.arriving = Arriving::Value { key, user };
        ValueKey(number)
    }
}
