//! Events of the connection, for people and for programs.

use everlink::{Event, Info};
use serde_json::{Value, json};

/// One event, in both forms.
#[derive(Debug)]
pub(super) struct News {
    /// For programs; always there.
    pub(super) json: Value,
    /// For people; not every event is worth a line.
    pub(super) text: Option<String>,
    /// Whether it is worth a line of its own beside a status line.
    pub(super) lasting: bool,
}

impl News {
    pub(super) fn new(event: &Event, info: &Info) -> Self {
        let (kind, data, text) = describe(event);
        let mut json = json!({
            "event": kind,
            "state": info.state.name(),
            "attempts": info.attempts,
            "queued": info.queued_messages,
            "latency_ms": info.latency.map(|latency| latency.as_secs_f64() * 1e3),
            "quality": info.quality.name(),
        });
        if let (Value::Object(all), Value::Object(more)) = (&mut json, data) {
            all.extend(more);
        }
        let lasting = !matches!(event, Event::Reconnecting { .. } | Event::AttemptFailed { .. });
        Self { json, text, lasting }
    }
}

fn describe(event: &Event) -> (&'static str, Value, Option<String>) {
    let none = || json!({});
    match event {
        Event::StateChanged { from, to, .. } => {
            ("state_changed", json!({ "from": from.name(), "to": to.name() }), None)
        }
        Event::Connected { guarantee, .. } => {
            let text = format!("connected; delivery: {guarantee:?}");
            ("connected", json!({ "guarantee": format!("{guarantee:?}") }), Some(text))
        }
        Event::Disconnected { error, uptime, .. } => {
            let text = format!("lost after {uptime:.1?}: {error}");
            let data = json!({ "error": error.to_string(), "uptime_s": uptime.as_secs_f64() });
            ("disconnected", data, Some(text))
        }
        Event::Reconnecting { attempt, delay, .. } => {
            let text = format!("attempt {attempt} in {:.1} s", delay.as_secs_f64());
            let data = json!({ "attempt": attempt, "delay_s": delay.as_secs_f64() });
            ("reconnecting", data, Some(text))
        }
        Event::AttemptFailed { attempt, error, .. } => {
            let text = format!("attempt {attempt} failed: {error}");
            let data = json!({ "attempt": attempt, "error": error.to_string() });
            ("attempt_failed", data, Some(text))
        }
        Event::Reconnected { attempts, downtime, .. } => {
            let text = format!("back after {:.1} s, at attempt {attempts}", downtime.as_secs_f64());
            let data = json!({ "attempts": attempts, "downtime_s": downtime.as_secs_f64() });
            ("reconnected", data, Some(text))
        }
        Event::ReconnectFailed { attempts, error, .. } => {
            let data = json!({ "attempts": attempts, "error": error.to_string() });
            ("reconnect_failed", data, None)
        }
        Event::Moved => ("moved", none(), Some("moved to a fresh connection".to_owned())),
        Event::Supervised { cause, attempt, .. } => {
            let text = format!("second level acts ({cause:?}), {attempt}");
            let data = json!({ "cause": format!("{cause:?}"), "attempt": attempt });
            ("supervised", data, Some(text))
        }
        Event::QualityChanged { from, to, .. } => {
            let text = format!("quality: {} to {}", from.name(), to.name());
            ("quality_changed", json!({ "from": from.name(), "to": to.name() }), Some(text))
        }
        Event::HealthCheck { latency, .. } => {
            ("health_check", json!({ "round_trip_ms": latency.as_secs_f64() * 1e3 }), None)
        }
        Event::Breaker { open, .. } => {
            let word = if *open { "open" } else { "closed" };
            ("breaker", json!({ "open": open }), Some(format!("circuit breaker: {word}")))
        }
        Event::Subscribed { channel, .. } => {
            let text = format!("subscribed {channel}");
            ("subscribed", json!({ "channel": &**channel }), Some(text))
        }
        Event::SubscriptionRejected { channel, code, .. } => {
            let text = format!("subscription of {channel} was refused ({code})");
            let data = json!({ "channel": &**channel, "code": code });
            ("subscription_rejected", data, Some(text))
        }
        Event::Resubscribed { channels, .. } => {
            ("resubscribed", json!({ "channels": channels }), None)
        }
        Event::Resumed { recovered, .. } => {
            let text = match recovered {
                true => "the session goes on",
                false => "a fresh session: what the server sent meanwhile is missing",
            };
            ("resumed", json!({ "recovered": recovered }), Some(text.to_owned()))
        }
        Event::Gap { channel, from, to, cause, .. } => {
            let text = format!("{channel}: {from} to {to} will not come ({cause:?})");
            let data = json!({ "channel": &**channel, "from": from, "to": to });
            ("gap", data, Some(text))
        }
        Event::DuplicatesDropped { count, .. } => {
            ("duplicates_dropped", json!({ "count": count }), None)
        }
        Event::MessagesDropped { count, why, .. } => {
            let text = format!("{count} messages will not be sent: {why:?}");
            ("messages_dropped", json!({ "count": count, "why": format!("{why:?}") }), Some(text))
        }
        Event::InDoubt { first, last, .. } => {
            let text = format!("messages {} to {} may not have arrived", first.0, last.0);
            ("in_doubt", json!({ "first": first.0, "last": last.0 }), Some(text))
        }
        Event::Away { slot, .. } => {
            let text = format!("the server asks us to move within {slot:.1?}");
            ("away", json!({ "slot_s": slot.as_secs_f64() }), Some(text))
        }
        Event::NotFollowed { why, .. } => {
            ("not_followed", json!({ "why": &**why }), Some(format!("not followed: {why}")))
        }
        Event::BadMessage { error, .. } => {
            ("bad_message", json!({ "error": &**error }), Some(format!("bad message: {error}")))
        }
        Event::ReadPaused => ("read_paused", none(), None),
        Event::ReadResumed => ("read_resumed", none(), None),
        Event::SubscriberLagged { channel, missed, .. } => {
            let text = format!("{channel}: {missed} messages were dropped, output is too slow");
            ("subscriber_lagged", json!({ "channel": &**channel, "missed": missed }), Some(text))
        }
        Event::Lagged { missed, .. } => ("lagged", json!({ "missed": missed }), None),
        Event::ChannelPaused { channel, .. } => {
            let text = format!("{channel}: paused, output is too slow");
            ("channel_paused", json!({ "channel": &**channel }), Some(text))
        }
        Event::ChannelResumed { channel, .. } => {
            let text = format!("{channel}: goes on where it was");
            ("channel_resumed", json!({ "channel": &**channel }), Some(text))
        }
        Event::MaybeDoubled { first, last, .. } => {
            let text = format!("messages {} to {} may be stored twice", first.0, last.0);
            ("maybe_doubled", json!({ "first": first.0, "last": last.0 }), Some(text))
        }
        Event::ServerError { code, fatal, why, .. } => {
            let end = if *fatal { ", and ends the connection" } else { "" };
            let text = format!("the server says {code}: {why}{end}");
            let data = json!({ "code": code, "fatal": fatal, "why": &**why });
            ("server_error", data, Some(text))
        }
        Event::CredentialsRenewed { lasts, .. } => {
            let text = match lasts {
                Some(lasts) => format!("credentials renewed, for {lasts:.0?}"),
                None => "credentials renewed".to_owned(),
            };
            let data = json!({ "lasts_s": lasts.map(|lasts| lasts.as_secs_f64()) });
            ("credentials_renewed", data, Some(text))
        }
        Event::CredentialsFailed { error, .. } => {
            let text = format!("credentials could not be renewed: {error}");
            ("credentials_failed", json!({ "error": &**error }), Some(text))
        }
        other => ("other", json!({ "text": format!("{other:?}") }), None),
    }
}
