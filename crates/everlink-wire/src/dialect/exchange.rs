//! `exchange`: Binance's form of market streams (F03).
//!
//! Requests are `{"method":"SUBSCRIBE","params":[…],"id":n}`; answers are `{"result":null,"id":n}` or
//! `{"error":{"code":…},"id":n}`, in older form `{"code":…,"msg":…,"id":n}`. Data of a combined stream
//! is `{"stream":"name","data":…}`: the name becomes the channel, and `data` the message. The notice
//! `{"e":"serverShutdown","E":…}`, as it is or as `event` or `data` of an object, asks to go at once ("General
//! WSS information" of its streams; "Connection events" of its WebSocket API).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::time::Duration;

use everlink_engine::{AwayReason, ChannelId, Received};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::scan::{first_key, nested_end, plain_string, skip_space};
use super::{Channels, DecodeError, Encoded};
use crate::message::Message;
use crate::ws::Text;

const DIALECT: &str = "exchange";

/// Keys with which an answer to a request can begin.
const ANSWER_KEYS: [&[u8]; 5] = [b"result", b"error", b"id", b"code", b"msg"];

/// The code told for a refusal that names none.
const CODE_UNKNOWN: u32 = 0;

#[derive(Deserialize)]
struct Answer<'a> {
    id: Option<u32>,
    #[serde(borrow)]
    error: Option<Refusal<'a>>,
    code: Option<i64>,
    #[serde(borrow)]
    msg: Option<&'a RawValue>,
    #[serde(default, borrow, deserialize_with = "present")]
    result: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Refusal<'a> {
    code: Option<i64>,
    #[serde(rename = "msg", borrow)]
    _msg: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Combined<'a> {
    #[serde(borrow)]
    stream: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// Tells `"result":null` from no result.
fn present<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(input).map(Some)
}

pub(super) fn decode(
    message: Message,
    channels: &Channels,
    overlaps: bool,
) -> Result<Received<Message>, DecodeError> {
    let Message::Text(text) = &message else {
        return Ok(event(None, message, overlaps));
    };
    let bytes = text.as_bytes();
    let Some((key, value)) = first_key(bytes) else {
        return Ok(event(None, message, overlaps));
    };
    if ANSWER_KEYS.contains(&key) {
        if let Some(answer) = answer(bytes)? {
            return Ok(answer);
        }
    } else if key == b"stream" || key == b"data" {
        let (channel, range) = combined(bytes, key, value, channels)?;
        if is_shutdown(bytes, range.start) {
            return Ok(AWAY);
        }
        let payload = Text::from_checked(text.clone().into_bytes().slice(range));
        return Ok(event(channel, Message::Text(payload), overlaps));
    } else if is_shutdown(bytes, if key == b"event" { value } else { 0 }) {
        return Ok(AWAY);
    }
    Ok(event(None, message, overlaps))
}

/// The server is about to go: a connection that moves now loses nothing.
const AWAY: Received<Message> =
    Received::Away { reason: AwayReason::Drain, slot: Duration::ZERO, endpoint: None };

/// Returns whether the object that begins here is the notice that the server is about to go.
fn is_shutdown(bytes: &[u8], start: usize) -> bool {
    let object = bytes.get(start..).unwrap_or_default();
    let Some((b"e", value)) = first_key(object) else { return false };
    plain_string(object, value).is_some_and(|(kind, _)| kind == b"serverShutdown")
}

fn event(channel: Option<ChannelId>, payload: Message, overlaps: bool) -> Received<Message> {
    let key = overlaps.then(|| event_key(channel, payload.as_bytes()));
    Received::Message { channel, key, payload }
}

/// Reads an answer to a request; `None` if it is an event whose first key only looks like one.
fn answer(bytes: &[u8]) -> Result<Option<Received<Message>>, DecodeError> {
    let answer: Answer<'_> = match serde_json::from_slice(bytes) {
        Ok(answer) => answer,
        Err(error) if error.is_data() => return Ok(None),
        Err(error) => return Err(invalid("an answer", &error)),
    };
    let refused = answer.error.is_some() || (answer.code.is_some() && answer.msg.is_some());
    let code = answer.error.and_then(|refusal| refusal.code).or(answer.code);
    match (answer.id, refused, answer.result) {
        (Some(request), false, Some(_)) => Ok(Some(Received::RequestOk { request })),
        (Some(request), true, _) => {
            Ok(Some(Received::RequestErr { request, code: magnitude(code) }))
        }
        (None, true, _) => Err(malformed("a refusal without the id of its request")),
        (None, false, Some(_)) if bytes.len() < 64 => {
            Err(malformed("a result without the id of its request"))
        }
        (_, false, _) => Ok(None),
    }
}

