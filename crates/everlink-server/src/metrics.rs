//! Every metric of a server, in one table.

use std::sync::Arc;

use everlink_engine::server::{Code, Last};
use metrics::{Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

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
        /// Every metric of a server: it counts them for itself, for `/metrics`, and records them through the
        /// `metrics` crate as well.
        ///
        /// Install a recorder of the application before the server is built.
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
    RETURNED: "everlink_server_returned_total", "everlink.server.returned", Counter, ["code"],
        "The same by how the connection before ended, as the client says: close code, 1006 where there was none, \
         `other` for one that only clients use.";
    RETURN_ATTEMPTS: "everlink_server_return_attempts_total", "everlink.server.return.attempts", Counter, [],
        "Attempts that these clients made until they were back, as they say.";
    UPTIME: "everlink_server_returned_uptime_seconds", "everlink.server.returned.uptime", Histogram, [],
        "How long the connections before stood, as these clients say.";
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
    SOCKET_IO_SOCKETS: "everlink_server_socket_io_sockets", "everlink.server.socket_io.sockets", Gauge, [],
        "Clients of Socket.IO in a namespace now, one for each namespace that a connection has entered.";
    SOCKET_IO_CONNECTED: "everlink_server_socket_io_connected_total", "everlink.server.socket_io.connected", Counter, [],
        "Sockets of Socket.IO that began anew.";
    SOCKET_IO_RECOVERED: "everlink_server_socket_io_recovered_total", "everlink.server.socket_io.recovered", Counter, [],
        "Sockets of Socket.IO that came back and got all that they missed.";
    SOCKET_IO_NOT_RECOVERED: "everlink_server_socket_io_not_recovered_total", "everlink.server.socket_io.not_recovered", Counter, [],
        "Sockets of Socket.IO that came back too late, or to what is gone, and began anew.";
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

/// The handles of one server: whatever is recorded goes to a registry of its own and to the application's.
pub(crate) struct Meters {
    own: PrometheusRecorder,
    handle: PrometheusHandle,
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
    socket_io_sockets: Gauge,
    pub(crate) socket_io_connected: Counter,
    pub(crate) socket_io_recovered: Counter,
    pub(crate) socket_io_not_recovered: Counter,
    pub(crate) feed_holes: Counter,
    pub(crate) store: Histogram,
    pub(crate) lifetime: Histogram,
    return_attempts: Counter,
    uptime: Histogram,
}

impl Meters {
    pub(crate) fn new() -> Self {
        let own =
            PrometheusBuilder::new().set_buckets(&SECONDS).unwrap_or_default().build_recorder();
        metrics::with_local_recorder(&own, describe);
        describe();
        let counter = |name: &'static str| both(&own, || metrics::counter!(name)).counter();
        let gauge = |name: &'static str| both(&own, || metrics::gauge!(name)).gauge();
        let histogram = |name: &'static str| both(&own, || metrics::histogram!(name)).histogram();
        Self {
            connections: gauge(CONNECTIONS),
            rooms: gauge(ROOMS),
            pending: gauge(PENDING),
            accepted: counter(ACCEPTED),
            reconnects: counter(RECONNECTS),
            messages_in: counter(MESSAGES_IN),
            messages_out: counter(MESSAGES_OUT),
            bytes_in: counter(BYTES_IN),
            bytes_out: counter(BYTES_OUT),
            replayed: counter(REPLAYED),
            socket_io_sockets: gauge(SOCKET_IO_SOCKETS),
            socket_io_connected: counter(SOCKET_IO_CONNECTED),
            socket_io_recovered: counter(SOCKET_IO_RECOVERED),
            socket_io_not_recovered: counter(SOCKET_IO_NOT_RECOVERED),
            feed_holes: counter(FEED_HOLES),
            store: histogram(STORE),
            lifetime: histogram(LIFETIME),
            return_attempts: counter(RETURN_ATTEMPTS),
            uptime: histogram(UPTIME),
            handle: own.handle(),
            own,
        }
    }

    /// Prints everything for Prometheus.
    pub(crate) fn print(&self, node: &Node) -> String {
        node.counters.tell_meters();
        self.gauges(node);
        self.handle.render()
    }

    /// Makes room for more, now and then.
    pub(crate) fn tidy(&self) {
        self.handle.run_upkeep();
    }

    pub(crate) fn gauges(&self, node: &Node) {
        self.connections.set(node.clients.len() as f64);
        self.rooms.set(node.rooms() as f64);
        self.socket_io_sockets.set(node.counters.socket_io.sockets() as f64);
        self.pending.set(node.log.status().pending as f64);
    }

    pub(crate) fn refused(&self, why: &'static str) {
        both(&self.own, || metrics::counter!(REFUSED, "why" => why)).counter().increment(1);
    }

    pub(crate) fn gap(&self, why: &'static str) {
        both(&self.own, || metrics::counter!(GAPS, "why" => why)).counter().increment(1);
    }

    pub(crate) fn closed(&self, code: u16) {
        let code = label_of(code);
        both(&self.own, || metrics::counter!(CLOSED, "code" => code.clone()))
            .counter()
            .increment(1);
    }

    /// A client is back that lost a connection.
    pub(crate) fn returned(&self, last: &Last) {
        let code = label_of(last.code);
        both(&self.own, || metrics::counter!(RETURNED, "code" => code.clone()))
            .counter()
            .increment(1);
        self.return_attempts.increment(u64::from(last.attempts));
        self.uptime.record(last.up.as_secs_f64());
    }
}

/// What a client says as its code may be anything; a label must not.
fn label_of(code: u16) -> String {
    let known = code <= 1014 || Code::from_number(u32::from(code)).is_some();
    if known { code.to_string() } else { "other".to_owned() }
}

/// Makes a meter in a registry, and in that of the application.
fn both<T>(own: &PrometheusRecorder, make: impl Fn() -> T) -> Both<T> {
    Both([metrics::with_local_recorder(own, &make), make()])
}

/// A meter that is recorded in two places.
struct Both<T>([T; 2]);

impl Both<Counter> {
    fn counter(self) -> Counter {
        Counter::from_arc(Arc::new(self))
    }
}

impl Both<Gauge> {
    fn gauge(self) -> Gauge {
        Gauge::from_arc(Arc::new(self))
    }
}

impl Both<Histogram> {
    fn histogram(self) -> Histogram {
        Histogram::from_arc(Arc::new(self))
    }
}

impl CounterFn for Both<Counter> {
    fn increment(&self, value: u64) {
        self.0.iter().for_each(|counter| counter.increment(value));
    }

    fn absolute(&self, value: u64) {
        self.0.iter().for_each(|counter| counter.absolute(value));
    }
}

impl GaugeFn for Both<Gauge> {
    fn increment(&self, value: f64) {
        self.0.iter().for_each(|gauge| gauge.increment(value));
    }

    fn decrement(&self, value: f64) {
        self.0.iter().for_each(|gauge| gauge.decrement(value));
    }

    fn set(&self, value: f64) {
        self.0.iter().for_each(|gauge| gauge.set(value));
    }
}

impl HistogramFn for Both<Histogram> {
    fn record(&self, value: f64) {
        self.0.iter().for_each(|histogram| histogram.record(value));
    }
}

/// Bounds of the buckets in which times are counted, in seconds.
const SECONDS: [f64; 13] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 10.0, 60.0, 600.0];

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
