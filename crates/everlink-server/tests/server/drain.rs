//! Going without losing anyone.

use std::num::NonZeroU32;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::support::{handshake, key_lines, serve, soon, until};

#[tokio::test]
async fn req_n04_fault_51_a_drain_gives_each_client_a_slot_of_its_own_and_accepts_nobody() {
    let served = serve(|builder| builder).await;
    let mut clients = Vec::new();
    for number in 0..10 {
        clients.push(served.attach(&format!("c{number}"), &["room"]).await);
    }
    let server = served.server.clone();
    let drained = tokio::spawn(async move { server.drain(Duration::from_secs(60)).await });
    let mut slots = Vec::new();
    for raw in &mut clients {
        let away = raw.take("away").await;
        assert_eq!(away["why"], "drain");
        slots.push(away["slot_ms"].as_u64().unwrap());
    }
    slots.sort_unstable();
    for (number, slot) in slots.iter().enumerate() {
        let share = number as u64 * 6000..(number as u64 + 1) * 6000;
        assert!(share.contains(slot), "{slots:?}");
    }
    let lines = format!("{}Sec-WebSocket-Protocol: everlink.v1.json\r\n", key_lines());
    let refused = handshake(served.addr, &lines).await;
    assert_eq!(refused.status, 503);
    assert!((1..=60).contains(&refused.header("retry-after").unwrap().parse::<u64>().unwrap()));
    let drain = served.server.status().drain.unwrap();
    assert_eq!(drain.connections, 10);
    for raw in &mut clients {
        raw.say(json!({"t": "bye"})).await;
        assert_eq!(raw.close_code().await, 1000);
    }
    drop(clients);
    let drained = soon(drained).await.unwrap();
    assert_eq!((drained.connections, drained.cut), (10, 0));
}

#[tokio::test]
async fn a_drain_of_nobody_is_over_at_once() {
    let served = serve(|builder| builder).await;
    let began = Instant::now();
    let drained = soon(served.server.drain(Duration::from_secs(600))).await;
    assert_eq!(drained.connections, 0);
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn fault_51_messages_still_come_while_a_client_waits_for_its_slot() {
    let served = serve(|builder| builder).await;
    let mut raw = served.attach("a", &["room"]).await;
    let server = served.server.clone();
    let url = "wss://elsewhere.example/ws";
    tokio::spawn(async move { server.drain_to(Duration::from_secs(60), url).await });
    assert_eq!(raw.take("away").await["url"], url);
    raw.publish("room", 1, json!(1)).await;
    let (mut acked, mut told) = (false, false);
    while !(acked && told) {
        let frame = raw.next().await;
        match frame["t"].as_str() {
            Some("ack") => acked = true,
            Some("msg") => told = true,
            _ => assert_eq!(frame["k"], "presence", "{frame}"),
        }
    }
}

#[tokio::test]
async fn fault_50_the_window_for_returns_follows_from_clients_and_accept_rate() {
    let rate = NonZeroU32::new(1).unwrap();
    let served = serve(|builder| builder.accept_rate(rate)).await;
    let mut clients = Vec::new();
    for number in 0..20 {
        clients.push(served.attach(&format!("c{number}"), &[]).await);
    }
    until("a window is worked out", || served.server.status().quality.return_window_ms > 0).await;
    let quality = served.server.status().quality;
    assert!(quality.accept_rate > 1, "more than one a second was seen: {quality:?}");
    assert!(quality.return_window_ms <= 30_000, "{quality:?}");
    // It was welcomed as the first: it hears how many there are with its next pong.
    clients[0].say(json!({"t": "ping", "n": 1})).await;
    let told = clients[0].take("pong").await["w"].as_u64().unwrap();
    assert!((200..=30_000).contains(&told), "{told}");
}
