//! Every metric of a client, in one table (X12).

use everlink_engine::FailureClass;
use metrics::{Counter, Gauge, Histogram};

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
    /// Its labels; `client` is the name given to the builder.
    pub labels: &'static [&'static str],
    /// What it says.
    pub doc: &'static str,
}

macro_rules! metrics_table {
    ($($id:ident: $name:literal, $otel:literal, $kind:ident, [$($label:literal),*], $doc:literal;)+) => {
        /// Every metric that a client records through the `metrics` crate (X12).
        ///
        /// Install a recorder before the first client is built.
        pub const METRICS: &[Metric] = &[$(Metric {
            name: $name,
            otel: $otel,
            kind: MetricKind::$kind,
            labels: &["client", $($label),*],
            doc: $doc,
        }),+];
        $(const $id: &str = $name;)+
    };
}

metrics_table! {
    RECONNECTS: "everlink_reconnects_total", "everlink.reconnects", Counter, [],
        "Lost connections that came back.";
    ATTEMPTS: "everlink_attempts_total", "everlink.attempts", Counter, [],
        "Connections dialed.";
    FAILURES: "everlink_failures_total", "everlink.failures", Counter, ["class"],
        "Failed attempts and lost connections, by the class of their cause.";
    LATENCY: "everlink_latency_seconds", "everlink.latency", Histogram, [],
        "Round trips of heartbeats.";
    CONNECTED: "everlink_connected", "everlink.connected", Gauge, [],
        "Connections that stand now.";
    UPTIME: "everlink_uptime_seconds", "everlink.uptime", Gauge, [],
        "Time connected; only grows.";
    DOWNTIME: "everlink_downtime_seconds", "everlink.downtime", Gauge, [],
        "Time wanted but not connected; only grows.";
    QUEUE_MESSAGES: "everlink_queue_messages", "everlink.queue.messages", Gauge, [],
        "Messages in the outbox.";
    QUEUE_BYTES: "everlink_queue_bytes", "everlink.queue.size", Gauge, [],
        "Bytes of messages in the outbox.";
    SENT: "everlink_messages_sent_total", "everlink.messages.sent", Counter, [],
        "Messages handed to a transport.";
    RECEIVED: "everlink_messages_received_total", "everlink.messages.received", Counter, [],
        "Messages that came.";
    REPLAYED: "everlink_messages_replayed_total", "everlink.messages.replayed", Counter, [],
        "Messages handed to a transport again.";
    DEDUPLICATED: "everlink_messages_deduplicated_total", "everlink.messages.deduplicated", Counter, [],
        "Copies of messages that were dropped.";
    DROPPED: "everlink_messages_dropped_total", "everlink.messages.dropped", Counter, [],
        "Messages of the application that will not be sent.";
    GAPS: "everlink_gaps_total", "everlink.gaps", Counter, [],
        "Ranges of channels that did not come.";
    PAUSES: "everlink_channel_pauses_total", "everlink.channel.pauses", Counter, [],
        "Channels given up for the moment because their messages were not taken.";
    BAD: "everlink_messages_bad_total", "everlink.messages.bad", Counter, [],
        "Messages of the peer that break the dialect.";
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

/// The handles of one client.
pub(super) struct Meters {
    client: String,
    pub(super) reconnects: Counter,
    pub(super) attempts: Counter,
    pub(super) latency: Histogram,
    pub(super) connected: Gauge,
    pub(super) uptime: Gauge,
    pub(super) downtime: Gauge,
    pub(super) queue_messages: Gauge,
    pub(super) queue_bytes: Gauge,
    pub(super) sent: Counter,
    pub(super) received: Counter,
    pub(super) replayed: Counter,
    pub(super) deduplicated: Counter,
    pub(super) dropped: Counter,
    pub(super) gaps: Counter,
    pub(super) pauses: Counter,
    pub(super) bad: Counter,
}

impl Meters {
    pub(super) fn new(client: &str) -> Self {
        describe();
        let counter = |name| metrics::counter!(name, "client" => client.to_owned());
        let gauge = |name| metrics::gauge!(name, "client" => client.to_owned());
        Self {
            reconnects: counter(RECONNECTS),
            attempts: counter(ATTEMPTS),
            latency: metrics::histogram!(LATENCY, "client" => client.to_owned()),
            connected: gauge(CONNECTED),
            uptime: gauge(UPTIME),
            downtime: gauge(DOWNTIME),
            queue_messages: gauge(QUEUE_MESSAGES),
            queue_bytes: gauge(QUEUE_BYTES),
            sent: counter(SENT),
            received: counter(RECEIVED),
            replayed: counter(REPLAYED),
            deduplicated: counter(DEDUPLICATED),
            dropped: counter(DROPPED),
            gaps: counter(GAPS),
            pauses: counter(PAUSES),
            bad: counter(BAD),
            client: client.to_owned(),
        }
    }

    pub(super) fn failed(&self, class: FailureClass) {
        let client = self.client.clone();
        metrics::counter!(FAILURES, "client" => client, "class" => class_name(class)).increment(1);
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

const fn class_name(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Dns => "dns",
        FailureClass::Network => "network",
        FailureClass::Proxy => "proxy",
        FailureClass::Tls => "tls",
        FailureClass::Http => "http",
        FailureClass::Unauthorized => "unauthorized",
        FailureClass::EndpointRejected => "endpoint_rejected",
        FailureClass::CaptivePortal => "captive_portal",
        FailureClass::Silence => "silence",
        FailureClass::Closed => "closed",
        FailureClass::Protocol => "protocol",
        FailureClass::Local => "local",
        FailureClass::Forced => "forced",
    }
}
