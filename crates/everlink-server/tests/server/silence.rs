//! Heartbeat and silence, on the server's side.

use std::time::Duration;

use serde_json::json;

use crate::support::{serve, until};

#[tokio::test]
async fn fault_20_a_client_that_has_gone_silent_is_pinged_and_then_let_go() {
    let served = serve(|builder| {
        builder
            .heartbeat_interval(Duration::from_millis(150))
            .heartbeat_timeout(Duration::from_millis(100))
    })
    .await;
    let mut raw = served.attach("a", &["room"]).await;
    raw.take("ping").await;
    until("nobody is there", || served.server.presence("room").count == 0).await;
    until("it is let go", || served.server.status().connections == 0).await;
}

#[tokio::test]
async fn a_client_that_answers_pings_stays() {
    let served = serve(|builder| {
        builder
            .heartbeat_interval(Duration::from_millis(150))
            .heartbeat_timeout(Duration::from_millis(100))
    })
    .await;
    let mut raw = served.attach("a", &[]).await;
    for _ in 0..4 {
        let ping = raw.take("ping").await;
        raw.say(json!({"t": "pong", "n": ping["n"]})).await;
    }
    raw.silent().await;
}
