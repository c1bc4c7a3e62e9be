//! Messages to the logs of channels: taken, acknowledged, refused.

use bytes::Bytes;
use everlink::wire::v1::Encoding;
use everlink::{Client, Dialect, Payload, PublishError, SendError, SendPolicy, Start};
use everlink_server::Server;
use everlink_server::hooks::{Code, Decision, Refusal};
use serde_json::json;

use crate::support::{Played, Site, client_of, frame_of, frames_of, message, say, soon, text};

#[tokio::test]
async fn req_m08_a_publish_is_acknowledged_with_its_offset_and_read_by_others() {
    for encoding in Encoding::ALL {
        let site = Site::start().await;
        let (ana, bob) = (
            site.client().encoding(encoding).build().unwrap(),
            site.client().encoding(encoding).build().unwrap(),
        );
        soon(ana.connect()).await.unwrap();
        soon(bob.connect()).await.unwrap();
        let mut room = bob.channel("room").from(Start::Beginning).open().unwrap();
        let first = soon(ana.publish("room", "hello")).await.unwrap();
        assert_eq!(soon(first).await.unwrap().offset, Some(1));
        let payloads: [Payload; 3] = [
            json!({"text": "second", "to": ["all"]}).into(),
            Payload::json(&("third", 3)).unwrap(),
            Bytes::from_static(&[0, 159, 146, 150]).into(),
        ];
        for (at, payload) in payloads.iter().enumerate() {
            let ack = soon(ana.publish("room", payload.clone())).await.unwrap();
            assert_eq!(soon(ack).await.unwrap().offset, Some(at as u64 + 2));
        }
        let hello = message(&mut room).await;
        assert_eq!(hello.payload.text().as_deref(), Some("hello"));
        assert_eq!((hello.offset, hello.sequence), (1, 1));
        for (at, payload) in payloads.into_iter().enumerate() {
            let next = message(&mut room).await;
            assert_eq!((next.offset, &next.producer), (at as u64 + 2, &hello.producer));
            match payload.as_json() {
                Some(text) => {
                    let wanted: serde_json::Value = serde_json::from_str(text).unwrap();
                    assert_eq!(next.payload.decode::<serde_json::Value>().unwrap(), wanted);
                }
                None => assert_eq!(next.payload, payload, "{encoding}"),
            }
        }
    }
}

#[tokio::test]
async fn a_hundred_publishes_on_their_way_are_stored_in_order() {
    let site = Site::start().await;
    let client = site.client().build().unwrap();
    soon(client.connect()).await.unwrap();
    let mut acks = Vec::new();
    for number in 0..100 {
        acks.push(soon(client.publish("room", json!(number))).await.unwrap());
    }
    let last = soon(acks.pop().unwrap()).await.unwrap();
    assert_eq!(last.offset, Some(100));
    for ack in acks {
        assert!(soon(ack).await.unwrap().offset <= Some(100));
    }
    let page = soon(client.history("room", 90, 100)).await.unwrap();
    let numbers: Vec<u32> =
        page.messages.iter().map(|message| message.payload.decode().unwrap()).collect();
    assert_eq!(numbers, (90..100).collect::<Vec<_>>());
    assert_eq!((page.first, page.head, page.next()), (1, 100, None));
}

#[tokio::test]
async fn fault_47_a_refused_publish_says_why_and_the_next_one_goes_on() {
    let server = Server::builder().on_publish(|publishing| async move {
        if publishing.payload.as_text() == Some("\"bad\"") {
            return Decision::Refuse(Refusal::new(Code::Forbidden, "no such words here"));
        }
        Decision::Accept
    });
    let site = Site::of(server).await;
    let client = site.client().build().unwrap();
    soon(client.connect()).await.unwrap();
    let mut acks = Vec::new();
    for words in ["good", "bad", "better"] {
        acks.push(soon(client.publish("room", words)).await.unwrap());
    }
    let [good, bad, better] = <[_; 3]>::try_from(acks).unwrap();
    assert!(soon(good).await.unwrap().offset <= Some(2));
    let PublishError::Refused { code, why, .. } = soon(bad).await.unwrap_err() else {
        panic!("it was refused")
    };
    assert_eq!((code, &*why), (Code::Forbidden.number(), "no such words here"));
    assert_eq!(soon(better).await.unwrap().offset, Some(2));
}

#[tokio::test]
async fn what_cannot_be_published_is_refused_before_it_is_taken() {
    let site = Site::start().await;
    let client = site.client().build().unwrap();
    let closed = client.publish("room", "x").await.unwrap_err();
    assert!(closed.is_closed(), "{closed}");
    soon(client.connect()).await.unwrap();
    let broken = Payload::raw_json("{\"a\":".to_owned());
    let refused = client.publish("room", broken).await.unwrap_err();
    assert!(matches!(refused, SendError::NotJson(_)), "{refused}");
    let refused = client.publish("", "x").await.unwrap_err();
    assert!(matches!(refused, SendError::Channel(_)), "{refused}");
    let refused = client.publish_with("room", "x", SendPolicy::Volatile).await.unwrap_err();
    assert!(refused.to_string().contains("kind of value"), "{refused}");
    let plain = Client::builder("ws://127.0.0.1:1/").dialect(Dialect::PLAIN).build().unwrap();
    let refused = plain.publish("room", "x").await.unwrap_err().to_string();
    assert_eq!(refused, "dialect `plain` has no channels to publish to; accepted: `everlink`");
    assert!(plain.channel("room").open().is_err());
}

