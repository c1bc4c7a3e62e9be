//! What goes into an engine and comes out of it, as JSON, written by hand: nothing here knows of words.
#![expect(clippy::wildcard_enum_match_arm, reason = "what carries no data is its own name")]

use std::time::Duration;

use everlink_engine::{
    Cause, Cursor, Failure, HangUp, Input, News, Origin, Outgoing, Output, Page, Received,
    SendPolicy, Transmit, Wanted,
};
use serde_json::{Map, Value, json};

use crate::news::event;

/// Returns an object without the fields that are null: what Rust calls `None` is not there.
pub(crate) fn object(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let there = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(there.collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// `BestEffort` becomes `bestEffort`.
pub(crate) fn word(value: impl std::fmt::Debug) -> String {
    let text = format!("{value:?}");
    text[..1].to_lowercase() + &text[1..]
}

pub(crate) fn millis(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e6
}

pub(crate) fn cause(cause: Cause) -> Value {
    match cause {
        Cause::ProxyRefused(code) => json!({ "type": "proxyRefused", "code": code }),
        Cause::HttpStatus(code) => json!({ "type": "httpStatus", "code": code }),
        Cause::Redirected(code) => json!({ "type": "redirected", "code": code }),
        Cause::Closed(code) => json!({ "type": "closed", "code": code }),
        plain => json!({ "type": word(plain) }),
    }
}

pub(crate) fn failure(of: Failure) -> Value {
    object(json!({ "cause": cause(of.cause), "retryAfterMs": of.retry_after.map(millis) }))
}

pub(crate) fn cursor(of: Cursor) -> Value {
    json!({ "epoch": of.epoch.0, "offset": of.offset })
}

pub(crate) fn origin(of: Origin) -> Value {
    json!({ "producer": of.producer.0, "sequence": of.sequence })
}

fn wanted(of: &Wanted) -> Value {
    object(json!({ "channel": of.channel.0, "from": of.from.map(cursor) }))
}

pub(crate) fn page(of: &Page<u64>) -> Value {
    let messages: Vec<Value> = of
        .messages
        .iter()
        .map(|one| json!({ "offset": one.offset, "origin": origin(one.origin), "payload": one.payload }))
        .collect();
    json!({ "epoch": of.epoch.0, "first": of.first, "head": of.head, "messages": messages })
}

pub(crate) fn input(of: &Input<u64>) -> Value {
    object(match of {
        Input::Connect => json!({ "type": "connect" }),
        Input::Disconnect => json!({ "type": "disconnect" }),
        Input::Reconnect => json!({ "type": "reconnect" }),
        Input::Send(message) => json!({ "type": "send", "message": outgoing(message) }),
        Input::Withdraw { message } => json!({ "type": "withdraw", "message": message.0 }),
        // No dialect of a page answers messages or recovers sessions.
        Input::Ask(_) => json!({ "type": "ask" }),
        Input::Subscribe { channel, from } => {
            json!({ "type": "subscribe", "channel": channel.0, "from": from.map(cursor) })
        }
        Input::Unsubscribe { channel } => json!({ "type": "unsubscribe", "channel": channel.0 }),
        Input::Read { request, channel, after, limit } => json!({
            "type": "read", "request": request, "channel": channel.0, "after": after, "limit": limit,
        }),
        Input::Pause { channel } => json!({ "type": "pause", "channel": channel.0 }),
        Input::Resume { channel } => json!({ "type": "resume", "channel": channel.0 }),
        Input::Transport(transport, told) => {
            json!({ "type": "transport", "transport": transport.0, "news": news(told) })
        }
        Input::NetworkChanged => json!({ "type": "networkChanged" }),
        Input::Online => json!({ "type": "online" }),
        Input::Offline => json!({ "type": "offline" }),
        Input::Woke => json!({ "type": "woke" }),
        Input::Timeout => json!({ "type": "timeout" }),
    })
}

fn news(of: &News<u64>) -> Value {
    object(match of {
        News::Opened => json!({ "type": "opened" }),
        News::Failed { failure: why, verdict: hook } => {
            json!({ "type": "failed", "failure": failure(*why), "verdict": hook.map(word) })
        }
        News::Lost { failure: why, verdict: hook } => {
            json!({ "type": "lost", "failure": failure(*why), "verdict": hook.map(word) })
        }
        News::Frame(frame) => json!({ "type": "frame", "frame": received(frame) }),
        News::Heard { data } => json!({ "type": "heard", "data": data }),
        News::Written { frames } => json!({ "type": "written", "frames": frames }),
        News::ReadPaused => json!({ "type": "readPaused" }),
        News::ReadResumed => json!({ "type": "readResumed" }),
        // A page has no budget that connections share, and the dice never throw this.
        News::Deferred { .. } => json!({ "type": "deferred" }),
    })
}

fn outgoing(of: &Outgoing<u64>) -> Value {
    let policy = match of.policy {
        SendPolicy::Coalesce { key } => json!({ "type": "coalesce", "key": key }),
        plain => json!({ "type": word(plain) }),
    };
    let numbered = of.origin.map(|origin| {
        object(json!({
            "producer": origin.producer.0, "sequence": origin.sequence, "before": origin.before,
            "ageMs": millis(origin.age),
        }))
    });
    object(json!({
        "id": of.id.0, "channel": of.channel.map(|channel| channel.0), "bytes": of.bytes,
        "policy": policy, "key": of.key.map(|key| key.0), "origin": numbered, "payload": of.payload,
    }))
}

fn received(of: &Received<u64>) -> Value {
    object(match of {
        Received::Message { channel, key, payload } => json!({
            "type": "message", "channel": channel.map(|channel| channel.0), "key": key,
            "payload": payload,
        }),
        Received::Delivery { channel, offset, epoch, origin: by, payload } => json!({
            "type": "delivery", "channel": channel.0, "offset": offset,
            "epoch": epoch.map(|epoch| epoch.0), "origin": origin(*by), "payload": payload,
        }),
        Received::Welcome { heartbeat, return_window, backoff_max, rate, origin_ttl, kept } => {
            let beat = heartbeat.map(|(interval, timeout)| {
                json!({ "intervalMs": millis(interval), "timeoutMs": millis(timeout) })
            });
            json!({
                "type": "welcome", "heartbeat": beat, "returnWindowMs": return_window.map(millis),
                "backoffMaxMs": backoff_max.map(millis), "rate": rate,
                "originTtlMs": origin_ttl.map(millis), "kept": word(kept),
            })
        }
        Received::Entered { .. } | Received::Answer { .. } => json!({ "type": "none" }),
        Received::Ack { channel, origin: by, offset } => {
            json!({ "type": "ack", "channel": channel.0, "origin": origin(*by), "offset": offset })
        }
        Received::Nack { channel, origin: by, code } => {
            json!({ "type": "nack", "channel": channel.0, "origin": origin(*by), "code": code })
        }
        Received::RequestOk { request } => json!({ "type": "requestOk", "request": request }),
        Received::RequestErr { request, code } => {
            json!({ "type": "requestErr", "request": request, "code": code })
        }
        Received::SubscribeOk { channel, epoch, head } => json!({
            "type": "subscribeOk", "channel": channel.0, "epoch": epoch.0, "head": head,
        }),
        Received::SubscribeErr { channel, code } => {
            json!({ "type": "subscribeErr", "channel": channel.0, "code": code })
        }
        Received::Gap { channel, from, to, cause, epoch } => json!({
            "type": "gap", "channel": channel.0, "from": from, "to": to, "cause": word(cause),
            "epoch": epoch.map(|epoch| epoch.0),
        }),
        Received::Volatile { channel, key, payload } => {
            json!({ "type": "volatile", "channel": channel.0, "key": key.0, "payload": payload })
        }
        Received::Retained { channel, key, version, payload } => json!({
            "type": "retained", "channel": channel.0, "key": key.0, "version": version,
            "payload": payload,
        }),
        Received::Ping { nonce } => json!({ "type": "ping", "nonce": nonce }),
        Received::Pong { level, nonce, window } => json!({
            "type": "pong", "level": word(level), "nonce": nonce, "windowMs": window.map(millis),
        }),
        Received::Page { request, channel, page: of } => {
            json!({ "type": "page", "request": request, "channel": channel.0, "page": page(of) })
        }
        Received::ReadErr { request, code } => {
            json!({ "type": "readErr", "request": request, "code": code })
        }
        Received::Away { reason, slot, endpoint } => json!({
            "type": "away", "reason": word(reason), "slotMs": millis(*slot), "endpoint": endpoint,
        }),
        Received::Bye => json!({ "type": "bye" }),
    })
}

pub(crate) fn output(of: &Output<u64>) -> Value {
    match of {
        Output::Dial(dial) => json!({
            "type": "dial", "transport": dial.transport.0, "endpoint": dial.endpoint,
            "refreshCredentials": dial.refresh_credentials, "attempt": dial.attempt,
        }),
        Output::HangUp { transport, how: HangUp::Close(code) } => json!({
            "type": "hangUp", "transport": transport.0, "how": { "type": "close", "code": code },
        }),
        Output::HangUp { transport, how: HangUp::Abandon } => json!({
            "type": "hangUp", "transport": transport.0, "how": { "type": "abandon" },
        }),
        Output::Transmit { transport, frame } => {
            json!({ "type": "transmit", "transport": transport.0, "frame": transmit(frame) })
        }
        Output::Event(told) => json!({ "type": "event", "event": event(told) }),
    }
}

fn transmit(of: &Transmit<u64>) -> Value {
    object(match of {
        Transmit::Message { id, channel, payload } => json!({
            "type": "message", "id": id.0, "channel": channel.map(|channel| channel.0),
            "payload": payload,
        }),
        Transmit::Publish { id, channel, origin: by, before, payload } => json!({
            "type": "publish", "id": id.0, "channel": channel.0, "origin": origin(*by),
            "before": before, "payload": payload,
        }),
        Transmit::Volatile { id, channel, key, payload } => json!({
            "type": "volatile", "id": id.0, "channel": channel.0, "key": key.0, "payload": payload,
        }),
        Transmit::Read { request, channel, after, limit } => json!({
            "type": "read", "request": request, "channel": channel.0, "after": after, "limit": limit,
        }),
        Transmit::Hello { channels, last } => {
            let last = last.map(|last| {
                json!({ "code": last.code, "upMs": millis(last.up), "attempts": last.attempts })
            });
            let channels = channels.iter().map(wanted).collect::<Vec<_>>();
            json!({ "type": "hello", "channels": channels, "last": last })
        }
        Transmit::Subscribe { request, channels } => json!({
            "type": "subscribe", "request": request,
            "channels": channels.iter().map(wanted).collect::<Vec<_>>(),
        }),
        Transmit::Unsubscribe { request, channels } => json!({
            "type": "unsubscribe", "request": request,
            "channels": channels.iter().map(|channel| channel.0).collect::<Vec<_>>(),
        }),
        Transmit::Ping { level, nonce } => {
            json!({ "type": "ping", "level": word(level), "nonce": nonce })
        }
        Transmit::Pong { nonce } => json!({ "type": "pong", "nonce": nonce }),
        Transmit::Bye => json!({ "type": "bye" }),
    })
}
