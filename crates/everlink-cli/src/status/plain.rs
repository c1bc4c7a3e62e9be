//! How a server is, as text.

use std::fmt::Write as _;
use std::time::Duration;

use indicatif::{HumanBytes, HumanCount};

use super::seen::Seen;

/// A table for people.
pub(super) fn table(seen: &Seen) -> String {
    let mut text = String::new();
    for (name, value) in rows(seen) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<12} {value}");
    }
    text.truncate(text.trim_end().len());
    text
}

/// One line, for a log.
pub(super) fn line(seen: &Seen) -> String {
    let drain = seen.drain.as_ref().map_or_else(String::new, |drain| {
        format!(", draining {} more within {}", drain.connections, time(drain.left_ms))
    });
    let fault = seen.store.fault.as_ref().map_or_else(String::new, |why| format!(", store: {why}"));
    format!(
        "{}: {} connections, {} rooms, {} in/s, {} out/s, {} accepted/s, {} reconnects, {} gaps{drain}{fault}",
        seen.node,
        seen.connections,
        seen.rooms,
        seen.rates.messages_in,
        seen.rates.messages_out,
        seen.rates.accepted,
        seen.totals.reconnects,
        seen.quality.gaps,
    )
}

/// The rows of the table, which the view shows in part.
pub(super) fn rows(seen: &Seen) -> Vec<(&'static str, String)> {
    let Seen { rates, totals, .. } = seen;
    let mut rows = vec![
        ("node", format!("{}, up {}", seen.node, uptime(seen))),
        (
            "connections",
            format!(
                "{}; {} accepted since the start, {} refused",
                count(seen.connections),
                count(totals.accepted),
                count(totals.refused)
            ),
        ),
        ("rooms", count(seen.rooms)),
        (
            "last second",
            format!(
                "{} messages in, {} out, {} accepted",
                count(rates.messages_in),
                count(rates.messages_out),
                count(rates.accepted)
            ),
        ),
        (
            "messages",
            format!(
                "{} in ({}), {} out ({})",
                count(totals.messages_in),
                HumanBytes(totals.bytes_in),
                count(totals.messages_out),
                HumanBytes(totals.bytes_out)
            ),
        ),
    ];
    rows.extend(state(seen));
    rows
}

/// Reconnects, quality, store and drain.
pub(super) fn state(seen: &Seen) -> Vec<(&'static str, String)> {
    let Seen { totals, quality, store, socket_io, .. } = seen;
    let mut rows = vec![
        (
            "reconnects",
            format!("{}; {} messages replayed", count(totals.reconnects), count(totals.replayed)),
        ),
        (
            "quality",
            format!(
                "{} gaps, {} holes in the feed; returns within {}, {} accepts a second known",
                count(quality.gaps),
                count(quality.feed_holes),
                time(quality.return_window_ms),
                count(quality.accept_rate)
            ),
        ),
        (
            "store",
            format!(
                "{}: {} channels, {} messages, {}, {} not stored yet",
                store.kind,
                count(store.channels),
                count(store.records),
                HumanBytes(store.bytes),
                count(store.pending)
            ),
        ),
    ];
    // Most servers have no such clients.
    if socket_io.connected > 0 || socket_io.recovered > 0 {
        let text = format!(
            "{} sockets; {} began anew, {} recovered, {} could not be",
            count(socket_io.sockets),
            count(socket_io.connected),
            count(socket_io.recovered),
            count(socket_io.not_recovered)
        );
        rows.push(("socket.io", text));
    }
    if let Some(fault) = &store.fault {
        rows.push(("store fault", fault.clone()));
    }
    if let Some(drain) = &seen.drain {
        let text =
            format!("{} connections, {} left", count(drain.connections), time(drain.left_ms));
        rows.push(("draining", text));
    }
    rows
}

pub(super) fn uptime(seen: &Seen) -> String {
    humantime::format_duration(Duration::from_secs(seen.uptime_s)).to_string()
}

fn time(millis: u64) -> String {
    humantime::format_duration(Duration::from_millis(millis)).to_string()
}

pub(super) fn count(value: u64) -> String {
    HumanCount(value).to_string()
}
