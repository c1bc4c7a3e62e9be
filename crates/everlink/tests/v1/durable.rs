//! What survives the process: publishes with their numbers, and how far channels were handled.

use everlink::outbox::{DurableOutbox, OutboxLimits};
use everlink::{Client, PublishError, Start};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{Played, Site, frame, frames_of, message, say, soon, text};

/// Opens a file as soon as whoever had it before has let it go.
async fn open(folder: &TempDir, name: &str) -> DurableOutbox {
    soon(async {
        loop {
            match DurableOutbox::open(folder.path().join(name), OutboxLimits::default()) {
                Ok(outbox) => return outbox,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    })
    .await
}

async fn end(client: Client) {
    soon(client.close()).await;
    drop(client);
}

#[tokio::test]
async fn a_publish_of_an_earlier_run_is_sent_with_the_producer_and_number_that_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let mut played = Played::start().await;
    let client = played.client().outbox(open(&folder, "outbox").await).build().unwrap();
    client.start().unwrap();
    let (first, hello) = played.welcomed().await;
    let mut acks = Vec::new();
    for words in ["one", "two", "three"] {
        acks.push(soon(client.publish("room", words)).await.unwrap());
    }
    assert_eq!(frames_of(&first, "pub", 3).await[2]["s"], 3);
    say(&first, json!({"t": "ack", "c": "room", "s": 1, "o": 1}));
    assert_eq!(soon(acks.remove(0)).await.unwrap().offset, Some(1));
    end(client).await;
    assert_eq!(soon(acks.remove(0)).await, Err(PublishError::Closed));
    drop(acks);

    let outbox = open(&folder, "outbox").await;
    assert_eq!(outbox.len(), 2);
    let client = played.client().outbox(outbox.clone()).build().unwrap();
    client.start().unwrap();
    let (second, again) = played.welcomed().await;
    let four = soon(client.publish("room", "four")).await.unwrap();
    let producer = hello["producer"].clone();
    assert_ne!(again["producer"], producer, "a fresh run is a fresh producer");
    let pubs = frames_of(&second, "pub", 3).await;
    assert_eq!(
        pubs,
        [
            json!({"t": "pub", "c": "room", "p": producer, "s": 2, "b": 0, "d": "two"}),
            json!({"t": "pub", "c": "room", "p": producer, "s": 3, "d": "three"}),
            json!({"t": "pub", "c": "room", "s": 1, "d": "four"}),
        ]
    );
    say(&second, json!({"t": "ack", "c": "room", "p": producer, "s": 3, "o": 3}));
    say(&second, json!({"t": "ack", "c": "room", "s": 1, "o": 4}));
    assert_eq!(soon(four).await.unwrap().offset, Some(4));
    assert!(outbox.is_empty());
}

#[tokio::test]
async fn a_publish_that_was_never_sent_can_be_withdrawn_and_leaves_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let mut played = Played::start().await;
    let outbox = open(&folder, "outbox").await;
    let client = played.client().outbox(outbox.clone()).build().unwrap();
    client.start().unwrap();
    let mut acks = Vec::new();
    for words in ["one", "two", "three"] {
        acks.push(soon(client.publish("room", words)).await.unwrap());
    }
    acks[1].withdraw();
    let withdrawn = soon(&mut acks[1]).await.unwrap_err();
    assert_eq!(withdrawn.to_string(), "dropped before it was sent: the application took it back");
    let (connection, _) = played.welcomed().await;
    assert_eq!(
        frames_of(&connection, "pub", 2).await,
        [
            json!({"t": "pub", "c": "room", "s": 1, "d": "one"}),
            json!({"t": "pub", "c": "room", "s": 3, "b": 1, "d": "three"}),
        ]
    );
    say(&connection, json!({"t": "ack", "c": "room", "s": 3, "o": 2}));
    assert_eq!(soon(&mut acks[2]).await.unwrap().offset, Some(2));
    assert!(outbox.is_empty());
}

