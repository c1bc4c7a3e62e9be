//! From what was seen to the settings that suit it.

use std::time::Duration;

use everlink_engine::{Config, Profile};

use super::behaviour::Seen;
use super::report::{Level, Report};

/// A heartbeat has to come this many times within an idle time-out.
const HEARTBEATS_PER_TIMEOUT: u32 = 3;

/// Adds the settings that differ from the standard ones, or were found to matter.
pub(super) fn give(seen: &Seen, report: &mut Report) {
    heartbeat(seen, report);
    if let Some(interval) = interval(seen) {
        let why = "three heartbeats within its idle time-out";
        report.advise("heartbeat_interval", seconds(interval), why);
        timeout(seen, interval, report);
    }
    match seen.close_echo {
        Some(took) if took > Duration::from_millis(500) => {
            let value = seconds((took * 3).min(Duration::from_secs(60)));
            report.advise("close_timeout", value, format!("its close echo took {took:.1?}"));
        }
        Some(_) | None => {}
    }
}

fn heartbeat(seen: &Seen, report: &mut Report) {
    let (value, why) = match (seen.application_ping, seen.protocol_ping) {
        (Some(_), _) => {
            let why = "it answers {\"type\":\"ping\"} itself, so no proxy answers for it";
            report.advise("dialect", "json".to_owned(), why);
            return;
        }
        (None, Some(_)) => ("protocol", "it answers WebSocket pings, and no application pings"),
        (None, None) => {
            let text = "no ping is answered: silence can only be noticed by missing data";
            report.add("advice", Level::Warning, text);
            report.advise("heartbeat", "none".to_owned(), "no ping is answered");
            report.advise("stale_after", "60s".to_owned(), "data is the only sign of life");
            return;
        }
    };
    report.advise("heartbeat", value.to_owned(), why);
}

/// Returns the interval that fits into an idle time-out, where the standard one does not.
fn interval(seen: &Seen) -> Option<Duration> {
    let standard = Config::builder(Profile::Standard).build().ok()?;
    let fitting = seen.idle_timeout? / HEARTBEATS_PER_TIMEOUT;
    let fitting = fitting.max(Duration::from_millis(100));
    (fitting < standard.settings().heartbeat_interval()).then_some(fitting)
}

fn timeout(seen: &Seen, interval: Duration, report: &mut Report) {
    let latency = seen.application_ping.or(seen.protocol_ping).unwrap_or_default();
    let value = (interval / 2).max(latency * 10).max(Duration::from_millis(50));
    report.advise(
        "heartbeat_timeout",
        seconds(value),
        "half an interval, ten round trips at least",
    );
}

fn seconds(time: Duration) -> String {
    format!("{:.1}s", time.as_secs_f64())
}
