//! `plain` and `json`.

use bytes::Bytes;
use everlink_engine::{Dialect, PingLevel, Received, Transmit};
use everlink_wire::{Channels, Codec, Message};
use proptest::prelude::*;

use crate::support::{data, decode, encode, message};

#[test]
fn req_c02_req_m04_heartbeats_are_recognised_however_they_are_written() {
    let pong = Received::Pong { level: PingLevel::Application, nonce: None, window: None };
    let ping = Received::Ping { nonce: None };
    for (text, expected) in [
        (r#"{"type":"ping"}"#, &ping),
        (r#"{ "type" : "ping" }"#, &ping),
        (r#"{"type":"pong"}"#, &pong),
        ("\n{\"timestamp\": 1700000000.25, \"type\": \"pong\"}\n", &pong),
    ] {
        assert_eq!(decode(&Dialect::JSON, text).as_ref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_only_looks_like_a_heartbeat_is_a_message() {
    let long = format!(r#"{{"type":"ping","text":"{}"}}"#, "x".repeat(300));
    for text in [
        r#"{"type":"message","text":"ping"}"#,
        r#"{"type":"pingpong"}"#,
        r#"{"data":{"type":"ping"}}"#,
        r#"["ping"]"#,
        r#""ping""#,
        r#"{"type":"ping""#,
        "ping",
        "",
        &long,
    ] {
        assert_eq!(decode(&Dialect::JSON, text), Ok(data(text)), "{text}");
        assert_eq!(decode(&Dialect::PLAIN, text), Ok(data(text)), "{text}");
    }
    let binary = Message::Binary(Bytes::from_static(br#"{"type":"ping"}"#));
    let codec = Codec::for_dialect(&Dialect::JSON).unwrap();
    assert_eq!(codec.decode(binary.clone(), &Channels::default(), false), Ok(data(binary)));
}

#[test]
fn heartbeats_are_sent_at_their_level() {
    let channels = Channels::default();
    let ping = |level| Transmit::Ping { level, nonce: 7 };
    for (frame, expected) in [
        (ping(PingLevel::Application), r#"{"type":"ping"}"#),
        (ping(PingLevel::Protocol), "ping 7"),
        (Transmit::Pong { nonce: None }, r#"{"type":"pong"}"#),
        (Transmit::Bye, "-"),
    ] {
        assert_eq!(encode(&Dialect::JSON, &frame, &channels), expected);
    }
    assert_eq!(Codec::pong(&Bytes::copy_from_slice(&7_u32.to_be_bytes())), Some(7));
    assert_eq!(Codec::pong(&Bytes::from_static(b"unasked")), None);
}

#[test]
fn everlink_v1_has_another_codec() {
    assert!(Codec::for_dialect(&Dialect::EVERLINK).is_none());
}

proptest! {
    #[test]
    fn plain_carries_every_text_as_it_is(text: String) {
        prop_assert_eq!(encode(&Dialect::PLAIN, &message(&*text), &Channels::default()), &*text);
        prop_assert_eq!(decode(&Dialect::PLAIN, &text), Ok(data(&*text)));
    }

    #[test]
    fn no_text_makes_the_json_codec_panic(text in r#"[ \n]*\{?["a-z:,{} ]{0,40}"(ping|pong)"[}"]*"#) {
        prop_assert!(decode(&Dialect::JSON, &text).is_ok());
    }
}
