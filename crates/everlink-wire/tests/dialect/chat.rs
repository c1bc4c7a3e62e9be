//! `chat_text`.

use bytes::Bytes;
use everlink_engine::Dialect;
use everlink_wire::{Channels, Message};
use proptest::prelude::*;

use crate::support::{codec, data, decode, encode, message};

#[test]
fn req_b07_messages_travel_as_msg_lines_and_other_commands_as_they_are() {
    let channels = Channels::default();
    let json = r#"{"data":"hi"}"#;
    assert_eq!(encode(&Dialect::CHAT_TEXT, &message(json), &channels), r#"MSG {"data":"hi"}"#);
    assert_eq!(decode(&Dialect::CHAT_TEXT, r#"MSG {"data":"hi"}"#), Ok(data(json)));
    for line in ["JOIN general", r#"NAMES {"users":[]}"#, "PING 1", "MSGS", "MSG"] {
        assert_eq!(encode(&Dialect::CHAT_TEXT, &message(line), &channels), line);
        assert_eq!(decode(&Dialect::CHAT_TEXT, line), Ok(data(line)));
    }
}

#[test]
fn fault_39_a_broken_msg_line_is_an_error_that_says_where() {
    for (line, expected) in [
        (r#"MSG {"data":}"#, "chat_text: MSG is not valid JSON at column 13"),
        (r#"MSG {"data":"a"} x"#, "chat_text: MSG is not valid JSON at column 18"),
        ("MSG hello", "chat_text: MSG has something other than an object; accepted: MSG {json}"),
        ("MSG ", "chat_text: MSG has something other than an object; accepted: MSG {json}"),
    ] {
        assert_eq!(decode(&Dialect::CHAT_TEXT, line).unwrap_err().to_string(), expected);
    }
}

#[test]
fn what_cannot_be_said_is_refused_before_it_is_queued() {
    let codec = codec(&Dialect::CHAT_TEXT);
    for (payload, found) in [
        (Message::Binary(Bytes::from_static(b"{}")), "a binary message"),
        (Message::from("{oops"), "not valid JSON"),
        (Message::from("MSG {}"), "begins with `MSG `"),
    ] {
        let error = codec.check(&payload).unwrap_err().to_string();
        assert!(error.contains(found) && error.contains("accepted: a JSON object"), "{error}");
    }
    assert_eq!(codec.check(&Message::from(r#"{"a":[1]}"#)), Ok(()));
}

proptest! {
    #[test]
    fn every_message_that_may_be_sent_comes_back_as_it_was(text: String, json in any::<bool>()) {
        let text = if json { serde_json::json!({ "data": text }).to_string() } else { text };
        prop_assume!(codec(&Dialect::CHAT_TEXT).check(&Message::from(&*text)).is_ok());
        let line = encode(&Dialect::CHAT_TEXT, &message(&*text), &Channels::default());
        prop_assert_eq!(decode(&Dialect::CHAT_TEXT, &line), Ok(data(&*text)));
    }
}
