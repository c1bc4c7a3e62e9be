//! Arbitrary frames survive both encodings; arbitrary bytes are errors at worst.

use std::borrow::Cow;
use std::time::Duration;

use everlink_engine::server::{Hello, Last, Place, Publish, Reply, Request, Stored, Welcome};
use everlink_engine::{AwayReason, Cursor, Epoch, GapCause, Kept};
use everlink_wire::Message;
use everlink_wire::v1::{
    EPOCH_MAX, Encoding, NUMBER_MAX, decode_reply, decode_request, encode_reply, encode_request,
    message_of,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

type Name = Cow<'static, str>;

fn name() -> impl Strategy<Value = Name> {
    let any = "\\PC{1,12}|[\\x00-\\x7f]{1,8}";
    any.prop_map(Cow::Owned)
}

fn why() -> impl Strategy<Value = Name> {
    "\\PC{0,20}".prop_map(Cow::Owned)
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..300_u64, 0..=NUMBER_MAX, Just(NUMBER_MAX)]
}

fn number1() -> impl Strategy<Value = u64> {
    number().prop_map(|number| number.max(1))
}

fn epoch() -> impl Strategy<Value = Epoch> {
    prop_oneof![0..9_u64, 0..=EPOCH_MAX].prop_map(Epoch)
}

fn time() -> impl Strategy<Value = Duration> {
    number().prop_map(Duration::from_millis)
}

