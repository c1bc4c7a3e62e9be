//! Dialects on the wire.

use std::time::Duration;

use everlink::engine::{Cause, Dialect};
use everlink::{Event, Message};

use crate::support::{Server, event, soon};

const BEAT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn req_x03_req_c02_json_heartbeats_are_asked_and_answered_and_never_delivered() {
    let server = Server::start().await;
    let client = server
        .client()
        .dialect(Dialect::JSON)
        .settings(|settings| settings.heartbeat_interval(BEAT).heartbeat_timeout(BEAT))
        .build()
        .unwrap();
    let mut events = client.events();
    client.start().unwrap();
    let mut peer = server.accept().await;
    peer.send(r#"{"type":"ping"}"#).await;
    assert_eq!(peer.text().await, r#"{"type":"pong"}"#);
    assert_eq!(peer.text().await, r#"{"type":"ping"}"#);
    peer.send(r#"{"type": "pong", "timestamp": 12.5}"#).await;
    event(&mut events, |event| matches!(event, Event::HealthCheck { .. }).then_some(())).await;
    peer.send(r#"{"type":"message"}"#).await;
    let first = soon(client.recv()).await;
    assert_eq!(first, Some(Message::from(r#"{"type":"message"}"#)), "heartbeats were delivered");
    // From here on the peer answers nothing but WebSocket pings, which a proxy could do too.
    let cause = event(&mut events, |event| match event {
        Event::Disconnected { error, .. } => Some(error.cause()),
        _ => None,
    });
    assert_eq!(cause.await, Cause::HeartbeatTimedOut);
}

#[tokio::test]
async fn req_b07_a_text_chat_is_spoken_in_msg_lines() {
    let server = Server::start().await;
    let client = server.client().dialect(Dialect::CHAT_TEXT).build().unwrap();
    let mut events = client.events();
    client.start().unwrap();
    let mut peer = server.accept().await;
    client.send(r#"{"data":"hi"}"#).await.map(drop).unwrap();
    assert_eq!(peer.text().await, r#"MSG {"data":"hi"}"#);
    peer.send("MSG {broken").await;
    peer.send(r#"MSG {"data":"hello"}"#).await;
    let said = soon(client.recv()).await;
    assert_eq!(said, Some(Message::from(r#"{"data":"hello"}"#)));
    event(&mut events, |event| matches!(event, Event::BadMessage { .. }).then_some(())).await;
    let refused = client.send("{broken").await.unwrap_err().to_string();
    assert!(refused.starts_with("dialect `chat_text` cannot send"), "{refused}");
    assert_eq!(client.info().reconnects, 0);
}