#[tokio::test]
async fn fault_48_a_run_that_ends_before_its_acknowledgements_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    let mut expected = Vec::new();
    for run in 0..4 {
        let client = site.client().outbox(open(&folder, "outbox").await).build().unwrap();
        client.start().unwrap();
        for number in 0..5 {
            // Not acknowledged, or not even sent, when the run ends.
            soon(client.publish("room", json!([run, number]))).await.map(drop).unwrap();
            expected.push((run, number));
        }
        site.cut();
        drop(client);
    }
    let client = site.client().outbox(open(&folder, "outbox").await).build().unwrap();
    let mut room = client.channel("room").from(Start::Beginning).open().unwrap();
    soon(client.connect()).await.unwrap();
    let last = soon(client.publish("room", json!([9, 9]))).await.unwrap();
    soon(last).await.unwrap();
    for wanted in expected {
        assert_eq!(message(&mut room).await.payload.decode::<(u32, u32)>().unwrap(), wanted);
    }
    assert_eq!(message(&mut room).await.payload.decode::<(u32, u32)>().unwrap(), (9, 9));
}

#[tokio::test]
async fn publishes_of_many_tasks_to_a_durable_outbox_are_numbered_as_they_are_sent() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    let client = site.client().outbox(open(&folder, "outbox").await).build().unwrap();
    soon(client.connect()).await.unwrap();
    let tasks: Vec<_> = (0..40)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move {
                let ack = soon(client.publish("room", json!(number))).await.unwrap();
                soon(ack).await.unwrap()
            })
        })
        .collect();
    // One that is cancelled takes its number with it, and no other is held up.
    let cancelled = client.clone();
    let cancelled = tokio::spawn(async move { cancelled.publish("room", json!("?")).await });
    cancelled.abort();
    for task in tasks {
        soon(task).await.unwrap();
    }
    let head = soon(client.history("room", 0, 256)).await.unwrap().head;
    assert!((40..=41).contains(&head), "{head}");
    let ack = soon(client.publish("room", "last")).await.unwrap();
    assert_eq!(soon(ack).await.unwrap().offset, Some(head + 1));
}

#[tokio::test]
async fn closing_and_connecting_again_sends_what_was_left_with_its_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let mut played = Played::start().await;
    let client = played.client().outbox(open(&folder, "outbox").await).build().unwrap();
    client.start().unwrap();
    let (_, _) = played.welcomed().await;
    let ack = soon(client.publish("room", "one")).await.unwrap();
    soon(client.close()).await;
    assert_eq!(soon(ack).await, Err(PublishError::Closed));
    client.start().unwrap();
    let (second, _) = played.welcomed().await;
    soon(client.publish("room", "two")).await.map(drop).unwrap();
    let pubs = frames_of(&second, "pub", 2).await;
    assert_eq!((&pubs[0]["s"], &pubs[0]["d"]), (&json!(1), &json!("one")));
    assert_eq!((&pubs[1]["s"], &pubs[1]["d"]), (&json!(2), &json!("two")));
}

#[tokio::test]
async fn fault_54_what_was_not_acknowledged_by_hand_comes_again_with_the_same_id_and_offset() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    let writer = site.client().build().unwrap();
    soon(writer.connect()).await.unwrap();
    let run = async |store| {
        let client = site.client().cursors(store).build().unwrap();
        let room = client.channel("room").manual_ack().open().unwrap();
        soon(client.connect()).await.unwrap();
        (client, room)
    };
    let (client, mut room) = run(open(&folder, "cursors").await).await;
    for words in ["one", "two", "three"] {
        soon(soon(writer.publish("room", words)).await.unwrap()).await.unwrap();
    }
    let (one, two) = (message(&mut room).await, message(&mut room).await);
    let three = message(&mut room).await;
    one.ack();
    assert_eq!(room.handled().unwrap().offset, 1);
    assert!(room.ack(9).is_err());
    drop(room);
    end(client).await;

    let (client, mut room) = run(open(&folder, "cursors").await).await;
    let (second, third) = (message(&mut room).await, message(&mut room).await);
    for (again, before) in [(&second, &two), (&third, &three)] {
        assert_eq!((again.offset, again.id()), (before.offset, before.id()));
        assert_eq!(again, before);
    }
    third.ack();
    second.ack();
    room.ack(2).unwrap();
    two.ack();
    assert_eq!(room.handled().unwrap().offset, 3, "an older word changes nothing");
    drop(room);
    end(client).await;

    let (_client, mut room) = run(open(&folder, "cursors").await).await;
    soon(soon(writer.publish("room", "four")).await.unwrap()).await.unwrap();
    assert_eq!(text(&mut room).await, "four");
}

