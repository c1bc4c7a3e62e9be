//! `json`: messages as they are, except `{"type":"ping"}` and `{"type":"pong"}` (C02, M04).

use everlink_engine::{PingLevel, Received};
use serde::Deserialize;

use super::data;
use crate::message::Message;

pub(super) const PING: &str = r#"{"type":"ping"}"#;
pub(super) const PONG: &str = r#"{"type":"pong"}"#;

/// Longest message that is looked into for a heartbeat; servers add a time or an id at most.
const HEARTBEAT_BYTES_MAX: usize = 256;

#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(rename = "type", borrow)]
    kind: &'a str,
}

pub(super) fn decode(message: Message) -> Received<Message> {
    if !may_be_heartbeat(message.as_bytes()) || !matches!(message, Message::Text(_)) {
        return data(message);
    }
    match serde_json::from_slice::<Typed<'_>>(message.as_bytes()).map(|typed| typed.kind) {
        Ok("ping") => Received::Ping { nonce: None },
        Ok("pong") => Received::Pong { level: PingLevel::Application, nonce: None, window: None },
        Ok(_) | Err(_) => data(message),
    }
}

/// Tells most messages apart without parsing them.
fn may_be_heartbeat(bytes: &[u8]) -> bool {
    bytes.len() <= HEARTBEAT_BYTES_MAX
        && bytes.trim_ascii_start().first() == Some(&b'{')
        && bytes.windows(6).any(|word| word == b"\"ping\"" || word == b"\"pong\"")
}