#[tokio::test]
async fn fault_37_publishes_while_offline_wait_within_their_bounds() {
    let played = Played::start().await;
    let client =
        played.client().settings(|settings| settings.queue_messages_max(2)).build().unwrap();
    client.start().unwrap();
    let one = soon(client.publish("room", "one")).await.unwrap();
    let two = soon(client.publish_with("room", "two", SendPolicy::Fail)).await.unwrap();
    let full = client.publish_with("room", "three", SendPolicy::Fail).await.unwrap_err();
    assert!(full.is_full(), "{full}");
    let three = soon(client.publish_with("room", "three", SendPolicy::DropOldest)).await.unwrap();
    assert_eq!(
        soon(one).await.unwrap_err().to_string(),
        "dropped before it was sent: the outbox was full"
    );
    soon(client.close()).await;
    assert_eq!(soon(two).await.unwrap_err(), PublishError::Closed);
    assert_eq!(soon(three).await.unwrap_err(), PublishError::Closed);
}

#[tokio::test]
async fn a_publish_that_waits_for_room_is_taken_once_there_is_some() {
    let mut played = Played::start().await;
    let client =
        played.client().settings(|settings| settings.queue_messages_max(1)).build().unwrap();
    client.start().unwrap();
    let (connection, _) = played.welcomed().await;
    let first = soon(client.publish("room", "one")).await.unwrap();
    let sender = client.clone();
    let second = tokio::spawn(async move { soon(sender.publish("room", "two")).await.unwrap() });
    assert_eq!(frame_of(&connection, "pub").await["s"], 1);
    say(&connection, json!({"t": "ack", "c": "room", "s": 1, "o": 7}));
    assert_eq!(soon(first).await.unwrap().offset, Some(7));
    let second = soon(second).await.unwrap();
    let pubs = frames_of(&connection, "pub", 2).await;
    assert_eq!(pubs[1], json!({"t": "pub", "c": "room", "s": 2, "d": "two"}));
    say(&connection, json!({"t": "ack", "c": "room", "s": 2, "o": 8}));
    assert_eq!(soon(second).await.unwrap().offset, Some(8));
}

#[tokio::test]
async fn fault_27_what_was_not_acknowledged_is_sent_again_with_the_same_origin_and_handled_once() {
    let mut played = Played::start().await;
    let client = played.client().build().unwrap();
    client.start().unwrap();
    let (first, hello) = played.welcomed().await;
    let ack = soon(client.publish("room", "one")).await.unwrap();
    let sent = frame_of(&first, "pub").await;
    played.server.kill();
    let (second, again) = played.welcomed().await;
    assert_eq!(again["producer"], hello["producer"], "the same run is the same producer");
    assert_eq!(again["client"], hello["client"]);
    assert_eq!(frame_of(&second, "pub").await, sent);
    say(&second, json!({"t": "ack", "c": "room", "s": 1, "o": 3}));
    assert_eq!(soon(ack).await.unwrap().offset, Some(3));
}

#[tokio::test]
async fn fault_28_a_lost_acknowledgement_doubles_nothing() {
    let site = Site::start().await;
    let client = site.restless_client().build().unwrap();
    soon(client.connect()).await.unwrap();
    let mut room = client.channel("room").from(Start::Beginning).open().unwrap();
    for round in 0..20 {
        let acks = [
            soon(client.publish("room", json!([round, 0]))).await.unwrap(),
            soon(client.publish("room", json!([round, 1]))).await.unwrap(),
        ];
        site.cut();
        for ack in acks {
            soon(ack).await.unwrap();
        }
    }
    for round in 0..20 {
        for part in 0..2 {
            let next = message(&mut room).await;
            assert_eq!(next.payload.decode::<(u32, u32)>().unwrap(), (round, part));
        }
    }
    assert_eq!(soon(client.history("room", 0, 256)).await.unwrap().head, 40);
}

#[tokio::test]
async fn fault_31_an_acknowledgement_above_what_was_sent_ends_the_attach() {
    let mut played = Played::start().await;
    let client = played.client().build().unwrap();
    client.start().unwrap();
    let (first, _) = played.welcomed().await;
    let ack = soon(client.publish("room", "one")).await.unwrap();
    frame_of(&first, "pub").await;
    say(&first, json!({"t": "ack", "c": "room", "s": 2, "o": 3}));
    let (second, _) = played.welcomed().await;
    assert_eq!(frame_of(&second, "pub").await["s"], 1, "nothing was settled by it");
    say(&second, json!({"t": "ack", "c": "room", "s": 1, "o": 3}));
    soon(ack).await.unwrap();
}

#[tokio::test]
async fn two_clients_of_one_server_read_what_the_other_says() {
    let site = Site::start().await;
    let url = format!("ws://{}/ws", site.address);
    let (ana, bob) = (client_of(&url).build().unwrap(), client_of(&url).build().unwrap());
    soon(ana.connect()).await.unwrap();
    soon(bob.connect()).await.unwrap();
    let mut heard = (
        ana.channel("room").from(Start::Beginning).open().unwrap(),
        bob.channel("room").from(Start::Beginning).open().unwrap(),
    );
    soon(soon(ana.publish("room", "from ana")).await.unwrap()).await.unwrap();
    soon(soon(bob.publish("room", "from bob")).await.unwrap()).await.unwrap();
    for channel in [&mut heard.0, &mut heard.1] {
        assert_eq!(text(channel).await, "from ana");
        assert_eq!(text(channel).await, "from bob");
    }
}
