//! What a client's codec does: frames of its engine into frames of the server, and back.

use everlink_engine::server::{Hello, Place, Publish, Reply, Request, Stored};
use everlink_engine::{
    ChannelId, Origin, PingLevel, ProducerId, Received, Transmit, ValueKey, Wanted,
};

use super::name::Name;

/// Who a client is on its connections: as long as its process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) client: Name,
    pub(super) producer: u32,
}

/// The engine's number for a client's own messages.
const SELF: ProducerId = ProducerId(0);

/// Says a frame of the engine; `None` for what the dialect does not say.
pub(super) fn request(frame: Transmit<u64>, who: Identity) -> Option<Request<Name, u64>> {
    Some(match frame {
        Transmit::Hello { channels, last } => Request::Hello(Hello {
            version: 1,
            client: who.client,
            producer: Name::Number(who.producer),
            auth: None,
            channels: places(&channels),
            frame_max: None,
            last,
        }),
        Transmit::Publish { channel, origin, before, payload, .. } => Request::Publish(Publish {
            channel: Name::Number(channel.0),
            producer: None,
            sequence: origin.sequence,
            before,
            payload,
        }),
        Transmit::Subscribe { channels, .. } => Request::Subscribe { channels: places(&channels) },
        Transmit::Unsubscribe { request, channels } => Request::Unsubscribe {
            request,
            channels: channels.iter().map(|channel| Name::Number(channel.0)).collect(),
        },
        Transmit::Volatile { channel, key, payload, .. } => Request::Volatile {
            channel: Name::Number(channel.0),
            key: Name::Number(key.0),
            payload,
        },
        // A dialect that acknowledges knows no message as it is, and nobody here asks for history.
        Transmit::Message { .. } | Transmit::Read { .. } => return None,
        Transmit::Ping { nonce, .. } => Request::Ping { nonce },
        Transmit::Pong { nonce } => Request::Pong { nonce: nonce? },
        Transmit::Bye => Request::Bye,
    })
}

/// Understands a frame of the server; `None` for what the engine does not need.
pub(super) fn received(reply: Reply<Name, u64>, who: Identity) -> Option<Received<u64>> {
    let channel_id = |name: Name| ChannelId(name.number());
    Some(match reply {
        Reply::Welcome(welcome) => Received::Welcome {
            heartbeat: Some((welcome.heartbeat_interval, welcome.heartbeat_timeout)),
            return_window: welcome.return_window,
            backoff_max: welcome.backoff_max,
            origin_ttl: Some(welcome.origin_ttl),
            kept: welcome.kept,
            rate: welcome.rate,
        },
        Reply::Ack { channel, producer: None, sequence, offset } => Received::Ack {
            channel: channel_id(channel),
            origin: Origin { producer: SELF, sequence },
            offset,
        },
        Reply::Nack { channel, producer: None, sequence, code, .. } => Received::Nack {
            channel: channel_id(channel),
            origin: Origin { producer: SELF, sequence },
            code,
        },
        Reply::Message(Stored { channel, offset, epoch, producer, sequence, payload, .. }) => {
            let producer = producer.number();
            let producer = if producer == who.producer { SELF } else { ProducerId(producer) };
            let (channel, origin) = (channel_id(channel), Origin { producer, sequence });
            Received::Delivery { channel, offset, epoch, origin, payload }
        }
        Reply::SubscribeOk { channel, epoch, head, .. } => {
            Received::SubscribeOk { channel: channel_id(channel), epoch, head }
        }
        Reply::SubscribeErr { channel, code, .. } => {
            Received::SubscribeErr { channel: channel_id(channel), code }
        }
        Reply::UnsubscribeOk { request } => Received::RequestOk { request },
        Reply::Gap { channel, from, to, cause, epoch } => {
            Received::Gap { channel: channel_id(channel), from, to, cause, epoch }
        }
        Reply::Volatile { channel, payload, .. } => {
            Received::Volatile { channel: channel_id(channel), key: ValueKey(0), payload }
        }
        Reply::Ping { nonce } => Received::Ping { nonce: Some(nonce) },
        Reply::Pong { nonce, window } => {
            Received::Pong { level: PingLevel::Application, nonce: Some(nonce), window }
        }
        Reply::Away { reason, slot, .. } => Received::Away { reason, slot, endpoint: None },
        Reply::Bye => Received::Bye,
        Reply::Ack { producer: Some(_), .. }
        | Reply::Nack { producer: Some(_), .. }
        | Reply::Retained { .. }
        | Reply::Page { .. }
        | Reply::ReadErr { .. }
        | Reply::AuthOk { .. }
        | Reply::Err { .. } => return None,
    })
}

fn places(channels: &[Wanted]) -> Vec<Place<Name>> {
    let place =
        |wanted: &Wanted| Place { channel: Name::Number(wanted.channel.0), from: wanted.from };
    channels.iter().map(place).collect()
}
