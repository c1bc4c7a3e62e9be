//! Nothing is copied that need not be.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use everlink_engine::server::{Publish, Request};
use everlink_wire::Message;
use everlink_wire::v1::{Encoding, decode_request, encode_request};

fn range(bytes: &[u8]) -> Range<usize> {
    let start = bytes.as_ptr() as usize;
    start..start + bytes.len()
}

fn is_within(part: &[u8], whole: &Message) -> bool {
    let (part, whole) = (range(part), range(whole.as_bytes()));
    whole.contains(&part.start) && part.end <= whole.end
}

fn publish(payload: Message) -> Request<&'static str, Message> {
    let (channel, producer) = ("room/1", Some("producer"));
    Request::Publish(Publish { channel, producer, sequence: 1, before: None, payload })
}

#[test]
fn names_and_payloads_share_the_memory_of_the_message() {
    let text = Message::from(r#"{"a":[1,2,3]}"#);
    let bytes = Message::from(Bytes::from_static(b"0123456789"));
    let cases = [(Encoding::Json, &text), (Encoding::Cbor, &text), (Encoding::Cbor, &bytes)];
    for (encoding, payload) in cases {
        let mut buffer = Vec::new();
        encode_request(encoding, &publish(payload.clone()), &mut buffer);
        let message = everlink_wire::v1::message_of(encoding, buffer).unwrap();
        let Request::Publish(publish) = decode_request(encoding, &message).unwrap() else {
            panic!("expected a publish")
        };
        assert_eq!(&publish.payload, payload);
        assert!(is_within(publish.payload.as_bytes(), &message), "{encoding}");
        let (Cow::Borrowed(channel), Some(Cow::Borrowed(producer))) =
            (publish.channel, publish.producer)
        else {
            panic!("a name is copied in {encoding}")
        };
        assert!(is_within(channel.as_bytes(), &message));
        assert!(is_within(producer.as_bytes(), &message));
    }
}

#[test]
fn frames_are_appended_to_what_stands_in_the_buffer() {
    let mut buffer = bytes::BytesMut::from(&b"before "[..]);
    encode_request::<&str>(Encoding::Json, &Request::Bye, &mut buffer);
    assert_eq!(buffer, &br#"before {"t":"bye"}"#[..]);
}
