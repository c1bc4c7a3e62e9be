//! What can be seen of a connection: info, log and metrics.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use everlink::engine::{Cause, Guarantee, Quality};
use everlink::{Client, ConnectionState, METRICS};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata,
    SharedString, Unit,
};

use crate::support::{Server, soon};

#[tokio::test]
async fn req_x07_the_getters_are_right_in_each_state() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    let info = client.info();
    assert_eq!(
        (info.state, info.dials, info.url.as_str()),
        (ConnectionState::Closed, 0, &*server.url)
    );
    assert_eq!((info.is_connected(), info.is_reconnecting()), (false, false));
    client.start().unwrap();
    assert_eq!(client.info().state, ConnectionState::Connecting);
    let request = server.request().await;
    client.send("waits").await.map(drop).unwrap();
    let info = client.info();
    assert_eq!((info.queued_messages, info.queued_bytes), (1, 5));
    let mut peer = request.accept().await;
    assert_eq!(peer.text().await, "waits");
    soon(client.wait_until(ConnectionState::Connected)).await;
    let info = client.info();
    assert_eq!((info.dials, info.reconnects, info.attempts), (1, 0, 0));
    assert_eq!((info.guarantee, info.quality), (Guarantee::BestEffort, Quality::Unusable));
    assert!(info.is_connected() && info.last_error.is_none() && info.success_rate > 0.9);
    drop(peer);
    let request = server.request().await;
    let info = client.info();
    assert_eq!((info.state, info.attempts), (ConnectionState::Reconnecting, 1));
    assert!(info.is_reconnecting());
    assert_eq!(info.last_error.unwrap().cause(), Cause::EndedAbruptly);
    assert!(info.connection.uptime > Duration::ZERO && info.connection.downtime > Duration::ZERO);
    let _peer = request.accept().await;
    soon(client.wait_until(ConnectionState::Connected)).await;
    assert_eq!(client.info().reconnects, 1);
    soon(client.close()).await;
    assert_eq!(client.info().state, ConnectionState::Closed);
}

#[test]
fn a_setting_out_of_range_is_named_with_its_value_and_what_is_accepted() {
    let builder = || Client::builder("ws://127.0.0.1:1");
    for (built, expected) in [
        (
            builder().settings(|settings| settings.jitter_factor(7.0)).build(),
            "`jitter_factor` is 7; accepted: 0 to 1",
        ),
        (
            builder().inbox_messages_max(0).build(),
            "`inbox_messages_max` is 0; accepted: 1 to 1000000",
        ),
        (
            builder()
                .dialect(everlink::Dialect { name: "morse", ..everlink::Dialect::PLAIN })
                .build(),
            "`dialect` is morse; accepted: plain, json, chat_text, exchange, everlink, socketio",
        ),
        (builder().url("http://x").build(), "url: scheme `http` is not a WebSocket scheme"),
    ] {
        let error = built.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn outside_of_a_runtime_connecting_fails_and_changes_nothing() {
    let client = Client::builder("ws://127.0.0.1:1").build().unwrap();
    assert!(client.start().is_err());
    assert_eq!(client.state(), ConnectionState::Closed);
}

#[test]
fn req_x12_the_table_of_metrics_covers_what_operators_ask_for() {
    for asked in [
        "reconnects",
        "attempts",
        "failures",
        "latency",
        "uptime",
        "downtime",
        "queue_messages",
        "sent",
        "received",
        "replayed",
        "deduplicated",
    ] {
        let found = METRICS.iter().filter(|metric| metric.name.contains(asked)).count();
        assert!(found >= 1, "{asked}");
    }
    let reference = everlink::metrics_reference();
    for metric in METRICS {
        assert!(reference.contains(&format!("| `{}` | `{}` |", metric.name, metric.otel)));
        assert!(metric.name.starts_with("everlink_") && metric.otel.starts_with("everlink."));
        assert_eq!(metric.labels.first(), Some(&"client"), "{}", metric.name);
    }
}

/// Remembers what counters and gauges were told.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<BTreeMap<String, f64>>>);

struct Told(Recorder, String);

impl Told {
    fn add(&self, value: f64) {
        *self.0.0.lock().unwrap().entry(self.1.clone()).or_default() += value;
    }
}

impl CounterFn for Told {
    fn increment(&self, value: u64) {
        self.add(value as f64);
    }

    fn absolute(&self, _: u64) {}
}

impl GaugeFn for Told {
    fn increment(&self, value: f64) {
        self.add(value);
    }

    fn decrement(&self, value: f64) {
        self.add(-value);
    }

    fn set(&self, _: f64) {}
}

impl HistogramFn for Told {
    fn record(&self, _: f64) {
        self.add(1.0);
    }
}

impl Recorder {
    fn told(&self, key: &Key) -> Arc<Told> {
        let labels = key.labels().map(|label| format!("{}={}", label.key(), label.value()));
        let name = [key.name().to_owned()].into_iter().chain(labels).collect::<Vec<_>>();
        Arc::new(Told(self.clone(), name.join(" ")))
    }

    fn value(&self, name: &str) -> f64 {
        self.0.lock().unwrap().get(name).copied().unwrap_or_default()
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.told(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.told(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.told(key))
    }
}

#[tokio::test]
async fn req_x12_what_happens_is_counted() {
    let recorder = Recorder::default();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let server = Server::start().await;
    let client = server.client().name("page").build().unwrap();
    client.start().unwrap();
    let request = server.request().await;
    for text in ["one", "two", "three"] {
        client.send(text).await.map(drop).unwrap();
    }
    soon(async {
        while recorder.value("everlink_queue_messages client=page") < 3.0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut peer = request.accept().await;
    for text in ["one", "two", "three"] {
        assert_eq!(peer.text().await, text);
    }
    peer.send("four").await;
    soon(client.recv()).await.unwrap();
    drop(peer);
    let _peer = server.accept().await;
    soon(client.wait_until(ConnectionState::Connected)).await;
    soon(async {
        while recorder.value("everlink_connected client=page") < 1.0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    for (name, expected) in [
        ("everlink_attempts_total client=page", 2.0),
        ("everlink_reconnects_total client=page", 1.0),
        ("everlink_failures_total client=page class=network", 1.0),
        ("everlink_messages_sent_total client=page", 3.0),
        ("everlink_messages_received_total client=page", 1.0),
        ("everlink_queue_messages client=page", 0.0),
    ] {
        assert_eq!(recorder.value(name), expected, "{name}");
    }
    assert!(recorder.value("everlink_uptime_seconds client=page") > 0.0);
    assert!(recorder.value("everlink_downtime_seconds client=page") > 0.0);
}

#[tokio::test]
async fn a_client_can_be_made_from_configuration() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let outbox = folder.path().join("outbox");
    let loaded = everlink::config::Loader::new()
        .argument("url", &server.url)
        .argument("path", "/other")
        .argument("proxy", "none")
        .argument("attempts_max", "3")
        .argument("outbox.path", outbox.to_str().unwrap())
        .load()
        .unwrap();
    let client = everlink::ClientBuilder::from_config(&loaded).unwrap().build().unwrap();
    client.start().unwrap();
    let request = server.request().await;
    assert!(request.head.starts_with("GET /other HTTP/1.1"), "{}", request.head);
    let mut peer = request.accept().await;
    client.send("kept").await.map(drop).unwrap();
    assert_eq!(peer.text().await, "kept");
    assert!(outbox.exists());
}
