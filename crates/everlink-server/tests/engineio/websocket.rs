//! Sessions that begin by a WebSocket.

use everlink_server::engineio::EngineIo;
use everlink_server::speech::Closed;
use hyper::Method;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message as Frame;

use crate::support::{Socket, ask, echo, millis};

#[tokio::test]
async fn a_websocket_says_the_handshake_and_carries_text_and_bytes() {
    let settings = EngineIo::new().ping_interval(millis(300)).ping_timeout(millis(200));
    let site = echo(settings).await;
    let (mut socket, handshake) = Socket::begin(site.address).await;
    assert_eq!(handshake["upgrades"], json!([]));
    assert_eq!(handshake["pingInterval"], 300);
    assert_eq!(handshake["pingTimeout"], 200);
    assert_eq!(handshake["maxPayload"], 1_000_000);
    socket.say("4hello").await;
    assert_eq!(socket.hear_message().await, "4hello");
    socket.say_binary(&[1, 2, 3, 4]).await;
    assert_eq!(socket.next().await, Frame::binary(vec![1, 2, 3, 4]));
    let query = format!("EIO=4&transport=polling&sid={}", handshake["sid"].as_str().unwrap());
    assert_eq!(ask(site.address, Method::GET, &query, &[], "").await.status, 400);
}

#[tokio::test]
async fn fault_39_what_is_no_packet_of_a_client_ends_the_session() {
    let mut site = echo(EngineIo::new()).await;
    for text in ["abc", "", "2", "2probe", "5", "0{}", "1x"] {
        let (mut socket, _) = Socket::begin(site.address).await;
        socket.say(text).await;
        assert_eq!(socket.closed().await, 1002, "{text}");
        assert_eq!(site.closed().await, Closed::Broken, "{text}");
    }
}

#[tokio::test]
async fn fault_38_a_message_that_is_too_large_ends_the_session() {
    let mut site = echo(EngineIo::new().max_payload(2048)).await;
    let (mut socket, _) = Socket::begin(site.address).await;
    let just = format!("4{}", "x".repeat(2047));
    socket.say(&just).await;
    assert_eq!(socket.hear_message().await, just);
    socket.say(&format!("{just}x")).await;
    assert_eq!(socket.closed().await, 1009);
    assert_eq!(site.closed().await, Closed::Broken);
}

#[tokio::test]
async fn many_messages_in_flight_come_back_in_order() {
    let site = echo(EngineIo::new()).await;
    let (mut socket, _) = Socket::begin(site.address).await;
    for number in 0..500 {
        socket.say(&format!("4{number}")).await;
    }
    for number in 0..500 {
        assert_eq!(socket.hear_message().await, format!("4{number}"));
    }
}
