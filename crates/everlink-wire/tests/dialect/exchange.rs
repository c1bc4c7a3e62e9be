//! `exchange`.

use everlink_engine::{AwayReason, ChannelId, Dialect, Received, Transmit, Wanted};
use everlink_wire::{CHANNEL_NAME_BYTES_MAX, ChannelError, Channels, DecodeError, Message};
use proptest::prelude::*;

use crate::support::{codec, data, encode};

fn channels(names: &[&str]) -> Channels {
    let mut channels = Channels::default();
    for name in names {
        channels.register(name).unwrap();
    }
    channels
}

fn decode(text: &str, names: &[&str]) -> Result<Received<Message>, DecodeError> {
    codec(&Dialect::EXCHANGE).decode(text.into(), &channels(names), false)
}

fn on(channel: u32, payload: &str) -> Received<Message> {
    let channel = Some(ChannelId(channel));
    Received::Message { channel, key: None, payload: payload.into() }
}

#[test]
fn req_f03_requests_are_batches_with_an_id() {
    let channels = channels(&["btcusdt@trade", "a\"b\\c\n"]);
    let wanted = |number| Wanted { channel: ChannelId(number), from: None };
    let subscribe = Transmit::Subscribe { request: 3, channels: vec![wanted(0), wanted(1)] };
    let said = encode(&Dialect::EXCHANGE, &subscribe, &channels);
    let expected = r#"{"method":"SUBSCRIBE","params":["btcusdt@trade","a\"b\\c\n"],"id":3}"#;
    assert_eq!(said, expected);
    let unsubscribe = Transmit::Unsubscribe { request: 4, channels: vec![ChannelId(0)] };
    assert_eq!(
        encode(&Dialect::EXCHANGE, &unsubscribe, &channels),
        r#"{"method":"UNSUBSCRIBE","params":["btcusdt@trade"],"id":4}"#
    );
}

