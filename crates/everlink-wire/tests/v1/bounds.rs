//! What a peer can cost with one message: nothing beyond what it sends.

use everlink_wire::Message;
use everlink_wire::v1::{Encoding, check_payload, decode_request, encode_request};

/// Deep enough to break a reader that calls itself.
const DEEP: usize = 200_000;

fn class(encoding: Encoding, message: &Message) -> &'static str {
    decode_request(encoding, message).map_or_else(|error| error.class(), |_| "taken")
}

fn nested(open: &str, close: &str) -> String {
    open.repeat(DEEP) + &close.repeat(DEEP)
}

#[test]
fn fault_38_nesting_does_not_use_up_the_stack() {
    let arrays = nested("[", "]");
    let json = |text: String| class(Encoding::Json, &Message::from(text));
    assert_eq!(json(format!(r#"{{"t":"pub","c":"a","s":1,"d":{arrays}}}"#)), "too_deep");
    // Nobody reads what is ignored, so that its depth does not matter.
    assert_eq!(json(format!(r#"{{"t":"bye","later":{arrays}}}"#)), "taken");
    assert_eq!(json(arrays.clone()), "wrong_type");
    assert_eq!(json("[".repeat(DEEP)), "syntax");
    assert!(check_payload(&Message::from(nested(r#"{"a":["#, "]}"))).is_err());

    let cbor = |bytes: Vec<u8>| class(Encoding::Cbor, &Message::from(bytes));
    assert_eq!(cbor(vec![0x81; DEEP]), "too_deep");
    assert_eq!(cbor(vec![0x9f; DEEP]), "too_deep");
    assert_eq!(cbor(vec![0xa1; DEEP]), "too_deep");
    assert_eq!(cbor(vec![0xc1; DEEP]), "too_deep");
}

#[test]
fn fault_38_a_length_that_is_only_promised_costs_nothing() {
    let lists = [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    let begin = [&[0xa2, 0x61, b't', 0x63][..], b"sub", &[0x64], b"subs"].concat();
    let message = Message::from([&begin[..], &lists].concat());
    assert_eq!(class(Encoding::Cbor, &message), "syntax");
    for major in [0x5b, 0x7b, 0x9b, 0xbb] {
        let bytes = vec![major, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x61];
        assert_eq!(class(Encoding::Cbor, &Message::from(bytes)), "syntax");
    }
}

#[test]
fn fault_38_many_entries_and_fields_end_at_the_limit() {
    let entries = vec![r#"{"c":"a"}"#; 100_000].join(",");
    let message = Message::from(format!(r#"{{"t":"sub","subs":[{entries}]}}"#));
    assert_eq!(class(Encoding::Json, &message), "count");
    let fields: String = (0..100_000).map(|number| format!(r#","f{number}":0"#)).collect();
    let message = Message::from(format!(r#"{{"t":"bye"{fields}}}"#));
    assert_eq!(class(Encoding::Json, &message), "too_many_fields");
}

#[test]
fn a_payload_is_checked_before_it_is_sent() {
    let good = ["null", "\"hi\"", " {\"a\": [1]} ", "1e999"];
    for text in good {
        let payload = Message::from(text);
        check_payload(&payload).unwrap();
        let frame = everlink_engine::server::Request::Volatile { channel: "a", key: "k", payload };
        for encoding in Encoding::ALL {
            let mut buffer = Vec::new();
            encode_request(encoding, &frame, &mut buffer);
            let message = everlink_wire::v1::message_of(encoding, buffer).unwrap();
            assert_eq!(class(encoding, &message), "taken", "{text}");
        }
    }
    for text in ["", " ", "hi", "1,2", "{", "'a'", "NaN", "\u{feff}1", "[1]]"] {
        assert_eq!(check_payload(&Message::from(text)).unwrap_err().class(), "payload_syntax");
    }
    check_payload(&Message::from(vec![0xff])).unwrap();
}