/// Exchanges number refusals with small numbers, some of them negative.
fn magnitude(code: Option<i64>) -> u32 {
    code.and_then(|code| u32::try_from(code.unsigned_abs()).ok()).unwrap_or(CODE_UNKNOWN)
}

/// Finds channel and data of a combined stream. The common form, `stream` first and `data` last, is
/// not parsed any further.
fn combined(
    bytes: &[u8],
    key: &[u8],
    value: usize,
    channels: &Channels,
) -> Result<(Option<ChannelId>, Range<usize>), DecodeError> {
    if key == b"stream"
        && let Some((name, end)) = plain_string(bytes, value)
        && let Some(range) = data_after(bytes, end)
    {
        let name = std::str::from_utf8(name).unwrap_or_default();
        return Ok((channels.id(name), range));
    }
    let combined: Combined<'_> = serde_json::from_slice(bytes)
        .map_err(|error| invalid("a message of a combined stream", &error))?;
    let start = combined.data.get().as_ptr() as usize - bytes.as_ptr() as usize;
    Ok((channels.id(&combined.stream), start..start + combined.data.get().len()))
}

/// Returns where the data lies, if `,"data":…}` follows, and the data is an object or an array and
/// the last value.
fn data_after(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let comma = skip_space(bytes, start);
    if bytes.get(comma) != Some(&b',') {
        return None;
    }
    let (key, end) = plain_string(bytes, skip_space(bytes, comma + 1))?;
    let colon = skip_space(bytes, end);
    if key != b"data" || bytes.get(colon) != Some(&b':') {
        return None;
    }
    let from = skip_space(bytes, colon + 1);
    let end = nested_end(bytes, from)?;
    (bytes[end..].trim_ascii() == b"}").then_some(from..end)
}

/// Returns a number that is the same for copies of one event: made of its kind, its time and its
/// id where it has one, else of all its bytes.
fn event_key(channel: Option<ChannelId>, bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    channel.hash(&mut hasher);
    let fields: BTreeMap<&str, &RawValue> = serde_json::from_slice(bytes).unwrap_or_default();
    let field = |name: &str| fields.get(name).map(|raw| raw.get());
    let number = |name| field(name).filter(|raw| raw.bytes().all(|byte| byte.is_ascii_digit()));
    match number("u").or_else(|| number("t")) {
        Some(id) => (field("e"), field("E"), id).hash(&mut hasher),
        None => bytes.hash(&mut hasher),
    }
    hasher.finish()
}

pub(super) fn encode<'a>(
    scratch: &'a mut String,
    method: &str,
    request: u32,
    ids: impl Iterator<Item = ChannelId>,
    channels: &Channels,
) -> Encoded<'a> {
    scratch.clear();
    scratch.push_str(r#"{"method":""#);
    scratch.push_str(method);
    scratch.push_str(r#"","params":["#);
    let names = ids.filter_map(|id| channels.name(id));
    for (index, name) in names.enumerate() {
        if index > 0 {
            scratch.push(',');
        }
        scratch.push_str(&serde_json::Value::from(&**name).to_string());
    }
    let written = write!(scratch, r#"],"id":{request}}}"#);
    debug_assert!(written.is_ok(), "writing to a string cannot fail");
    Encoded::Text(scratch)
}

fn invalid(what: &'static str, error: &serde_json::Error) -> DecodeError {
    DecodeError::InvalidJson { dialect: DIALECT, what, column: error.column() }
}

fn malformed(found: &'static str) -> DecodeError {
    DecodeError::Malformed {
        dialect: DIALECT,
        what: "an answer",
        found,
        accepted: r#"{"result":null,"id":n} or {"error":{"code":…},"id":n}"#,
    }
}
