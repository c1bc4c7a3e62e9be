//! Frames in words, as the vectors have them: long names, times in milliseconds, nothing that lacks.

#![expect(clippy::wildcard_enum_match_arm, reason = "replies are said in three parts")]

use std::borrow::Cow;
use std::time::Duration;

use everlink_engine::server::{Hello, Place, Reply, Request, Stored, Welcome};
use everlink_engine::{AwayReason, GapCause, Kept};
use everlink_wire::Message;
use serde_json::{Map, Value, json};

type Name<'a> = Cow<'a, str>;

/// Says a request in words.
pub(crate) fn request(frame: &Request<Name<'_>, Message>) -> Value {
    without_nulls(match frame {
        Request::Hello(frame) => hello(frame),
        Request::Publish(frame) => json!({
            "type": "publish", "channel": frame.channel, "producer": frame.producer,
            "sequence": frame.sequence, "before": frame.before, "payload": payload(&frame.payload),
        }),
        Request::Subscribe { channels } => {
            json!({ "type": "subscribe", "channels": places(channels) })
        }
        Request::Unsubscribe { request, channels } => {
            json!({ "type": "unsubscribe", "request": request, "channels": channels })
        }
        Request::Volatile { channel, key, payload: value } => {
            json!({ "type": "volatile", "channel": channel, "key": key, "payload": payload(value) })
        }
        Request::Read { request, channel, after, limit } => json!({
            "type": "read", "request": request, "channel": channel, "after": after, "limit": limit,
        }),
        Request::Auth { token } => json!({ "type": "auth", "token": token }),
        Request::Ping { nonce } => json!({ "type": "ping", "nonce": nonce }),
        Request::Pong { nonce } => json!({ "type": "pong", "nonce": nonce }),
        Request::Bye => json!({ "type": "bye" }),
    })
}

fn hello(frame: &Hello<Name<'_>>) -> Value {
    let last = frame.last.as_ref().map(
        |last| json!({ "code": last.code, "up_ms": millis(last.up), "attempts": last.attempts }),
    );
    json!({
        "type": "hello", "version": frame.version, "client": frame.client,
        "producer": frame.producer, "token": frame.auth, "channels": places(&frame.channels),
        "frame_max": frame.frame_max, "last": last,
    })
}

/// Says a reply in words.
pub(crate) fn reply(frame: &Reply<Name<'_>, Message>) -> Value {
    without_nulls(match frame {
        Reply::Welcome(frame) => welcome(frame),
        Reply::Message(message) => {
            let mut value = stored(message);
            value["type"] = json!("message");
            value["channel"] = json!(message.channel);
            value["epoch"] = json!(message.epoch.map(|epoch| epoch.0));
            value
        }
        Reply::Page { request, channel, epoch, first, head, messages } => {
            assert!(messages.iter().all(|message| message.channel == *channel));
            json!({
                "type": "page", "request": request, "channel": channel, "epoch": epoch.0,
                "first": first, "head": head,
                "messages": messages.iter().map(stored).collect::<Vec<_>>(),
            })
        }
        frame => channel_reply(frame).or_else(|| link_reply(frame)).unwrap(),
    })
}

/// Says what belongs to a channel.
fn channel_reply(frame: &Reply<Name<'_>, Message>) -> Option<Value> {
    Some(match frame {
        Reply::Ack { channel, producer, sequence, offset } => json!({
            "type": "ack", "channel": channel, "producer": producer, "sequence": sequence,
            "offset": offset,
        }),
        Reply::Nack { channel, producer, sequence, code, why } => json!({
            "type": "nack", "channel": channel, "producer": producer, "sequence": sequence,
            "code": code, "why": why,
        }),
        Reply::SubscribeOk { channel, epoch, head, replay } => json!({
            "type": "subscribe_ok", "channel": channel, "epoch": epoch.0, "head": head,
            "replay": replay,
        }),
        Reply::SubscribeErr { channel, code, why } => {
            json!({ "type": "subscribe_err", "channel": channel, "code": code, "why": why })
        }
        Reply::Gap { channel, from, to, cause, epoch } => json!({
            "type": "gap", "channel": channel, "from": from, "to": to, "cause": gap_cause(*cause),
            "epoch": epoch.map(|epoch| epoch.0),
        }),
        Reply::Volatile { channel, key, user, payload: value } => json!({
            "type": "volatile", "channel": channel, "key": key, "user": user,
            "payload": payload(value),
        }),
        Reply::Retained { channel, key, version, payload: value } => json!({
            "type": "retained", "channel": channel, "key": key, "version": version,
            "payload": payload(value),
        }),
        _ => return None,
    })
}

