//! What errors say.

use everlink_wire::Message;
use everlink_wire::v1::{Encoding, WHY_BYTES_MAX, decode_reply, decode_request};

#[track_caller]
fn check(message: &str, expected: &str) {
    let message = Message::from(message);
    let error = decode_request(Encoding::Json, &message).unwrap_err();
    assert_eq!(error.to_string(), format!("everlink.v1.json from the client: {expected}"));
}

#[test]
fn an_error_names_frame_field_value_and_what_is_accepted() {
    check(
        r#"{"t":"ping","n":-1}"#,
        "`ping` field `n` is -1; accepted: whole number, 0 to 2^32 - 1",
    );
    check(
        r#"{"t":"pub","c":"a","s":"1","d":0}"#,
        "`pub` field `s` is a text; accepted: whole number, 1 to 2^53 - 1",
    );
    check(
        r#"{"t":"sub","subs":[{"c":"a"},{"c":""}]}"#,
        "`sub` field `subs.c` has 0 bytes; accepted: text of 1 to 512 bytes",
    );
    check(
        r#"{"t":"pub","c":"a","s":1}"#,
        "`pub` has neither of the fields `d` and `x`; accepted: exactly one",
    );
    check(r#"{"t":"auth"}"#, "`auth` field `token` is missing; accepted: text of 1 to 4096 bytes");
    check(r#"{"t":"pin"}"#, r#"unknown type "pin""#);
    check(r#"{"n":1}"#, "field `t` is missing; accepted: text of 1 to 256 bytes");
    check(r#"{"t":"bye","z":1,"z":1}"#, r#"the key "z" stands twice"#);
    check(
        r#"{"t":"sub","subs":[{"c":"a","ep":1}]}"#,
        "`sub` field `subs.o` is missing beside `ep`; accepted: both or neither",
    );
    check("{\n\"t\":\"bye\",\n!}", "broken from byte 13 on");
}

#[test]
fn an_error_fits_into_a_frame_and_has_no_control_characters() {
    for letter in ["é", "\u{1b}", "\u{e0001}", "\u{1f980}", "\"", "\\"] {
        let kind = letter.repeat(20);
        let message = Message::from(serde_json::json!({ "t": kind }).to_string());
        let error = decode_request(Encoding::Json, &message).unwrap_err().to_string();
        assert!(error.len() <= 100, "{error}");
        assert!(!error.contains('\u{1b}'), "{error}");
    }
    for word in ["drain", "\u{e0001}\u{e0001}\u{e0001}\u{e0001}\u{e0001}"] {
        let message =
            serde_json::json!({ "t": "away", "why": format!("{word}{word}"), "slot_ms": 0 });
        let message = Message::from(message.to_string());
        let error = decode_reply(Encoding::Json, &message).unwrap_err().to_string();
        assert!(error.len() <= WHY_BYTES_MAX, "{error}");
    }
}

#[test]
fn words_that_are_not_known_are_told_with_those_that_are() {
    let message = Message::from(r#"{"t":"away","why":"lunch","slot_ms":1}"#);
    let error = decode_reply(Encoding::Json, &message).unwrap_err();
    let expected = "everlink.v1.json from the server: `away` field `why` is \"lunch\"; \
                    accepted: one of drain, age, rebalance, overload";
    assert_eq!(error.to_string(), expected);
    assert_eq!(error.close_code(), 1002);
}

#[test]
fn each_encoding_has_its_subprotocol() {
    for encoding in Encoding::ALL {
        assert_eq!(Encoding::from_subprotocol(encoding.subprotocol()), Some(encoding));
    }
    assert_eq!(Encoding::from_subprotocol("everlink.v2.json"), None);
}
