//! How an open connection behaves: pings, idle time-outs, the closing hand-shake.

use std::time::Duration;

use everlink::dial::{DialOptions, Endpoint, HeaderMap, Opened, dial};
use everlink_wire::ws::{Item, close_code_is_valid};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tokio::time::Instant;

use super::probe::{Heard, Probe};
use super::report::{Level, Report};

/// How many pings are timed.
const PINGS: u32 = 3;

/// How long the examination may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Longest wait for one answer.
    pub(super) wait: Duration,
    /// Longest wait for an idle time-out.
    pub(super) idle: Duration,
    /// Whether a person watches.
    pub(super) show: bool,
}

/// How further connections are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialer<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) options: &'a DialOptions,
    pub(super) headers: &'a HeaderMap,
}

/// What the settings depend on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Round trip of a WebSocket ping; `None` if it is not answered.
    pub(super) protocol_ping: Option<Duration>,
    /// Round trip of `{"type":"ping"}`; `None` if it is not answered.
    pub(super) application_ping: Option<Duration>,
    /// After which silence the endpoint cut us off.
    pub(super) idle_timeout: Option<Duration>,
    /// How long silence was borne, where it was not cut off.
    pub(super) idle_borne: Option<Duration>,
    /// Time between pings of the server's own.
    pub(super) server_ping: Option<Duration>,
    /// Time to the answer of a close frame; `None` if it is not answered.
    pub(super) close_echo: Option<Duration>,
}

/// Looks at everything an open connection does.
pub(super) async fn examine(
    opened: Opened,
    dialer: &Dialer<'_>,
    limits: Limits,
    report: &mut Report,
) -> Seen {
    let mut seen = Seen::default();
    let mut probe = Probe::new(opened);
    seen.protocol_ping = protocol_ping(&mut probe, limits, report).await;
    seen.application_ping = application_ping(&mut probe, limits, report).await;
    seen.close_echo = close(probe, limits, report).await;
    if !limits.idle.is_zero() {
        idle(dialer, limits, &mut seen, report).await;
    }
    seen
}

async fn protocol_ping(probe: &mut Probe, limits: Limits, report: &mut Report) -> Option<Duration> {
    let mut best: Option<Duration> = None;
    for number in 0..PINGS {
        let payload = number.to_be_bytes();
        let started = Instant::now();
        let sent = probe.send(|encoder, bytes| {
            // Four bytes always fit.
            let _fits = encoder.ping(bytes, &payload);
        });
        if let Err(error) = sent.await {
            report.add("ping", Level::Bad, format!("the connection broke: {error}"));
            return None;
        }
        let is_echo = |item: &Item| matches!(item, Item::Pong(echo) if echo[..] == payload);
        let heard = probe.hear_until(limits.wait, is_echo).await;
        if !matches!(heard, Heard::Item(Item::Pong(_))) {
            let text = format!("WebSocket ping: {}", describe(&heard, limits.wait));
            report.add("ping", Level::Warning, text);
            return None;
        }
        let took = started.elapsed();
        best = Some(best.map_or(took, |best| best.min(took)));
    }
    let took = best.unwrap_or_default();
    let text = format!("WebSocket ping is answered in {took:.1?} (best of {PINGS})");
    let data = json!({ "protocol_ping_ms": took.as_secs_f64() * 1e3 });
    report.add_with("ping", Level::Good, text, data);
    best
}