/// Says what belongs to the connection.
fn link_reply(frame: &Reply<Name<'_>, Message>) -> Option<Value> {
    Some(match frame {
        Reply::UnsubscribeOk { request } => json!({ "type": "unsubscribe_ok", "request": request }),
        Reply::ReadErr { request, code, why } => {
            json!({ "type": "read_err", "request": request, "code": code, "why": why })
        }
        Reply::AuthOk { expires } => {
            json!({ "type": "auth_ok", "expires_ms": expires.map(millis) })
        }
        Reply::Ping { nonce } => json!({ "type": "ping", "nonce": nonce }),
        Reply::Pong { nonce, window } => {
            json!({ "type": "pong", "nonce": nonce, "window_ms": window.map(millis) })
        }
        Reply::Away { reason, slot, url } => json!({
            "type": "away", "reason": away_reason(*reason), "slot_ms": millis(*slot), "url": url,
        }),
        Reply::Err { code, fatal, retry, why } => json!({
            "type": "err", "code": code, "fatal": fatal, "retry_ms": retry.map(millis), "why": why,
        }),
        Reply::Bye => json!({ "type": "bye" }),
        _ => return None,
    })
}

fn welcome(frame: &Welcome<Name<'_>>) -> Value {
    let kept = match frame.kept {
        Kept::Memory => "memory",
        Kept::Disk => "disk",
        Kept::Replicated => "replicated",
    };
    json!({
        "type": "welcome", "node": frame.node,
        "heartbeat_ms": [millis(frame.heartbeat_interval), millis(frame.heartbeat_timeout)],
        "frame_max": frame.frame_max, "rate": frame.rate,
        "origin_ttl_ms": millis(frame.origin_ttl),
        "return_window_ms": frame.return_window.map(millis),
        "backoff_max_ms": frame.backoff_max.map(millis), "kept": kept, "suffix": frame.suffix,
    })
}

fn stored(message: &Stored<Name<'_>, Message>) -> Value {
    without_nulls(json!({
        "offset": message.offset, "producer": message.producer, "sequence": message.sequence,
        "id": message.id, "user": message.user, "at": message.at,
        "payload": payload(&message.payload),
    }))
}

fn places(places: &[Place<Name<'_>>]) -> Vec<Value> {
    let place = |place: &Place<Name<'_>>| {
        let (epoch, offset) = place.from.map(|from| (from.epoch.0, from.offset)).unzip();
        without_nulls(json!({ "channel": place.channel, "epoch": epoch, "offset": offset }))
    };
    places.iter().map(place).collect()
}

fn payload(payload: &Message) -> Value {
    match payload {
        Message::Text(text) => json!({ "text": text.as_str() }),
        Message::Binary(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({ "binary": hex })
        }
    }
}

const fn gap_cause(cause: GapCause) -> &'static str {
    match cause {
        GapCause::Expired => "expired",
        GapCause::Epoch => "epoch",
        GapCause::Slow => "slow",
    }
}

const fn away_reason(reason: AwayReason) -> &'static str {
    match reason {
        AwayReason::Drain => "drain",
        AwayReason::Age => "age",
        AwayReason::Rebalance => "rebalance",
        AwayReason::Overload => "overload",
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap()
}

fn without_nulls(value: Value) -> Value {
    let Value::Object(fields) = value else { return value };
    Value::Object(fields.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
}
