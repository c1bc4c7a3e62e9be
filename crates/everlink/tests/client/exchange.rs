//! Market data: subscriptions, their answers, and a pool.

use everlink::engine::Dialect;
use everlink::{ClientBuilder, ConnectionState, Event, Profile};

use crate::support::{Server, confirm, event, request, soon};

fn feed(server: &Server) -> ClientBuilder {
    server.client().dialect(Dialect::EXCHANGE)
}

#[tokio::test]
async fn req_f03_every_stream_is_subscribed_again_in_one_batch_after_a_reconnect() {
    let server = Server::start().await;
    let client = feed(&server).build().unwrap();
    let mut events = client.events();
    let mut trades = client.subscribe("btcusdt@trade").unwrap();
    let mut depth = client.subscribe("btcusdt@depth").unwrap();
    client.start().unwrap();
    for round in 0..3 {
        let mut peer = server.accept().await;
        let names = confirm(&mut peer, "SUBSCRIBE").await;
        assert_eq!(names, ["btcusdt@trade", "btcusdt@depth"]);
        let count = event(&mut events, |event| match event {
            Event::Resubscribed { channels, .. } => Some(*channels),
            _ => None,
        });
        assert_eq!(count.await, 2);
        peer.send(&format!(r#"{{"stream":"btcusdt@trade","data":{{"t":{round}}}}}"#)).await;
        peer.send(&format!(r#"{{"stream":"btcusdt@depth","data":{{"u":{round}}}}}"#)).await;
        assert_eq!(
            soon(trades.next()).await.unwrap().as_text(),
            Some(&*format!(r#"{{"t":{round}}}"#))
        );
        assert_eq!(
            soon(depth.next()).await.unwrap().as_text(),
            Some(&*format!(r#"{{"u":{round}}}"#))
        );
    }
}

#[tokio::test]
async fn req_f03_a_refused_stream_is_reported_and_not_asked_for_for_ever() {
    let server = Server::start().await;
    let client = feed(&server).build().unwrap();
    let mut events = client.events();
    let _good = client.subscribe("good").unwrap();
    let _bad = client.subscribe("bad").unwrap();
    client.start().unwrap();
    let mut peer = server.accept().await;
    let (both, id) = request(&mut peer, "SUBSCRIBE").await;
    assert_eq!(both, ["good", "bad"]);
    peer.send(&format!(r#"{{"error":{{"code":2,"msg":"no such stream"}},"id":{id}}}"#)).await;
    assert_eq!(confirm(&mut peer, "SUBSCRIBE").await, ["good"]);
    let (alone, id) = request(&mut peer, "SUBSCRIBE").await;
    assert_eq!(alone, ["bad"]);
    peer.send(&format!(r#"{{"code":2,"msg":"no such stream","id":{id}}}"#)).await;
    let rejected = event(&mut events, |event| match event {
        Event::SubscriptionRejected { channel, code, .. } => Some((channel.to_string(), *code)),
        _ => None,
    });
    assert_eq!(rejected.await, ("bad".to_owned(), 2));
    drop(peer);
    let mut peer = server.accept().await;
    assert_eq!(confirm(&mut peer, "SUBSCRIBE").await, ["good"]);
}

#[tokio::test]
async fn dropping_the_last_subscription_of_a_channel_gives_it_up() {
    let server = Server::start().await;
    let client = feed(&server).build().unwrap();
    client.start().unwrap();
    let first = client.subscribe("a").unwrap();
    let second = client.subscribe("a").unwrap();
    let mut peer = server.accept().await;
    assert_eq!(confirm(&mut peer, "SUBSCRIBE").await, ["a"]);
    drop(first);
    drop(second);
    assert_eq!(confirm(&mut peer, "UNSUBSCRIBE").await, ["a"]);
    let mut third = client.subscribe("b").unwrap();
    assert_eq!(confirm(&mut peer, "SUBSCRIBE").await, ["b"]);
    client.unsubscribe("b");
    assert_eq!(soon(third.next()).await, None);
}

#[tokio::test]
async fn fault_53_a_subscriber_that_never_takes_holds_up_no_other_channel() {
    let server = Server::start().await;
    let client = feed(&server).subscription_messages_max(4).build().unwrap();
    let mut events = client.events();
    let mut stuck = client.subscribe("stuck").unwrap();
    let mut lively = client.subscribe("lively").unwrap();
    client.start().unwrap();
    let mut peer = server.accept().await;
    confirm(&mut peer, "SUBSCRIBE").await;
    for number in 0..50 {
        peer.send(&format!(r#"{{"stream":"stuck","data":[{number}]}}"#)).await;
        peer.send(&format!(r#"{{"stream":"lively","data":[{number}]}}"#)).await;
        assert_eq!(soon(lively.next()).await.unwrap().as_text(), Some(&*format!("[{number}]")));
    }
    assert_eq!(stuck.missed(), 46);
    assert_eq!(soon(stuck.next()).await.unwrap().as_text(), Some("[46]"));
    event(&mut events, |event| matches!(event, Event::SubscriberLagged { .. }).then_some(())).await;
    assert_eq!(client.state(), ConnectionState::Connected);
}

#[tokio::test]
async fn fault_39_a_broken_answer_is_reported_and_data_goes_on() {
    let server = Server::start().await;
    let client = feed(&server).build().unwrap();
    let mut events = client.events();
    let mut trades = client.subscribe("t").unwrap();
    client.start().unwrap();
    let mut peer = server.accept().await;
    confirm(&mut peer, "SUBSCRIBE").await;
    peer.send(r#"{"result":null,"id":"#).await;
    peer.send(r#"{"stream":"t","data":{"t":1}}"#).await;
    assert_eq!(soon(trades.next()).await.unwrap().as_text(), Some(r#"{"t":1}"#));
    let told = event(&mut events, |event| match event {
        Event::BadMessage { error, .. } => Some(error.to_string()),
        _ => None,
    });
    assert_eq!(told.await, "exchange: an answer is not valid JSON at column 20");
    assert_eq!((client.state(), client.info().reconnects), (ConnectionState::Connected, 0));
}

#[tokio::test]
async fn a_dialect_without_channels_refuses_subscriptions() {
    let server = Server::start().await;
    let client = server.client().profile(Profile::Standard).build().unwrap();
    let error = client.subscribe("x").unwrap_err();
    assert_eq!(error.to_string(), "dialect `plain` knows no subscriptions");
}
