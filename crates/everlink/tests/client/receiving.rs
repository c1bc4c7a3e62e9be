//! Messages on their way in: cancelled takes, slow takers, and peers that break the rules.

use std::time::Duration;

use bytes::Bytes;
use everlink::engine::Cause;
use everlink::wire::ws::Item;
use everlink::{ConnectionState, Event, Message};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::support::{Peer, Server, event, soon};

fn lost(event: &Event) -> Option<Cause> {
    match event {
        Event::Disconnected { error, .. } => Some(error.cause()),
        _ => None,
    }
}

#[tokio::test]
async fn receiving_can_be_cancelled_at_any_time_without_losing_a_message() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    client.start().unwrap();
    let mut peer = server.accept().await;
    let send = async {
        for number in 0..500 {
            peer.send(&number.to_string()).await;
        }
    };
    let take = async {
        let mut taken = 0;
        while taken < 500 {
            if let Ok(message) = timeout(Duration::from_micros(50), client.recv()).await {
                assert_eq!(message.unwrap().as_text().unwrap(), taken.to_string());
                taken += 1;
            }
        }
    };
    soon(async { tokio::join!(send, take) }).await;
}

#[tokio::test]
async fn messages_are_taken_many_at_a_time_in_order_and_the_end_is_zero() {
    let server = Server::start().await;
    let client = server.client().inbox_messages_max(64).build().unwrap();
    client.start().unwrap();
    let mut peer = server.accept().await;
    let send = async {
        for number in 0..500 {
            peer.send(&number.to_string()).await;
        }
    };
    let take = async {
        let (mut taken, mut batch) = (0, Vec::new());
        while taken < 500 {
            let limit = 1 + taken % 50;
            // A cancelled take leaves no message in the buffer, and none behind.
            let Ok(count) =
                timeout(Duration::from_micros(50), client.recv_many(&mut batch, limit)).await
            else {
                assert!(batch.is_empty());
                continue;
            };
            assert!(count == batch.len() && (1..=limit).contains(&count), "{count} of {limit}");
            for message in batch.drain(..) {
                assert_eq!(message.as_text().unwrap(), taken.to_string());
                taken += 1;
            }
        }
    };
    soon(async { tokio::join!(send, take) }).await;
    let mut batch = Vec::new();
    assert_eq!(client.recv_many(&mut batch, 0).await, 0);
    let closing = client.clone();
    // Closing can be done from a task of its own.
    let closed = tokio::spawn(async move { closing.close().await });
    while peer.item().await.is_some() {}
    soon(closed).await.unwrap();
    assert_eq!(soon(client.recv_many(&mut batch, 8)).await, 0);
}

#[tokio::test]
async fn reading_stops_when_messages_are_not_taken_and_the_connection_lives_on() {
    let server = Server::start().await;
    let client = server
        .client()
        .inbox_messages_max(16)
        .settings(|settings| {
            settings
                .heartbeat_interval(Duration::from_millis(100))
                .heartbeat_timeout(Duration::from_millis(100))
        })
        .build()
        .unwrap();
    let mut events = client.events();
    client.start().unwrap();
    let mut peer = server.accept().await;
    for number in 0..200 {
        peer.send(&number.to_string()).await;
    }
    event(&mut events, |event| matches!(event, Event::ReadPaused).then_some(())).await;
    // Longer than interval and time-out together: our own silence is not held against the peer.
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!((client.state(), client.info().messages_received), (ConnectionState::Connected, 16));
    for number in 0..200 {
        assert_eq!(soon(client.recv()).await.unwrap().as_text().unwrap(), number.to_string());
    }
    assert_eq!(client.info().reconnects, 0);
}

#[tokio::test]
async fn an_application_that_takes_no_messages_can_say_so() {
    let server = Server::start().await;
    let client = server.client().inbox_messages_max(2).ignore_messages().build().unwrap();
    client.start().unwrap();
    let mut peer = server.accept().await;
    for number in 0..100 {
        peer.send(&number.to_string()).await;
    }
    soon(async {
        while client.info().messages_received < 100 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    assert_eq!(soon(client.recv()).await, None);
}

/// Sends bytes, and returns why the client left and what it said.
async fn broken_by(bytes: &[u8], receive_bytes_max: usize) -> (Cause, Option<u16>) {
    let server = Server::start().await;
    let client = server.client().receive_bytes_max(receive_bytes_max).build().unwrap();
    let mut events = client.events();
    client.start().unwrap();
    let mut peer = server.accept().await;
    peer.stream.write_all(bytes).await.unwrap();
    let cause = event(&mut events, lost).await;
    let code = match peer.item().await {
        Some(Item::Close(close)) => close.map(|close| close.code),
        _ => None,
    };
    (cause, code)
}

#[tokio::test]
async fn fault_38_a_message_above_the_limit_ends_the_connection_with_1009() {
    let huge = [0x82, 0x7f, 0, 0, 0, 1, 0, 0, 0, 0];
    assert_eq!(broken_by(&huge, 1 << 20).await, (Cause::PeerMessageTooBig, Some(1009)));
}

#[tokio::test]
async fn fault_38_a_flood_of_empty_fragments_ends_the_connection_with_1002() {
    let mut flood = vec![0x01, 0x00];
    flood.extend([0x00, 0x00].repeat(1000));
    assert_eq!(broken_by(&flood, 1 << 20).await, (Cause::PeerProtocolError, Some(1002)));
}

#[tokio::test]
async fn fault_38_the_peers_1009_fails_the_message_and_it_is_not_sent_again() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    client.start().unwrap();
    let mut peer = server.accept().await;
    soon(client.wait_until(ConnectionState::Connected)).await;
    let big = Message::Binary(Bytes::from(vec![7; 100_000]));
    client.send(big).await.map(drop).unwrap();
    assert!(matches!(peer.item().await, Some(Item::Binary(_))));
    peer.close(1009).await;
    let mut peer = server.accept().await;
    client.send("small").await.map(drop).unwrap();
    assert_eq!(peer.text().await, "small");
}

#[tokio::test]
async fn fault_39_invalid_utf8_ends_the_connection_with_1007_and_the_third_time_for_good() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    client.start().unwrap();
    for _ in 0..3 {
        let mut peer = server.accept().await;
        peer.stream.write_all(&[0x81, 0x02, 0xc3, 0x28]).await.unwrap();
        let said = peer.item().await;
        assert!(matches!(said, Some(Item::Close(Some(close))) if close.code == 1007));
    }
    soon(client.wait_until(ConnectionState::Error)).await;
    assert_eq!(client.info().last_error.unwrap().cause(), Cause::PeerDataInvalid);
    assert!(!server.has_visitor().await);
}

#[tokio::test]
async fn pings_are_answered_and_a_flood_of_them_needs_no_memory() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    client.start().unwrap();
    let mut peer: Peer = server.accept().await;
    peer.stream.write_all(&[0x89, 0x03, b'a', b'b', b'c']).await.unwrap();
    assert_eq!(peer.item().await, Some(Item::Pong(Bytes::from_static(b"abc"))));
}
