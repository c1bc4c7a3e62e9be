//! Messages on their way out: order, room, policies and outcomes.

use std::time::Duration;

use everlink::engine::{InputError, Overflow};
use everlink::{ConnectionState, Delivery, Dropped, Event, SendError, SendPolicy};
use tokio::time::timeout;

use crate::support::{Server, event, soon};

const MOMENT: Duration = Duration::from_millis(50);

#[tokio::test]
async fn a_send_before_connecting_says_so() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    let error = client.send("x").await.unwrap_err();
    assert!(error.is_closed());
    assert_eq!(error.to_string(), "closed: connect first");
}

#[tokio::test]
async fn req_m05_the_oldest_of_a_full_queue_is_dropped_and_the_drop_reported() {
    let server = Server::start().await;
    let client = server
        .client()
        .settings(|settings| settings.queue_messages_max(100).overflow(Overflow::DropOldest))
        .build()
        .unwrap();
    let mut events = client.events();
    client.start().unwrap();
    let request = server.request().await;
    let mut tickets = Vec::new();
    for number in 0..105 {
        tickets.push(client.send(number.to_string()).await.unwrap());
    }
    assert_eq!(client.info().queued_messages, 100);
    let dropped = event(&mut events, |event| match event {
        Event::MessagesDropped { first, last, count, .. } => Some((first.0, last.0, *count)),
        _ => None,
    });
    assert_eq!(dropped.await, (1, 5, 5));
    let mut peer = request.accept().await;
    for number in 5..105 {
        assert_eq!(peer.text().await, number.to_string());
    }
    for (number, ticket) in tickets.into_iter().enumerate() {
        let expected = match number {
            0..5 => Delivery::Dropped { why: Dropped::Oldest },
            _ => Delivery::Written,
        };
        assert_eq!(soon(ticket).await, expected, "{number}");
    }
}

#[tokio::test]
async fn req_m05_closing_clears_what_waits() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    client.start().unwrap();
    let _request = server.request().await;
    let ticket = client.send("never sent").await.unwrap();
    soon(client.close()).await;
    assert_eq!(soon(ticket).await, Delivery::Dropped { why: Dropped::Cleared });
    assert_eq!(client.info().queued_messages, 0);
}

#[tokio::test]
async fn a_message_that_was_never_sent_can_be_withdrawn_and_one_that_was_cannot() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    client.start().unwrap();
    let request = server.request().await;
    let mut tickets = Vec::new();
    for text in ["a", "b", "c"] {
        tickets.push(client.send(text).await.unwrap());
    }
    tickets[1].withdraw();
    assert_eq!(client.info().queued_messages, 2);
    let withdrawn = soon(&mut tickets[1]).await;
    assert_eq!(withdrawn, Delivery::Dropped { why: Dropped::Withdrawn });
    let mut peer = request.accept().await;
    assert_eq!((peer.text().await, peer.text().await), ("a".into(), "c".into()));
    tickets[0].withdraw();
    assert_eq!(soon(&mut tickets[0]).await, Delivery::Written);
    tickets[1].withdraw();
    assert_eq!(soon(&mut tickets[1]).await, withdrawn);
}

#[tokio::test]
async fn a_send_waits_for_room_and_a_cancelled_one_has_taken_nothing() {
    let server = Server::start().await;
    let client =
        server.client().settings(|settings| settings.queue_messages_max(2)).build().unwrap();
    client.start().unwrap();
    let request = server.request().await;
    for text in ["a", "b"] {
        client.send(text).await.map(drop).unwrap();
    }
    assert!(client.try_send("x").unwrap_err().is_full());
    assert!(client.send_with("x", SendPolicy::Fail).await.unwrap_err().is_full());
    assert!(timeout(MOMENT, client.send("cancelled")).await.is_err());
    let waiting = client.clone();
    let waiting = tokio::spawn(async move { waiting.send("c").await.map(|ticket| ticket.id()) });
    let mut peer = request.accept().await;
    soon(waiting).await.unwrap().unwrap();
    for text in ["a", "b", "c"] {
        assert_eq!(peer.text().await, text);
    }
    client.send("end").await.map(drop).unwrap();
    assert_eq!(peer.text().await, "end", "a cancelled send was taken all the same");
}

#[tokio::test]
async fn a_sender_that_waits_is_released_by_closing() {
    let server = Server::start().await;
    let client =
        server.client().settings(|settings| settings.queue_messages_max(1)).build().unwrap();
    client.start().unwrap();
    let _request = server.request().await;
    client.send("a").await.map(drop).unwrap();
    let waiting = client.clone();
    let waiting = tokio::spawn(async move { waiting.send("b").await.map(drop) });
    tokio::task::yield_now().await;
    soon(client.close()).await;
    assert_eq!(soon(waiting).await.unwrap().unwrap_err(), SendError::Refused(InputError::Closed));
}

#[tokio::test]
async fn volatile_messages_are_dropped_while_down_and_sent_while_up() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    client.start().unwrap();
    let request = server.request().await;
    let typing = client.send_with("typing", SendPolicy::Volatile).await.unwrap();
    assert_eq!(soon(typing).await, Delivery::Dropped { why: Dropped::Volatile });
    let mut peer = request.accept().await;
    soon(client.wait_until(ConnectionState::Connected)).await;
    let typing = client.send_with("typing again", SendPolicy::Volatile).await.unwrap();
    assert_eq!(peer.text().await, "typing again");
    assert_eq!(soon(typing).await, Delivery::Written);
}

#[tokio::test]
async fn a_newer_message_with_the_same_key_takes_the_place_of_an_older_one() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    client.start().unwrap();
    let request = server.request().await;
    let policy = SendPolicy::Coalesce { key: 7 };
    let older = client.send_with("at 1", policy).await.unwrap();
    let newer = client.send_with("at 2", policy).await.unwrap();
    assert_eq!(soon(older).await, Delivery::Dropped { why: Dropped::Coalesced });
    let mut peer = request.accept().await;
    assert_eq!(peer.text().await, "at 2");
    assert_eq!(soon(newer).await, Delivery::Written);
}

#[tokio::test]
async fn without_a_queue_a_send_while_down_fails() {
    let server = Server::start().await;
    let client = server.client().settings(|settings| settings.queue(false)).build().unwrap();
    client.start().unwrap();
    let _request = server.request().await;
    let error = client.send("x").await.unwrap_err();
    assert_eq!(error, SendError::Refused(InputError::NotConnected));
}

#[tokio::test]
async fn closing_right_after_sending_still_sends() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    let (connected, mut peer) = tokio::join!(soon(client.connect()), server.accept());
    connected.unwrap();
    let tickets: Vec<_> = (0..100).map(|n| client.try_send(n.to_string()).unwrap()).collect();
    let read = async {
        for number in 0..100 {
            assert_eq!(peer.text().await, number.to_string());
        }
        peer.item().await;
        drop(peer);
    };
    tokio::join!(soon(client.close()), read);
    for ticket in tickets {
        assert_eq!(soon(ticket).await, Delivery::Written);
    }
}

#[tokio::test]
async fn a_message_above_the_limit_is_refused() {
    let server = Server::start().await;
    let client =
        server.client().settings(|settings| settings.message_bytes_max(10)).build().unwrap();
    client.start().unwrap();
    let error = client.send("eleven byte").await.unwrap_err();
    assert_eq!(error.to_string(), "message has 11 bytes; accepted: up to 10");
}
