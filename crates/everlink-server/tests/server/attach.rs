//! Greeting, replay, gaps, take-over.

use everlink_server::Server;
use everlink_server::log::{LogOptions, MemoryLog};
use serde_json::json;
use std::sync::Arc;

use crate::support::{Raw, Served, memory_log, serve, serve_router, until};

#[tokio::test]
async fn fault_14_a_greeting_is_answered_at_once_with_what_the_server_expects() {
    let served = serve(|builder| builder.node("n1").frame_max(64 * 1024)).await;
    let mut raw = served.open().await;
    raw.say(json!({"t": "hello", "v": 1, "client": "a", "producer": "a", "subs": []})).await;
    let welcome = raw.next().await;
    assert_eq!(welcome["node"], "n1");
    assert_eq!(welcome["hb"], json!([20_000, 10_000]));
    assert_eq!(welcome["lim"]["frame"], 64 * 1024);
    assert_eq!(welcome["kept"], "memory");
}

#[tokio::test]
async fn req_n01_what_was_missed_comes_before_what_is_new_without_seam() {
    let served = serve(|builder| builder).await;
    for number in 1..=5 {
        served.server.publish("room", json!(number).to_string()).await.unwrap();
    }
    let head = served.server.history("room", 0, 10).await.unwrap().head;
    let epoch = head.epoch.0;
    let mut raw = served.attach_at("a", json!([{"c": "room", "ep": epoch, "o": 2}])).await;
    for number in 6..=8 {
        served.server.publish("room", json!(number).to_string()).await.unwrap();
    }
    for offset in 3..=8 {
        let message = raw.take("msg").await;
        assert_eq!((&message["o"], &message["d"]), (&json!(offset), &json!(offset)));
    }
    raw.silent().await;
}

#[tokio::test]
async fn req_m08_everything_that_was_stored_during_an_outage_comes_without_asking() {
    let served = serve(|builder| builder.tail(4, 1024 * 1024)).await;
    let mut raw = served.attach("a", &["room"]).await;
    served.server.publish("room", "0").await.unwrap();
    let first = raw.take("msg").await;
    let epoch = served.server.history("room", 0, 1).await.unwrap().head.epoch.0;
    drop(raw);
    for number in 1..500 {
        served.server.publish("room", number.to_string()).await.unwrap();
    }
    let cursor = json!([{"c": "room", "ep": epoch, "o": first["o"]}]);
    let mut raw = served.attach_at("a", cursor).await;
    for number in 1..500 {
        assert_eq!(raw.take("msg").await["d"], number);
    }
}

#[tokio::test]
async fn fault_16_a_client_whose_welcome_was_lost_attaches_again_from_its_cursors() {
    let served = serve(|builder| builder).await;
    let mut lost = served.open().await;
    lost.say(json!({"t": "hello", "v": 1, "client": "a", "producer": "a", "subs": [{"c": "r"}]}))
        .await;
    drop(lost);
    let mut raw = served.attach("a", &["r"]).await;
    served.server.publish("r", "1").await.unwrap();
    assert_eq!(raw.take("msg").await["o"], 1);
}

