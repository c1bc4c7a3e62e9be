//! Events, refusals and figures as JSON.
#![expect(clippy::wildcard_enum_match_arm, reason = "what carries no data is its own name")]

use everlink_engine::{ConnectionInfo, Event, InputError, Outcome, Position, ReadFailure};
use serde_json::{Value, json};

use crate::json::{failure, millis, object, origin, page, word};

pub(crate) fn event(of: &Event<u64>) -> Value {
    link(of).or_else(|| session(of)).map_or_else(|| panic!("{of:?} has no JSON here"), object)
}

/// Events of the connection.
fn link(of: &Event<u64>) -> Option<Value> {
    Some(match of {
        Event::StateChanged { from, to } => {
            json!({ "type": "stateChanged", "from": word(from), "to": word(to) })
        }
        Event::Connected { guarantee } => {
            json!({ "type": "connected", "guarantee": word(guarantee) })
        }
        Event::Disconnected { failure: why, uptime } => json!({
            "type": "disconnected", "failure": failure(*why), "uptimeMs": millis(*uptime),
        }),
        Event::Reconnecting { attempt, delay } => {
            json!({ "type": "reconnecting", "attempt": attempt, "delayMs": millis(*delay) })
        }
        Event::AttemptFailed { attempt, failure: why } => {
            json!({ "type": "attemptFailed", "attempt": attempt, "failure": failure(*why) })
        }
        Event::Reconnected { attempts, downtime } => {
            json!({ "type": "reconnected", "attempts": attempts, "downtimeMs": millis(*downtime) })
        }
        Event::ReconnectFailed { attempts, failure: why } => {
            json!({ "type": "reconnectFailed", "attempts": attempts, "failure": failure(*why) })
        }
        Event::Moved => json!({ "type": "moved" }),
        Event::Supervised { cause, attempt } => {
            json!({ "type": "supervised", "cause": word(cause), "attempt": attempt })
        }
        Event::QualityChanged { from, to } => {
            json!({ "type": "qualityChanged", "from": word(from), "to": word(to) })
        }
        Event::HealthCheck { latency, quality } => json!({
            "type": "healthCheck", "latencyMs": millis(*latency), "quality": word(quality),
        }),
        Event::Breaker { open } => json!({ "type": "breaker", "open": open }),
        Event::Away { slot } => json!({ "type": "away", "slotMs": millis(*slot) }),
        _ => return None,
    })
}

/// Events of messages and channels.
fn session(of: &Event<u64>) -> Option<Value> {
    Some(match of {
        Event::Message { channel, position: at, payload } => json!({
            "type": "message", "channel": channel.map(|channel| channel.0),
            "position": at.map(position), "payload": payload,
        }),
        Event::Volatile { channel, key, payload } => {
            json!({ "type": "volatile", "channel": channel.0, "key": key.0, "payload": payload })
        }
        Event::Retained { channel, key, version, payload } => json!({
            "type": "retained", "channel": channel.0, "key": key.0, "version": version,
            "payload": payload,
        }),
        Event::Gap { channel, from, to, cause, epoch } => json!({
            "type": "gap", "channel": channel.0, "from": from, "to": to, "cause": word(cause),
            "epoch": epoch.0,
        }),
        Event::DuplicateDropped { channel } => {
            json!({ "type": "duplicateDropped", "channel": channel.map(|channel| channel.0) })
        }
        Event::Subscribed { channel } => json!({ "type": "subscribed", "channel": channel.0 }),
        Event::SubscriptionRejected { channel, code } => {
            json!({ "type": "subscriptionRejected", "channel": channel.0, "code": code })
        }
        Event::Resubscribed { channels } => json!({ "type": "resubscribed", "channels": channels }),
        Event::Settled { first, last, outcome: fate } => json!({
            "type": "settled", "first": first.0, "last": last.0, "outcome": outcome(*fate),
        }),
        Event::InDoubt { first, last } => {
            json!({ "type": "inDoubt", "first": first.0, "last": last.0 })
        }
        Event::MaybeDoubled { first, last } => {
            json!({ "type": "maybeDoubled", "first": first.0, "last": last.0 })
        }
        Event::Page { request, channel, page: of } => {
            json!({ "type": "page", "request": request, "channel": channel.0, "page": page(of) })
        }
        Event::ReadFailed { request, why } => {
            json!({ "type": "readFailed", "request": request, "why": read_failure(*why) })
        }
        Event::OutboxRoom => json!({ "type": "outboxRoom" }),
        _ => return None,
    })
}