#[tokio::test]
async fn fault_54_an_item_counts_as_handled_when_the_next_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    let writer = site.client().build().unwrap();
    soon(writer.connect()).await.unwrap();
    let client = site.client().cursors(open(&folder, "cursors").await).build().unwrap();
    let mut room = client.channel("room").open().unwrap();
    soon(client.connect()).await.unwrap();
    for words in ["one", "two", "three"] {
        soon(soon(writer.publish("room", words)).await.unwrap()).await.unwrap();
    }
    assert_eq!(text(&mut room).await, "one");
    // The handler of this one never returns.
    assert_eq!(text(&mut room).await, "two");
    drop(room);
    end(client).await;

    let client = site.client().cursors(open(&folder, "cursors").await).build().unwrap();
    let mut room = client.channel("room").open().unwrap();
    soon(client.connect()).await.unwrap();
    assert_eq!(text(&mut room).await, "two");
    assert_eq!(text(&mut room).await, "three");
}

#[tokio::test]
async fn a_run_that_ends_before_its_first_message_misses_none_of_those_that_follow() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    let client = site.client().cursors(open(&folder, "cursors").await).build().unwrap();
    let room = client.channel("room").open().unwrap();
    soon(client.connect()).await.unwrap();
    drop(room);
    end(client).await;
    let writer = site.client().build().unwrap();
    soon(writer.connect()).await.unwrap();
    soon(soon(writer.publish("room", "in between")).await.unwrap()).await.unwrap();
    let store = open(&folder, "cursors").await;
    let client = site.client().cursors(store.clone()).outbox(store).build().unwrap();
    let mut room = client.channel("room").open().unwrap();
    soon(client.connect()).await.unwrap();
    assert_eq!(text(&mut room).await, "in between");
    soon(soon(client.publish("room", "one file for both")).await.unwrap()).await.unwrap();
    assert_eq!(text(&mut room).await, "one file for both");
}

#[tokio::test]
async fn a_configuration_names_the_encoding_and_one_file_for_both_outbox_and_cursors() {
    use everlink::ClientBuilder;
    use everlink::config::Loader;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept").to_str().unwrap().to_owned();
    let site = Site::start().await;
    let run = async || {
        drop(open(&folder, "kept").await);
        let loaded = Loader::new()
            .argument("url", format!("ws://{}/ws", site.address))
            .argument("dialect", "everlink")
            .argument("encoding", "cbor")
            .argument("proxy", "none")
            .argument("outbox.path", &path)
            .argument("cursors.path", &path)
            .load()
            .unwrap();
        assert_eq!(loaded.client.encoding, Some("cbor"));
        let client = ClientBuilder::from_config(&loaded).unwrap().build().unwrap();
        let room = client.channel("room").open().unwrap();
        soon(client.connect()).await.unwrap();
        (client, room)
    };
    let (client, mut room) = run().await;
    for number in [1_u8, 2] {
        soon(soon(client.publish("room", vec![number])).await.unwrap()).await.unwrap();
    }
    assert_eq!(message(&mut room).await.payload.as_bytes(), Some(&[1][..]));
    assert_eq!(message(&mut room).await.payload.as_bytes(), Some(&[2][..]));
    drop(room);
    end(client).await;
    let (_client, mut room) = run().await;
    assert_eq!(message(&mut room).await.payload.as_bytes(), Some(&[2][..]), "not handled before");
}

#[tokio::test]
async fn the_greeting_names_what_the_client_can_take() {
    let mut played = Played::start().await;
    let client = played.client().receive_bytes_max(70_000).build().unwrap();
    client.start().unwrap();
    let (connection, hello) = played.greeted().await;
    assert_eq!(hello["v"], 1);
    assert_eq!(hello["caps"], json!({"max_frame": 70_000}));
    assert_eq!(hello["producer"].as_str().unwrap().len(), 32);
    let request = connection.request().await.unwrap();
    assert_eq!(request.subprotocols(), ["everlink.v1.json"]);
    assert_eq!(frame(&connection, 1).await["t"], "hello");
}