fn time1() -> impl Strategy<Value = Duration> {
    number1().prop_map(Duration::from_millis)
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,10}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((".{0,5}", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn payload() -> impl Strategy<Value = Message> {
    prop_oneof![
        json().prop_map(|value| Message::from(value.to_string())),
        json().prop_map(|value| Message::from(format!("{value:#}"))),
        vec(any::<u8>(), 0..300).prop_map(Message::from),
    ]
}

fn place() -> impl Strategy<Value = Place<Name>> {
    let from = of((epoch(), number()).prop_map(|(epoch, offset)| Cursor { epoch, offset }));
    (name(), from).prop_map(|(channel, from)| Place { channel, from })
}

fn last() -> impl Strategy<Value = Last> {
    (1000..5000_u16, time(), any::<u32>()).prop_map(|(code, up, attempts)| Last {
        code,
        up,
        attempts,
    })
}

fn hello() -> impl Strategy<Value = Request<Name, Message>> {
    let names = (name(), name(), of(name()));
    let rest = (vec(place(), 0..6), of(1..=u32::MAX), of(last()));
    (1..=u32::MAX, names, rest).prop_map(|(version, (client, producer, auth), rest)| {
        let (channels, frame_max, last) = rest;
        Request::Hello(Hello { version, client, producer, auth, channels, frame_max, last })
    })
}

fn request() -> impl Strategy<Value = Request<Name, Message>> {
    let publish = (name(), of(name()), number1(), of(number()), payload()).prop_map(
        |(channel, producer, sequence, before, payload)| {
            Request::Publish(Publish { channel, producer, sequence, before, payload })
        },
    );
    prop_oneof![
        hello(),
        publish,
        vec(place(), 1..9).prop_map(|channels| Request::Subscribe { channels }),
        (any::<u32>(), vec(name(), 1..9))
            .prop_map(|(request, channels)| Request::Unsubscribe { request, channels }),
        (name(), name(), payload()).prop_map(|(channel, key, payload)| Request::Volatile {
            channel,
            key,
            payload
        }),
        (any::<u32>(), name(), number(), 1..=256_u32).prop_map(
            |(request, channel, after, limit)| Request::Read { request, channel, after, limit }
        ),
        name().prop_map(|token| Request::Auth { token }),
        any::<u32>().prop_map(|nonce| Request::Ping { nonce }),
        any::<u32>().prop_map(|nonce| Request::Pong { nonce }),
        Just(Request::Bye),
    ]
}

fn stored(channel: Name) -> impl Strategy<Value = Stored<Name, Message>> {
    let origin = (number1(), name(), number1());
    let rest = (of(name()), of(name()), number(), payload());
    (origin, rest).prop_map(move |((offset, producer, sequence), (id, user, at, payload))| {
        let (channel, epoch) = (channel.clone(), None);
        Stored { channel, offset, epoch, producer, sequence, id, user, at, payload }
    })
}

fn message() -> impl Strategy<Value = Reply<Name, Message>> {
    let stored = name().prop_flat_map(stored);
    (stored, of(epoch())).prop_map(|(stored, epoch)| Reply::Message(Stored { epoch, ..stored }))
}

fn page() -> impl Strategy<Value = Reply<Name, Message>> {
    let messages =
        name().prop_flat_map(|channel| (Just(channel.clone()), vec(stored(channel), 0..4)));
    (any::<u32>(), epoch(), number(), number(), messages).prop_map(
        |(request, epoch, first, head, (channel, messages))| Reply::Page {
            request,
            channel,
            epoch,
            first,
            head,
            messages,
        },
    )
}

fn welcome() -> impl Strategy<Value = Reply<Name, Message>> {
    let kept = select(vec![Kept::Memory, Kept::Disk, Kept::Replicated]);
    let limits = (1..=u32::MAX, of(1..=u32::MAX), time());
    (name(), (time1(), time1()), limits, (of(time()), of(time())), kept, of(name())).prop_map(
        |(node, heartbeat, (frame_max, rate, origin_ttl), hints, kept, suffix)| {
            Reply::Welcome(Welcome {
                node,
                heartbeat_interval: heartbeat.0,
                heartbeat_timeout: heartbeat.1,
                frame_max,
                rate,
                origin_ttl,
                return_window: hints.0,
                backoff_max: hints.1,
                kept,
                suffix,
            })
        },
    )
}

/// Replies that belong to a channel.
fn channel_reply() -> impl Strategy<Value = Reply<Name, Message>> {
    let causes = select(vec![GapCause::Expired, GapCause::Epoch, GapCause::Slow]);
    let producer = || of(name());
    prop_oneof![
        (name(), producer(), number1(), number1()).prop_map(
            |(channel, producer, sequence, offset)| Reply::Ack {
                channel,
                producer,
                sequence,
                offset
            }
        ),
        (name(), producer(), number1(), any::<u32>(), why()).prop_map(
            |(channel, producer, sequence, code, why)| Reply::Nack {
                channel,
                producer,
                sequence,
                code,
                why
            }
        ),
        (name(), epoch(), number(), number()).prop_map(|(channel, epoch, head, replay)| {
            Reply::SubscribeOk { channel, epoch, head, replay }
        }),
        (name(), any::<u32>(), why()).prop_map(|(channel, code, why)| Reply::SubscribeErr {
            channel,
            code,
            why
        }),
        (name(), number1(), number(), causes, of(epoch())).prop_map(
            |(channel, from, to, cause, epoch)| Reply::Gap { channel, from, to, cause, epoch }
        ),
        (name(), name(), of(name()), payload()).prop_map(|(channel, key, user, payload)| {
            Reply::Volatile { channel, key, user, payload }
        }),
        (name(), name(), number(), payload()).prop_map(|(channel, key, version, payload)| {
            Reply::Retained { channel, key, version, payload }
        }),
    ]
}

/// Replies that belong to the connection.
fn link_reply() -> impl Strategy<Value = Reply<Name, Message>> {
    let reasons = select(vec![
        AwayReason::Drain,
        AwayReason::Age,
        AwayReason::Rebalance,
        AwayReason::Overload,
    ]);
    prop_oneof![
        any::<u32>().prop_map(|request| Reply::UnsubscribeOk { request }),
        (any::<u32>(), any::<u32>(), why()).prop_map(|(request, code, why)| Reply::ReadErr {
            request,
            code,
            why
        }),
        of(time()).prop_map(|expires| Reply::AuthOk { expires }),
        any::<u32>().prop_map(|nonce| Reply::Ping { nonce }),
        (any::<u32>(), of(time())).prop_map(|(nonce, window)| Reply::Pong { nonce, window }),
        (reasons, time(), of(name())).prop_map(|(reason, slot, url)| Reply::Away {
            reason,
            slot,
            url
        }),
        (any::<u32>(), any::<bool>(), of(time()), why())
            .prop_map(|(code, fatal, retry, why)| Reply::Err { code, fatal, retry, why }),
        Just(Reply::Bye),
    ]
}

fn reply() -> impl Strategy<Value = Reply<Name, Message>> {
    prop_oneof![welcome(), message(), page(), channel_reply(), link_reply()]
}

/// Decodes as both sides would; what can be decoded means the same once it was encoded again.
fn digest(encoding: Encoding, message: &Message) {
    let mut buffer = Vec::new();
    if let Ok(frame) = decode_request(encoding, message) {
        encode_request(encoding, &frame, &mut buffer);
        let again = message_of(encoding, std::mem::take(&mut buffer)).unwrap();
        assert_eq!(decode_request(encoding, &again).unwrap(), frame);
    }
    if let Ok(frame) = decode_reply(encoding, message) {
        encode_reply(encoding, &frame, &mut buffer);
        let again = message_of(encoding, buffer).unwrap();
        assert_eq!(decode_reply(encoding, &again).unwrap(), frame);
    }
}

proptest! {
    #[test]
    fn requests_survive_both_encodings(frame in request()) {
        for encoding in Encoding::ALL {
            let mut buffer = Vec::new();
            encode_request(encoding, &frame, &mut buffer);
            let message = message_of(encoding, buffer).unwrap();
            let decoded = decode_request(encoding, &message);
            prop_assert_eq!(decoded.as_ref(), Ok(&frame));
        }
    }

    #[test]
    fn replies_survive_both_encodings(frame in reply()) {
        for encoding in Encoding::ALL {
            let mut buffer = Vec::new();
            encode_reply(encoding, &frame, &mut buffer);
            let message = message_of(encoding, buffer).unwrap();
            let decoded = decode_reply(encoding, &message);
            prop_assert_eq!(decoded.as_ref(), Ok(&frame));
        }
    }

    #[test]
    fn fault_39_arbitrary_messages_are_errors_at_worst(
        bytes in vec(any::<u8>(), 0..200),
        text in "\\PC{0,100}|\\{\"t\":\"(pub|msg|hello)\",[\"cspd:,\\[\\]{}0-9]{0,40}\\}",
    ) {
        digest(Encoding::Cbor, &Message::from(bytes));
        digest(Encoding::Json, &Message::from(text));
    }

    #[test]
    fn fault_39_damaged_frames_are_errors_at_worst(
        frame in reply(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        for encoding in Encoding::ALL {
            let mut buffer = Vec::new();
            encode_reply(encoding, &frame, &mut buffer);
            for (at, byte) in &damage {
                let at = at.index(buffer.len());
                buffer[at] = *byte;
            }
            if let Some(message) = message_of(encoding, buffer) {
                digest(encoding, &message);
            }
        }
    }
}
