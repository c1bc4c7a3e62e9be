//! From connecting to closing.

use everlink::wire::ws::Item;
use everlink::{ConnectionState, Delivery, Event, Guarantee};

use crate::support::{Server, event, soon};

#[tokio::test]
async fn messages_go_both_ways_and_closing_is_orderly() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    let (connected, mut peer) = tokio::join!(soon(client.connect()), server.accept());
    connected.unwrap();
    assert_eq!(client.state(), ConnectionState::Connected);
    assert_eq!(client.guarantee(), Guarantee::BestEffort);

    let ticket = client.send("hello").await.unwrap();
    assert_eq!(peer.text().await, "hello");
    assert_eq!(soon(ticket).await, Delivery::Written);
    peer.send("world").await;
    assert_eq!(soon(client.recv()).await.unwrap().as_text(), Some("world"));

    let (_, item) = tokio::join!(soon(client.close()), async {
        let item = peer.item().await;
        peer.close(1000).await;
        drop(peer);
        item
    });
    assert!(matches!(item, Some(Item::Close(Some(close))) if close.code == 1000));
    assert_eq!(client.state(), ConnectionState::Closed);
    assert_eq!(soon(client.recv()).await, None);
    soon(client.close()).await;
}

#[tokio::test]
async fn a_lost_connection_comes_back_and_waiting_messages_arrive_in_order() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    let mut events = client.events();
    client.start().unwrap();
    let peer = server.accept().await;
    soon(client.wait_until(ConnectionState::Connected)).await;
    drop(peer);
    event(&mut events, |event| matches!(event, Event::Disconnected { .. }).then_some(())).await;
    for number in 0..100 {
        let _ticket = client.send(number.to_string()).await.unwrap();
    }
    let mut peer = server.accept().await;
    for number in 0..100 {
        assert_eq!(peer.text().await, number.to_string());
    }
    let attempts = event(&mut events, |event| match event {
        Event::Reconnected { attempts, .. } => Some(*attempts),
        _ => None,
    })
    .await;
    assert_eq!(attempts, 1);
    assert_eq!(client.info().reconnects, 1);
}
