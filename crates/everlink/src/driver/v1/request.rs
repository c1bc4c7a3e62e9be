//! From the engine's frames to those of the protocol.

use everlink_engine::server::{Hello, Last, Place, Publish, Request};
use everlink_engine::{ChannelId, ProducerId, Transmit, Wanted};
use everlink_wire::v1::HELLO_BYTES_MAX;
use everlink_wire::{Channels, Message};

use super::V1;

impl V1 {
    /// Says a frame of the engine; `None` for one that the protocol has not.
    pub(in super::super) fn request<'a>(
        &'a self,
        frame: &'a Transmit<Message>,
        channels: &'a Channels,
    ) -> Option<Request<&'a str, Message>> {
        Some(match frame {
            Transmit::Publish { channel, origin, before, payload, .. } => {
                let publish = Publish {
                    channel: name(channels, *channel)?,
                    producer: self.named(origin.producer),
                    sequence: origin.sequence,
                    before: *before,
                    payload: payload.clone(),
                };
                Request::Publish(publish)
            }
            Transmit::Volatile { channel, key, payload, .. } => Request::Volatile {
                channel: name(channels, *channel)?,
                key: self.kinds.name(ChannelId(key.0))?,
                payload: payload.clone(),
            },
            Transmit::Read { request, channel, after, limit } => Request::Read {
                request: *request,
                channel: name(channels, *channel)?,
                after: *after,
                limit: *limit,
            },
            Transmit::Subscribe { channels: wanted, .. } => {
                Request::Subscribe { channels: places(channels, wanted) }
            }
            Transmit::Unsubscribe { request, channels: ids } => {
                let names = ids.iter().filter_map(|id| name(channels, *id));
                Request::Unsubscribe { request: *request, channels: names.collect() }
            }
            Transmit::Ping { nonce, .. } => Request::Ping { nonce: *nonce },
            Transmit::Pong { nonce } => Request::Pong { nonce: nonce.unwrap_or_default() },
            Transmit::Bye => Request::Bye,
            // The greeting needs more than the engine knows, and a message without a number has no
            // frame: the engine makes none in a dialect that acknowledges.
            Transmit::Hello { .. } | Transmit::Message { .. } => return None,
        })
    }

    /// Returns the name of a producer, unless it is the one of the greeting.
    fn named(&self, producer: ProducerId) -> Option<&str> {
        let number = producer.0.checked_sub(1)?;
        self.earlier.name(ChannelId(number)).map(|name| &**name)
    }
}

/// Says the greeting with as many channels as fit; returns the others too, which are asked for once
/// the server has answered.
pub(in super::super) fn greet<'a>(
    v1: &'a V1,
    (wanted, last): (&'a [Wanted], Option<Last>),
    auth: Option<&'a str>,
    channels: &'a Channels,
) -> (Request<&'a str, Message>, &'a [Wanted]) {
    // A token of many characters that must be escaped leaves no room: then channels come by `sub`.
    let greeting = GREETING_BYTES_MAX + auth.map_or(0, escaped);
    let mut room = HELLO_BYTES_MAX.saturating_sub(greeting);
    let fits = wanted.iter().take_while(|wanted| {
        let bytes =
            name(channels, wanted.channel).map_or(0, |name| escaped(name) + PLACE_BYTES_MAX);
        let left = room.checked_sub(bytes);
        room = left.unwrap_or(0);
        left.is_some()
    });
    let (now, later) = wanted.split_at(fits.count());
    let hello = Hello {
        version: VERSION,
        client: &*v1.client,
        producer: &*v1.producer,
        auth,
        channels: places(channels, now),
        frame_max: Some(v1.frame_max),
        last,
    };
    (Request::Hello(hello), later)
}

/// Returns the names of channels, and where to go on in each.
pub(in super::super) fn places<'a>(
    channels: &'a Channels,
    wanted: &[Wanted],
) -> Vec<Place<&'a str>> {
    let place = |wanted: &Wanted| {
        Some(Place { channel: name(channels, wanted.channel)?, from: wanted.from })
    };
    wanted.iter().filter_map(place).collect()
}

fn name(channels: &Channels, id: ChannelId) -> Option<&str> {
    channels.name(id).map(|name| &**name)
}

/// How long a text is in JSON at most, which is the longer of both encodings.
fn escaped(text: &str) -> usize {
    let long = |byte: &u8| *byte < b' ' || matches!(byte, b'"' | b'\\' | 0x7f);
    text.len() + 5 * text.bytes().filter(|byte| long(byte)).count()
}

const VERSION: u32 = 1;

/// The greeting without token and channels, at most: keys, two names of 32 letters, numbers.
const GREETING_BYTES_MAX: usize = 256;

/// A channel in the greeting besides its name: keys and two numbers of 16 digits.
const PLACE_BYTES_MAX: usize = 64;
