//! Every metric of a server, in one table.

use everlink_engine::server::Code;
use metrics::{Counter, Gauge, Histogram};

use crate::node::Node;

/// How a metric behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Spreads over buckets.
    Histogram,
}

/// One metric, as documentation sees it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Metric {
    /// Its name for Prometheus.
    pub name: &'static str,
    /// Its name by OpenTelemetry's conventions, for exporters that rename.
    pub otel: &'static str,
    /// How it behaves.
    pub kind: MetricKind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub doc: &'static str,
}

macro_rules! metrics_table {
    ($($id:ident: $name:literal, $otel:literal, $kind:ident, [$($label:literal),*], $doc:literal;)+) => {
        /// Every metric that a server records through the `metrics` crate.
        ///
        /// Install a recorder before the server is built.
        pub const METRICS: &[Metric] = &[$(Metric {
            name: $name,
            otel: $otel,
            kind: MetricKind::$kind,
            labels: &[$($label),*],
            doc: $doc,
        }),+];
        $(const $id: &str = $name;)+
    };
}

metrics_table! {
    CONNECTIONS: "everlink_server_connections", "everlink.server.connections", Gauge, [],
        "Connections that stand now.";
    ROOMS: "everlink_server_rooms", "everlink.server.rooms", Gauge, [],
        "Channels in use on this node.";
    ACCEPTED: "everlink_server_accepted_total", "everlink.server.accepted", Counter, [],
        "Connections that were welcomed.";
    REFUSED: "everlink_server_refused_total", "everlink.server.refused", Counter, ["why"],
        "Connections that were refused: before the upgrade, or by the answer to their greeting.";
    RECONNECTS: "everlink_server_reconnects_total", "everlink.server.reconnects", Counter, [],
        "Connections of clients that had one before, as they say.";
    MESSAGES_IN: "everlink_server_messages_in_total", "everlink.server.messages.in", Counter, [],
        "Messages and volatile values of clients.";
    MESSAGES_OUT: "everlink_server_messages_out_total", "everlink.server.messages.out", Counter, [],
        "Entries and volatile values handed to sockets.";
    BYTES_IN: "everlink_server_bytes_in_total", "everlink.server.bytes.in", Counter, [],
        "Bytes read from sockets.";
    BYTES_OUT: "everlink_server_bytes_out_total", "everlink.server.bytes.out", Counter, [],
        "Bytes written to sockets.";
    REPLAYED: "everlink_server_replayed_total", "everlink.server.replayed", Counter, [],
        "Entries that were read from the log, since their reader was behind.";
    GAPS: "everlink_server_gaps_total", "everlink.server.gaps", Counter, ["why"],
        "Ranges that readers were told will not come.";
    CLOSED: "everlink_server_closed_total", "everlink.server.closed", Counter, ["code"],
        "Connections that ended, by close code; 1006 where there was none, `other` for one that only clients use.";
    FEED_HOLES: "everlink_server_feed_holes_total", "everlink.server.feed.holes", Counter, [],
        "Times that a channel's readers had not been told of the log's end, and were then.";
    STORE: "everlink_server_store_seconds", "everlink.server.store", Histogram, [],
        "Time from a message's arrival to its being stored.";
    LIFETIME: "everlink_server_lifetime_seconds", "everlink.server.lifetime", Histogram, [],
        "How long connections stood.";
    PENDING: "everlink_server_log_pending", "everlink.server.log.pending", Gauge, [],
        "Appends that are not stored yet.";
}

/// Prints [`METRICS`] as a table in Markdown, for the reference documentation.
#[must_use]
pub fn metrics_reference() -> String {
    let mut text = String::from(
        "| Prometheus | OpenTelemetry | kind | labels | meaning |\n|---|---|---|---|---|\n",
    );
    for metric in METRICS {
        let Metric { name, otel, kind, labels, doc } = metric;
        let labels = labels.join(", ");
        text.push_str(&format!("| `{name}` | `{otel}` | {kind:?} | {labels} | {doc} |\n"));
    }
    text
}

/// The handles of one server.
pub(crate) struct Meters {
    connections: Gauge,
    rooms: Gauge,
    pending: Gauge,
    pub(crate) accepted: Counter,
    pub(crate) reconnects: Counter,
    pub(crate) messages_in: Counter,
    pub(crate) messages_out: Counter,
    pub(crate) bytes_in: Counter,
    pub(crate) bytes_out: Counter,
    pub(crate) replayed: Counter,
    pub(crate) feed_holes: Counter,
    pub(crate) store: Histogram,
    pub(crate) lifetime: Histogram,
}

impl Meters {
    pub(crate) fn new() -> Self {
        describe();
        Self {
            connections: metrics::gauge!(CONNECTIONS),
            rooms: metrics::gauge!(ROOMS),
            pending: metrics::gauge!(PENDING),
            accepted: metrics::counter!(ACCEPTED),
            reconnects: metrics::counter!(RECONNECTS),
            messages_in: metrics::counter!(MESSAGES_IN),
            messages_out: metrics::counter!(MESSAGES_OUT),
            bytes_in: metrics::counter!(BYTES_IN),
            bytes_out: metrics::counter!(BYTES_OUT),
            replayed: metrics::counter!(REPLAYED),
            feed_holes: metrics::counter!(FEED_HOLES),
            store: metrics::histogram!(STORE),
            lifetime: metrics::histogram!(LIFETIME),
        }
    }

    pub(crate) fn gauges(&self, node: &Node) {
        self.connections.set(node.clients.len() as f64);
        self.rooms.set(node.rooms() as f64);
        self.pending.set(node.log.status().pending as f64);
    }

    pub(crate) fn refused(&self, why: &'static str) {
        metrics::counter!(REFUSED, "why" => why).increment(1);
    }

    pub(crate) fn gap(&self, why: &'static str) {
        metrics::counter!(GAPS, "why" => why).increment(1);
    }

    pub(crate) fn closed(&self, code: u16) {
        // What a client says as its code may be anything; a label must not.
        let known = code <= 1014 || Code::from_number(u32::from(code)).is_some();
        let code = if known { code.to_string() } else { "other".to_owned() };
        metrics::counter!(CLOSED, "code" => code).increment(1);
    }
}

impl std::fmt::Debug for Meters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meters")
    }
}

fn describe() {
    for metric in METRICS {
        match metric.kind {
            MetricKind::Counter => metrics::describe_counter!(metric.name, metric.doc),
            MetricKind::Gauge => metrics::describe_gauge!(metric.name, metric.doc),
            MetricKind::Histogram => metrics::describe_histogram!(metric.name, metric.doc),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_stands_once_in_the_reference() {
        let reference = metrics_reference();
        for metric in METRICS {
            assert_eq!(reference.matches(&format!("`{}`", metric.name)).count(), 1);
            assert!(metric.name.starts_with("everlink_server_"), "{}", metric.name);
        }
    }
}