#[test]
fn req_f03_answers_are_told_from_events() {
    let ok = Received::RequestOk { request: 7 };
    let refused = |code| Received::RequestErr { request: 7, code };
    for (text, expected) in [
        (r#"{"result":null,"id":7}"#, ok.clone()),
        (r#"{ "id": 7, "result": null }"#, ok),
        (r#"{"error":{"code":2,"msg":"Invalid request"},"id":7}"#, refused(2)),
        (r#"{"error":{"code":-1121},"id":7}"#, refused(1121)),
        (r#"{"code":2,"msg":"Invalid request: unknown","id":7}"#, refused(2)),
        (r#"{"id":7,"error":{}}"#, refused(0)),
    ] {
        assert_eq!(decode(text, &[]), Ok(expected), "{text}");
    }
    for event in [
        r#"{"e":"trade","E":1,"t":5}"#,
        r#"{"id":"order-7","result":"filled"}"#,
        r#"{"id":7}"#,
        r#"{"msg":"maintenance at noon"}"#,
        r#"[1,2]"#,
        "plain words",
        "",
        "{",
    ] {
        assert_eq!(decode(event, &[]), Ok(data(event)), "{event}");
    }
}

#[test]
fn req_f09_the_notice_of_a_shutdown_asks_to_go_at_once() {
    let notice = r#"{"e":"serverShutdown","E":1770123456789}"#;
    let away = Received::Away {
        reason: AwayReason::Drain,
        slot: std::time::Duration::ZERO,
        endpoint: None,
    };
    for text in [
        notice.to_owned(),
        format!(r#"{{"event":{notice}}}"#),
        format!(r#"{{"stream":"a@trade","data":{notice}}}"#),
        format!(r#"{{"data":{notice},"stream":"!notices"}}"#),
    ] {
        assert_eq!(decode(&text, &["a@trade"]), Ok(away.clone()), "{text}");
    }
    for text in
        [r#"{"e":"serverShutdownPlanned"}"#, r#"{"x":{"e":"serverShutdown"}}"#, r#"{"event":7}"#]
    {
        assert_eq!(decode(text, &[]), Ok(data(text)), "{text}");
    }
}

#[test]
fn req_f03_data_of_a_combined_stream_comes_on_its_channel() {
    let names = ["a@trade", "b"];
    for (text, expected) in [
        (r#"{"stream":"a@trade","data":{"t":1,"s":"}"}}"#, on(0, r#"{"t":1,"s":"}"}"#)),
        (r#" { "stream" : "b" , "data" : [ {} ] } "#, on(1, "[ {} ]")),
        (r#"{"data":{"t":1},"stream":"b"}"#, on(1, r#"{"t":1}"#)),
        (r#"{"stream":"b","data":{"t":1},"more":{}}"#, on(1, r#"{"t":1}"#)),
        (r#"{"stream":"a\u0040trade","data":1}"#, on(0, "1")),
        (r#"{"stream":"of nobody","data":{"t":1}}"#, data(r#"{"t":1}"#)),
    ] {
        assert_eq!(decode(text, &names), Ok(expected), "{text}");
    }
}

#[test]
fn fault_39_broken_control_messages_are_errors_of_their_own() {
    for (text, expected) in [
        (r#"{"result":null,"id":"#, "exchange: an answer is not valid JSON at column 20"),
        (r#"{"error":{"code":2},"id":7"#, "exchange: an answer is not valid JSON at column 26"),
        (
            r#"{"error":{"code":2}}"#,
            "exchange: an answer has a refusal without the id of its request; accepted: \
             {\"result\":null,\"id\":n} or {\"error\":{\"code\":…},\"id\":n}",
        ),
        (
            r#"{"stream":"a","data":{"t":1}"#,
            "exchange: a message of a combined stream is not valid JSON at column 28",
        ),
        (
            r#"{"stream":"a"}"#,
            "exchange: a message of a combined stream is not valid JSON at column 14",
        ),
    ] {
        assert_eq!(decode(text, &["a"]).unwrap_err().to_string(), expected);
    }
}

fn key(text: &str) -> Option<u64> {
    let channels = channels(&["a", "b"]);
    match codec(&Dialect::EXCHANGE).decode(text.into(), &channels, true) {
        Ok(Received::Message { key, .. }) => key,
        other => panic!("{other:?}"),
    }
}

#[test]
fn req_f09_copies_of_one_event_have_one_key_and_other_events_another() {
    let first = key(r#"{"stream":"a","data":{"e":"trade","E":10,"t":5,"p":"1"}}"#);
    assert!(first.is_some());
    assert_eq!(first, key(r#"{"data":{"t":5,"E":10,"e":"trade"},"stream":"a"}"#));
    for other in [
        r#"{"stream":"b","data":{"e":"trade","E":10,"t":5}}"#,
        r#"{"stream":"a","data":{"e":"trade","E":10,"t":6}}"#,
        r#"{"stream":"a","data":{"e":"trade","E":11,"t":5}}"#,
        r#"{"stream":"a","data":{"e":"kline","E":10,"k":{"t":5}}}"#,
    ] {
        assert_ne!(first, key(other), "{other}");
    }
    assert_eq!(key("words"), key("words"));
    assert_ne!(key("words"), key("other words"));
}

#[test]
fn channel_names_are_bounded() {
    let mut channels = Channels::default();
    let empty = channels.register("").unwrap_err();
    assert!(matches!(empty, ChannelError::NameLength { bytes: 0, .. }), "{empty}");
    assert!(channels.register(&"x".repeat(CHANNEL_NAME_BYTES_MAX)).is_ok());
    let error = channels.register(&"x".repeat(CHANNEL_NAME_BYTES_MAX + 1)).unwrap_err();
    assert_eq!(error.to_string(), "channel name of 513 bytes; accepted: 1 to 512");
    let id = channels.register("again").unwrap();
    assert_eq!((channels.register("again"), channels.id("again")), (Ok(id), Some(id)));
    assert_eq!(channels.name(id).map(|name| &**name), Some("again"));
}

proptest! {
    #[test]
    fn every_channel_name_survives_the_wire(name in ".{1,40}") {
        let mut channels = Channels::default();
        let channel = channels.register(&name).unwrap();
        let wanted = vec![Wanted { channel, from: None }];
        let frame = Transmit::Subscribe { request: 1, channels: wanted };
        let said = encode(&Dialect::EXCHANGE, &frame, &channels);
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        prop_assert_eq!(said["params"][0].as_str(), Some(&*name));
        let event = serde_json::json!({ "stream": name, "data": { "E": 1 } }).to_string();
        let back = codec(&Dialect::EXCHANGE).decode(event.into(), &channels, false);
        let expected = Received::Message {
            channel: Some(channel),
            key: None,
            payload: r#"{"E":1}"#.into(),
        };
        prop_assert_eq!(back, Ok(expected));
    }

    #[test]
    fn no_text_makes_the_codec_panic(
        text in r#"[ ]?\{?["](stream|data|result|id|error|code)["][ :,"\\\[\]{}a0-9]{0,40}"#
    ) {
        let channels = channels(&["a"]);
        let _result = codec(&Dialect::EXCHANGE).decode(text.into(), &channels, true);
    }

    #[test]
    fn the_short_way_finds_the_same_data_as_a_parser(value in json(3)) {
        let event = format!(r#"{{"stream":"a","data":{value}}}"#);
        prop_assert_eq!(decode(&event, &["a"]), Ok(on(0, &value.to_string())));
    }
}

fn json(depth: u32) -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(serde_json::Value::from),
        r#"[a"\\{}\[\]]{0,6}"#.prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
    ];
    leaf.prop_recursive(depth, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::btree_map(r#"[a-c"]{1,2}"#, inner, 0..4)
                .prop_map(|fields| { serde_json::Value::Object(fields.into_iter().collect()) }),
        ]
    })
}