/// A server that does not know `{"type":"ping"}` may take offence: it is asked on its own.
async fn application_ping(
    probe: &mut Probe,
    limits: Limits,
    report: &mut Report,
) -> Option<Duration> {
    let started = Instant::now();
    let sent = probe.send(|encoder, bytes| encoder.text(bytes, r#"{"type":"ping"}"#)).await;
    if let Err(error) = sent {
        report.add("ping", Level::Note, format!("application ping: {error}"));
        return None;
    }
    let heard = probe.hear_until(limits.wait, is_json_pong).await;
    if !matches!(heard, Heard::Item(Item::Text(_))) {
        let what = describe(&heard, limits.wait);
        report.add("ping", Level::Note, format!(r#"application ping {{"type":"ping"}}: {what}"#));
        return None;
    }
    let took = started.elapsed();
    let text = format!(r#"application ping {{"type":"ping"}} is answered in {took:.1?}"#);
    let data = json!({ "application_ping_ms": took.as_secs_f64() * 1e3 });
    report.add_with("ping", Level::Good, text, data);
    Some(took)
}

fn is_json_pong(item: &Item) -> bool {
    let Item::Text(text) = item else { return false };
    let parsed = serde_json::from_str::<serde_json::Value>(text.as_str());
    parsed.is_ok_and(|value| value.get("type").and_then(|kind| kind.as_str()) == Some("pong"))
}

async fn close(mut probe: Probe, limits: Limits, report: &mut Report) -> Option<Duration> {
    let started = Instant::now();
    let sent = probe.send(|encoder, bytes| {
        // 1000 without a reason always fits.
        let _fits = encoder.close(bytes, Some((1000, "")));
    });
    if let Err(error) = sent.await {
        report.add("close", Level::Note, format!("the endpoint had left before: {error}"));
        return None;
    }
    let heard = probe.hear_until(limits.wait, |item| matches!(item, Item::Close(_))).await;
    let took = started.elapsed();
    let Heard::Item(Item::Close(echo)) = heard else {
        let text = format!("close 1000: {}", describe(&heard, limits.wait));
        report.add("close", Level::Warning, text);
        return None;
    };
    let code = echo.map_or(1005, |close| close.code);
    let odd = code != 1000 || !close_code_is_valid(code);
    let level = if odd { Level::Note } else { Level::Good };
    let text = format!("close 1000 is echoed with {code} in {took:.1?}");
    let data = json!({ "close_echo": code, "ms": took.as_secs_f64() * 1e3 });
    report.add_with("close", level, text, data);
    tcp_end(&mut probe, limits, report).await;
    Some(took)
}

/// After the closing hand-shake the server ends TCP first (RFC 6455, section 7.1.1).
async fn tcp_end(probe: &mut Probe, limits: Limits, report: &mut Report) {
    let heard = probe.hear(Instant::now() + limits.wait).await;
    let text = match heard {
        Heard::End | Heard::Lost(_) => return,
        Heard::Silence => "the server leaves TCP open after the closing hand-shake",
        Heard::Item(_) | Heard::Broken(_) => "the server sends after its close frame",
    };
    report.add("close", Level::Note, text);
}

/// Sends nothing and waits: does anybody cut us off?
async fn idle(dialer: &Dialer<'_>, limits: Limits, seen: &mut Seen, report: &mut Report) {
    let opened = match dial(dialer.endpoint, dialer.options, dialer.headers).await {
        Ok(opened) => opened,
        Err(error) => return report.add("idle", Level::Warning, error.to_string()),
    };
    let mut probe = Probe::new(opened);
    let started = Instant::now();
    let deadline = started + limits.idle;
    let bar = waiting_bar(limits);
    let end = loop {
        let tick = deadline.min(Instant::now() + Duration::from_millis(500));
        match probe.hear_and_answer(tick).await {
            Heard::Silence if Instant::now() < deadline => {
                bar.set_position(started.elapsed().as_secs());
            }
            Heard::Item(Item::Ping(_)) => {
                seen.server_ping.get_or_insert(started.elapsed());
            }
            Heard::Item(Item::Text(_) | Item::Binary(_) | Item::Pong(_)) => {}
            end @ (Heard::Item(Item::Close(_))
            | Heard::End
            | Heard::Silence
            | Heard::Broken(_)
            | Heard::Lost(_)) => break end,
        }
    };
    bar.finish_and_clear();
    idle_ended(&end, started.elapsed(), seen, report);
}

fn idle_ended(end: &Heard, after: Duration, seen: &mut Seen, report: &mut Report) {
    if let Some(first) = seen.server_ping {
        let text = format!("the server pings by itself, first after {first:.1?}");
        let data = json!({ "server_ping_s": first.as_secs_f64() });
        report.add_with("idle", Level::Note, text, data);
    }
    if matches!(end, Heard::Silence) {
        seen.idle_borne = Some(after);
        let text = format!("an idle connection is borne for {:.0?}", after);
        let data = json!({ "idle_borne_s": after.as_secs_f64() });
        report.add_with("idle", Level::Good, text, data);
        return;
    }
    seen.idle_timeout = Some(after);
    let how = describe(end, after);
    let text = format!("an idle connection is cut after {after:.1?}: {how}");
    let data = json!({ "idle_timeout_s": after.as_secs_f64() });
    report.add_with("idle", Level::Warning, text, data);
}

fn waiting_bar(limits: Limits) -> ProgressBar {
    if !limits.show {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(limits.idle.as_secs());
    let style =
        ProgressStyle::with_template("  waiting for an idle time-out {bar:30} {pos}/{len} s");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

/// Says in words what a wait ended with.
fn describe(heard: &Heard, wait: Duration) -> String {
    match heard {
        Heard::Item(Item::Close(Some(close))) => {
            format!("closed with {} {:?}", close.code, close.reason.as_str())
        }
        Heard::Item(Item::Close(None)) => "closed without a code".to_owned(),
        Heard::Item(_) => "answered with something else".to_owned(),
        Heard::End => "the stream ended without a close frame".to_owned(),
        Heard::Silence => format!("no answer within {wait:?}"),
        Heard::Broken(error) => format!("the peer broke the protocol: {error}"),
        Heard::Lost(error) => format!("the connection broke: {error}"),
    }
}
