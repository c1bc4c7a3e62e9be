//! Planned moves: the successor is open and subscribed before the old connection closes.

use std::time::Duration;

use everlink::engine::Dialect;
use everlink::wire::ws::Item;
use everlink::{Event, Subscription};

use crate::support::{Peer, Server, confirm, event, soon};

async fn trade(peer: &mut Peer, number: u64) {
    let event = format!(r#"{{"e":"trade","E":{number},"t":{number}}}"#);
    peer.send(&format!(r#"{{"stream":"t","data":{event}}}"#)).await;
}

async fn next(trades: &mut Subscription) -> u64 {
    let text = soon(trades.next()).await.unwrap();
    let event: serde_json::Value = serde_json::from_slice(text.as_bytes()).unwrap();
    event["t"].as_u64().unwrap()
}

#[tokio::test]
async fn req_f09_a_renewal_misses_nothing_and_doubles_nothing() {
    let server = Server::start().await;
    let client = server
        .client()
        .dialect(Dialect::EXCHANGE)
        .settings(|settings| settings.renew_after(Some(Duration::from_secs(1))))
        .build()
        .unwrap();
    let mut events = client.events();
    let mut trades = client.subscribe("t").unwrap();
    client.start().unwrap();
    let mut old = server.accept().await;
    confirm(&mut old, "SUBSCRIBE").await;
    trade(&mut old, 1).await;
    assert_eq!(next(&mut trades).await, 1);
    let mut new = server.accept().await;
    // From here on the exchange sends everything to both.
    let (names, id) = crate::support::request(&mut new, "SUBSCRIBE").await;
    assert_eq!(names, ["t"]);
    for number in 2..5 {
        trade(&mut old, number).await;
        trade(&mut new, number).await;
    }
    new.send(&format!(r#"{{"result":null,"id":{id}}}"#)).await;
    trade(&mut new, 5).await;
    let moved = event(&mut events, |event| matches!(event, Event::Moved).then_some(()));
    let ((), left) = tokio::join!(moved, old.item());
    assert!(matches!(left, Some(Item::Close(_))), "{left:?}");
    trade(&mut new, 6).await;
    for number in 2..7 {
        assert_eq!(next(&mut trades).await, number);
    }
    let info = client.info();
    assert_eq!((info.reconnects, info.messages_received, info.is_connected()), (0, 6, true));
}
