//! A server that restarts over a log on disk.

use std::path::Path;
use std::sync::Arc;

use everlink_server::log::{RedbLog, RedbOptions};
use serde_json::json;

use crate::support::{Served, serve};

async fn serve_disk(path: &Path) -> Served {
    let log = RedbLog::open(RedbOptions::new(path)).unwrap();
    serve(|builder| builder.log(Arc::new(log))).await
}

#[test]
fn fault_32_after_a_restart_over_a_durable_log_everything_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log.redb");
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let first = runtime();
    let epoch = first.block_on(async {
        let served = serve_disk(&path).await;
        let mut raw = served.attach("a", &[]).await;
        for sequence in 1..=20 {
            raw.publish("room", sequence, json!(sequence)).await;
        }
        while raw.take("ack").await["s"] != 20 {}
        served.server.history("room", 0, 1).await.unwrap().head.epoch.0
    });
    // Every task and every handle goes with the runtime, as with the process.
    drop(first);
    runtime().block_on(async {
        let served = serve_disk(&path).await;
        let mut raw = served.attach_at("a", json!([{"c": "room", "ep": epoch, "o": 15}])).await;
        for offset in 16..=20 {
            assert_eq!(raw.take("msg").await["d"], offset);
        }
        // Its last acknowledgement was lost, as far as the client knows.
        raw.publish("room", 20, json!(20)).await;
        raw.publish("room", 21, json!(21)).await;
        let mut acked = 0;
        let mut messages = Vec::new();
        while acked < 21 || messages.is_empty() {
            let frame = raw.next().await;
            match frame["t"].as_str() {
                Some("ack") => acked = frame["s"].as_u64().unwrap(),
                Some("msg") => messages.push(frame["d"].clone()),
                _ => assert_eq!(frame["k"], "presence"),
            }
        }
        assert_eq!(messages, [json!(21)]);
    });
}