fn position(of: Position) -> Value {
    json!({ "epoch": of.epoch.0, "offset": of.offset, "origin": origin(of.origin) })
}

fn outcome(of: Outcome) -> Value {
    match of {
        Outcome::Acknowledged { offset } => json!({ "type": "acknowledged", "offset": offset }),
        Outcome::Refused { code } => json!({ "type": "refused", "code": code }),
        plain => json!({ "type": word(plain) }),
    }
}

fn read_failure(of: ReadFailure) -> Value {
    match of {
        ReadFailure::Refused { code } => json!({ "type": "refused", "code": code }),
        plain => json!({ "type": word(plain) }),
    }
}

pub(crate) fn error(of: &InputError) -> Value {
    object(match of {
        InputError::QueueFull {
            queued_messages,
            queue_messages_max,
            queued_bytes,
            queue_bytes_max,
            message_bytes,
            waits,
            ..
        } => json!({
            "type": "queueFull", "queuedMessages": queued_messages,
            "queueMessagesMax": queue_messages_max, "queuedBytes": queued_bytes,
            "queueBytesMax": queue_bytes_max, "messageBytes": message_bytes, "waits": waits,
        }),
        InputError::MessageTooBig { message_bytes, message_bytes_max, .. } => json!({
            "type": "messageTooBig", "messageBytes": message_bytes,
            "messageBytesMax": message_bytes_max,
        }),
        InputError::NotConnected => json!({ "type": "notConnected" }),
        InputError::Closed => json!({ "type": "closed" }),
        InputError::MessageIdReused { given, last, .. } => {
            json!({ "type": "messageIdReused", "given": given, "last": last })
        }
        InputError::ChannelMissing { dialect, .. } => {
            json!({ "type": "channelMissing", "dialect": dialect })
        }
        InputError::KeyMissing { dialect, .. } => {
            json!({ "type": "keyMissing", "dialect": dialect })
        }
        InputError::BadOrigin { producer, sequence, before, taken, .. } => json!({
            "type": "badOrigin", "producer": producer, "sequence": sequence, "before": before,
            "taken": taken,
        }),
        InputError::TooManyProducers { producers_max, .. } => {
            json!({ "type": "tooManyProducers", "producersMax": producers_max })
        }
        InputError::NoHistory { dialect, .. } => json!({ "type": "noHistory", "dialect": dialect }),
        InputError::TooManyReads { reads_max, .. } => {
            json!({ "type": "tooManyReads", "readsMax": reads_max })
        }
        InputError::NoSubscriptions { dialect, .. } => {
            json!({ "type": "noSubscriptions", "dialect": dialect })
        }
        InputError::TooManyChannels { channels_max, .. } => {
            json!({ "type": "tooManyChannels", "channelsMax": channels_max })
        }
        other => panic!("{other:?} has no JSON here"),
    })
}

pub(crate) fn info(of: &ConnectionInfo) -> Value {
    object(json!({
        "state": word(of.state), "attempts": of.attempts,
        "nextAttemptMs": of.next_attempt.map(millis), "lastFailure": of.last_failure.map(failure),
        "endpoint": of.endpoint, "reconnects": of.reconnects, "dials": of.dials,
        "queuedMessages": of.queued_messages, "queuedBytes": of.queued_bytes,
        "connectedForMs": millis(of.connected_for), "uptimeMs": millis(of.uptime),
        "downtimeMs": millis(of.downtime), "successRate": of.success_rate,
        "latencyMs": of.latency.map(millis), "quality": word(of.quality),
        "guarantee": word(of.guarantee), "messagesSent": of.messages_sent,
        "messagesReceived": of.messages_received, "messagesReplayed": of.messages_replayed,
        "duplicates": of.duplicates,
    }))
}