#[tokio::test]
async fn fault_33_another_life_of_the_log_is_told_as_a_gap_and_read_from_its_beginning() {
    let first = serve(|builder| builder.log(memory_log())).await;
    first.server.publish("room", "1").await.unwrap();
    let epoch = first.server.history("room", 0, 1).await.unwrap().head.epoch.0;
    let second = serve(|builder| builder.log(memory_log())).await;
    second.server.publish("room", r#""other""#).await.unwrap();
    let mut raw = second.attach_at("a", json!([{"c": "room", "ep": epoch, "o": 1}])).await;
    let gap = raw.take("gap").await;
    assert_eq!((&gap["why"], &gap["from"], &gap["to"]), (&json!("epoch"), &json!(1), &json!(0)));
    assert_ne!(gap["ep"], epoch);
    let message = raw.take("msg").await;
    assert_eq!((&message["o"], &message["d"]), (&json!(1), &json!("other")));
}

#[tokio::test]
async fn fault_36_the_same_number_of_another_epoch_is_never_taken_for_the_same_message() {
    let served = serve(|builder| builder).await;
    for number in 1..=3 {
        served.server.publish("room", number.to_string()).await.unwrap();
    }
    let epoch = served.server.history("room", 0, 1).await.unwrap().head.epoch.0;
    let mut raw = served.attach_at("a", json!([{"c": "room", "ep": epoch ^ 1, "o": 2}])).await;
    assert_eq!(raw.take("gap").await["why"], "epoch");
    for offset in 1..=3 {
        assert_eq!(raw.take("msg").await["o"], offset);
    }
}

#[tokio::test]
async fn fault_35_history_that_expired_is_a_gap_with_its_range_then_what_is_left() {
    let served = serve(|builder| builder).await;
    for number in 1..=10 {
        served.server.publish("room", number.to_string()).await.unwrap();
    }
    let head = served.server.log().trim("room", 7).await.unwrap();
    let cursor = json!([{"c": "room", "ep": head.epoch.0, "o": 2}]);
    let mut raw = served.attach_at("a", cursor).await;
    let gap = raw.take("gap").await;
    assert_eq!(gap["why"], "expired");
    assert_eq!((&gap["from"], &gap["to"]), (&json!(3), &json!(6)));
    for offset in 7..=10 {
        assert_eq!(raw.take("msg").await["o"], offset);
    }
}

#[tokio::test]
async fn fault_34_another_node_over_the_same_log_goes_on_where_the_first_was() {
    let log = Arc::new(MemoryLog::new(LogOptions::default()).unwrap());
    let node = |name: &str| Server::builder().log(log.clone()).node(name).build().unwrap();
    let (first, second) = (node("n1"), node("n2"));
    let first = serve_router(first.clone(), first.router()).await;
    let second = serve_router(second.clone(), second.router()).await;
    let mut raw = first.attach("a", &["room"]).await;
    raw.publish("room", 1, json!("one")).await;
    let (ack, message) = both(&mut raw).await;
    assert_eq!((&ack["o"], &message["o"]), (&json!(1), &json!(1)));
    drop(raw);

    let epoch = second.server.history("room", 0, 1).await.unwrap().head.epoch.0;
    let mut raw = second.attach_at("a", json!([{"c": "room", "ep": epoch, "o": 1}])).await;
    raw.publish("room", 1, json!("one")).await;
    raw.publish("room", 2, json!("two")).await;
    let mut acks = 0;
    let mut messages = Vec::new();
    while acks < 2 || messages.is_empty() {
        let frame = raw.next().await;
        match frame["t"].as_str() {
            Some("ack") => acks = frame["s"].as_u64().unwrap_or_default(),
            Some("msg") => messages.push(frame["d"].clone()),
            _ => assert_eq!(frame["k"], "presence"),
        }
    }
    raw.silent().await;
    assert_eq!(messages, [json!("two")], "what was known is not stored again");
}

/// Takes an acknowledgement and a message, in either order.
async fn both(raw: &mut Raw) -> (serde_json::Value, serde_json::Value) {
    let (mut ack, mut message) = (None, None);
    while ack.is_none() || message.is_none() {
        let frame = raw.next().await;
        match frame["t"].as_str() {
            Some("ack") => ack = Some(frame),
            Some("msg") => message = Some(frame),
            _ => assert_eq!(frame["k"], "presence", "{frame}"),
        }
    }
    (ack.unwrap_or_default(), message.unwrap_or_default())
}

#[tokio::test]
async fn fault_21_a_new_attach_takes_over_at_once_and_leaves_no_ghost() {
    let served = serve(|builder| {
        builder.authenticate(|_| async { Ok(everlink_server::hooks::User::new("ann").unwrap()) })
    })
    .await;
    let mut old = served.attach("a", &["room"]).await;
    until("ann is there", || served.server.presence("room").count == 1).await;
    let mut new = served.attach("a", &["room"]).await;
    until("once", || served.server.presence("room").count == 1).await;
    new.close(1000).await;
    assert_eq!(new.close_code().await, 1000);
    until("no ghost", || served.server.presence("room").count == 0).await;
    assert!(served.server.status().connections >= 1, "the old one reads on for a moment");
    let told = old.next().await;
    assert!(told["t"] == "err" || told["t"] == "away" || told["k"] == "presence", "{told}");
}

#[tokio::test]
async fn fault_30_asking_again_from_a_cursor_repeats_what_follows_it() {
    let served = serve(|builder| builder).await;
    let mut raw = served.attach("a", &["room"]).await;
    for number in 1..=3 {
        served.server.publish("room", number.to_string()).await.unwrap();
        raw.take("msg").await;
    }
    let epoch = served.server.history("room", 0, 1).await.unwrap().head.epoch.0;
    raw.say(json!({"t": "sub", "subs": [{"c": "room", "ep": epoch, "o": 1}]})).await;
    assert_eq!(raw.take("sub_ok").await["n"], 2);
    for offset in 2..=3 {
        assert_eq!(raw.take("msg").await["o"], offset);
    }
    raw.silent().await;
}

#[tokio::test]
async fn a_channel_that_was_given_up_is_not_heard_any_more() {
    let served: Served = serve(|builder| builder).await;
    let mut raw = served.attach("a", &["room"]).await;
    raw.say(json!({"t": "unsub", "n": 4, "cs": ["room"]})).await;
    assert_eq!(raw.take("unsub_ok").await["n"], 4);
    served.server.publish("room", "1").await.unwrap();
    raw.silent().await;
    until("nobody is in the room", || served.server.presence("room").count == 0).await;
}
