//! An application that does not take what comes: nothing is lost, and others are not held up.

use std::time::Duration;

use everlink::{ChannelEvent, Event, Start};
use serde_json::json;

use crate::support::{Site, event, message, soon, text};

#[tokio::test]
async fn fault_52_a_slow_reader_of_one_channel_holds_up_nobody_and_misses_nothing() {
    const MESSAGES: u32 = 500;
    let site = Site::start().await;
    let writer = site.client().build().unwrap();
    let reader = site
        .client()
        .subscription_messages_max(16)
        .settings(|settings| {
            settings
                .heartbeat_interval(Duration::from_millis(200))
                .heartbeat_timeout(Duration::from_millis(500))
        })
        .build()
        .unwrap();
    let mut events = reader.events();
    let mut slow = reader.channel("slow").from(Start::Beginning).open().unwrap();
    let mut quick = reader.channel("quick").from(Start::Beginning).open().unwrap();
    soon(writer.connect()).await.unwrap();
    soon(reader.connect()).await.unwrap();
    for number in 0..MESSAGES {
        soon(writer.publish("slow", json!(number))).await.map(drop).unwrap();
    }
    event(&mut events, |event| match event {
        Event::ChannelPaused { channel, .. } => Some(assert_eq!(&**channel, "slow")),
        _ => None,
    })
    .await;
    for round in 0..50 {
        let words = format!("round {round}");
        soon(soon(writer.publish("quick", &*words)).await.unwrap()).await.unwrap();
        assert_eq!(text(&mut quick).await, words, "the other channel goes on");
    }
    for number in 0..MESSAGES {
        assert_eq!(message(&mut slow).await.payload.decode::<u32>().unwrap(), number);
    }
    event(&mut events, |event| matches!(event, Event::ChannelResumed { .. }).then_some(())).await;
    assert_eq!(reader.info().reconnects, 0);
}

#[tokio::test]
async fn a_reader_that_never_comes_back_does_not_keep_the_connection_from_standing() {
    let site = Site::start().await;
    let writer = site.client().build().unwrap();
    soon(writer.connect()).await.unwrap();
    for number in 0..100 {
        soon(writer.publish("room", json!(number))).await.map(drop).unwrap();
    }
    let reader = site.client().subscription_messages_max(4).build().unwrap();
    let mut room = reader.channel("room").from(Start::Beginning).open().unwrap();
    soon(reader.connect()).await.unwrap();
    site.cut();
    soon(soon(reader.publish("other", "still here")).await.unwrap()).await.unwrap();
    for number in 0..100 {
        assert_eq!(message(&mut room).await.payload.decode::<u32>().unwrap(), number);
    }
}

#[tokio::test]
async fn fault_53_a_handler_that_panics_takes_nobody_with_it() {
    let site = Site::start().await;
    let client = site.client().build().unwrap();
    soon(client.connect()).await.unwrap();
    let mut doomed = client.channel("doomed").from(Start::Beginning).open().unwrap();
    let mut other = client.channel("other").from(Start::Beginning).open().unwrap();
    let handler = tokio::spawn(async move {
        if let Some(ChannelEvent::Message(message)) = doomed.next().await {
            panic!("cannot handle {message:?}");
        }
    });
    for channel in ["doomed", "other"] {
        soon(soon(client.publish(channel, "hello")).await.unwrap()).await.unwrap();
    }
    assert!(soon(handler).await.is_err());
    assert_eq!(text(&mut other).await, "hello");
    let mut again = client.channel("doomed").from(Start::Beginning).open().unwrap();
    assert_eq!(text(&mut again).await, "hello", "the channel is free again");
}
