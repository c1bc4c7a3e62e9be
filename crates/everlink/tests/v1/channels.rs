//! Channels that are read: where reading begins, what comes beside the log, history.

use everlink::engine::{Cursor, Epoch, GapCause};
use everlink::{ChannelEvent, Delivery, Guarantee, HistoryError, Start, SubscribeError};
use serde_json::json;

use crate::support::{Played, Site, frame_of, message, next, say, soon, text};

async fn publish(client: &everlink::Client, words: &[&str]) {
    for text in words {
        soon(soon(client.publish("room", *text)).await.unwrap()).await.unwrap();
    }
}

#[tokio::test]
async fn reading_begins_where_it_is_told_to() {
    let site = Site::start().await;
    let writer = site.client().build().unwrap();
    soon(writer.connect()).await.unwrap();
    publish(&writer, &["one", "two", "three"]).await;
    let page = soon(writer.history("room", 0, 10)).await.unwrap();
    let behind_one = Cursor { epoch: Epoch(page.epoch), offset: 1 };
    for (start, first) in [
        (Start::Beginning, "one"),
        (Start::After(behind_one), "two"),
        (Start::Now, "four"),
        (Start::Stored, "four"),
    ] {
        let reader = site.client().build().unwrap();
        let mut room = reader.channel("room").from(start).open().unwrap();
        soon(reader.connect()).await.unwrap();
        if first == "four" {
            publish(&writer, &["four"]).await;
        }
        assert_eq!(text(&mut room).await, first, "{start:?}");
    }
}

#[tokio::test]
async fn fault_35_reading_from_the_beginning_tells_what_the_log_has_no_more() {
    let mut played = Played::start().await;
    let client = played.client().build().unwrap();
    let mut room = client.channel("room").from(Start::Beginning).open().unwrap();
    client.start().unwrap();
    let (connection, hello) = played.welcomed().await;
    assert_eq!(hello["subs"], json!([{"c": "room", "ep": 0, "o": 0}]));
    say(&connection, json!({"t": "sub_ok", "c": "room", "ep": 9, "head": 5, "n": 2}));
    say(&connection, json!({"t": "gap", "c": "room", "from": 1, "to": 3, "why": "epoch", "ep": 9}));
    say(&connection, msg(4));
    let ChannelEvent::Gap { from, to, cause, .. } = next(&mut room).await else {
        panic!("what expired is told")
    };
    assert_eq!((from, to, cause), (1, 3, GapCause::Expired));
    assert_eq!(message(&mut room).await.offset, 4);
}

fn msg(offset: u64) -> serde_json::Value {
    json!({"t": "msg", "c": "room", "o": offset, "p": "ana", "s": offset, "at": 1000, "d": offset})
}

#[tokio::test]
async fn what_the_server_knows_of_a_message_comes_with_it() {
    let mut played = Played::start().await;
    let client = played.client().build().unwrap();
    let mut room = client.channel("room").open().unwrap();
    client.start().unwrap();
    let (connection, _) = played.welcomed().await;
    say(&connection, json!({"t": "sub_ok", "c": "room", "ep": 9, "head": 0, "n": 0}));
    say(
        &connection,
        json!({
            "t": "msg", "c": "room", "o": 1, "p": "ana~u", "s": 4, "id": "m-1", "u": "ana", "at": 1500, "d": {"a": 1},
        }),
    );
    say(&connection, msg(2));
    let first = message(&mut room).await;
    assert_eq!((first.epoch, first.offset, first.sequence), (9, 1, 4));
    assert_eq!((&*first.producer, first.id().as_str()), ("ana~u", "m-1"));
    assert_eq!(first.user.as_deref(), Some("ana"));
    let at = first.at.duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(at.as_millis(), 1500);
    let second = message(&mut room).await;
    assert_eq!((second.id().as_str(), second.user), ("ana/2", None));
}

#[tokio::test]
async fn volatile_values_and_retained_ones_come_beside_the_log() {
    let site = Site::start().await;
    let (ana, bob) = (site.client().build().unwrap(), site.client().build().unwrap());
    let dropped = ana.channel("room").open().unwrap();
    assert!(dropped.volatile("typing", true_value()).is_err(), "closed");
    drop(dropped);
    soon(ana.connect()).await.unwrap();
    site.server.retain("room", "topic", everlink_server::json(&"tea").unwrap()).unwrap();
    let mut room = bob.channel("room").open().unwrap();
    soon(bob.connect()).await.unwrap();
    let ChannelEvent::Retained { key, payload, .. } = next(&mut room).await else {
        panic!("the retained value comes with the attach")
    };
    assert_eq!((&*key, payload.text().as_deref()), ("topic", Some("tea")));
    assert_eq!(room.retained("topic").unwrap().text().as_deref(), Some("tea"));
    assert_eq!(room.retained("mood"), None);
    let speaking = ana.channel("room").open().unwrap();
    assert_eq!(soon(speaking.volatile("typing", true_value()).unwrap()).await, Delivery::Written);
    let ChannelEvent::Volatile { key, payload, .. } = next(&mut room).await else {
        panic!("the volatile value comes at once")
    };
    assert_eq!((&*key, payload.as_json()), ("typing", Some("true")));
}

fn true_value() -> everlink::Payload {
    json!(true).into()
}

#[tokio::test]
async fn history_is_read_in_pages_and_says_why_when_it_cannot_be() {
    let site = Site::start().await;
    let client = site.client().build().unwrap();
    let offline = client.history("room", 0, 10).await.unwrap_err();
    assert!(matches!(offline, HistoryError::NotAsked(_)), "{offline}");
    soon(client.connect()).await.unwrap();
    publish(&client, &["a", "b", "c", "d", "e"]).await;
    let (mut after, mut words) = (Some(0), Vec::new());
    while let Some(behind) = after {
        let page = soon(client.history("room", behind, 2)).await.unwrap();
        words.extend(page.messages.iter().filter_map(|message| message.payload.text()));
        after = page.next();
    }
    assert_eq!(words, ["a", "b", "c", "d", "e"]);
    for limit in [0, 257] {
        let refused = client.history("room", 0, limit).await.unwrap_err().to_string();
        assert_eq!(refused, format!("a page of {limit} messages; accepted: 1 to 256"));
    }
}

#[tokio::test]
async fn a_question_dies_with_its_connection_and_is_told_so() {
    let mut played = Played::start().await;
    let client = played.client().build().unwrap();
    client.start().unwrap();
    let (connection, _) = played.welcomed().await;
    soon(client.wait_until(everlink::ConnectionState::Connected)).await;
    let asking = client.clone();
    let asked = tokio::spawn(async move { asking.history("room", 5, 10).await });
    let read = frame_of(&connection, "read").await;
    assert_eq!(read, json!({"t": "read", "n": 1, "c": "room", "after": 5, "limit": 10}));
    played.server.kill();
    assert_eq!(soon(asked).await.unwrap(), Err(HistoryError::Lost));
    let (connection, _) = played.welcomed().await;
    soon(client.wait_until(everlink::ConnectionState::Connected)).await;
    let asking = client.clone();
    let asked = tokio::spawn(async move { asking.history("room", 5, 10).await });
    frame_of(&connection, "read").await;
    say(&connection, json!({"t": "read_err", "n": 2, "code": 4403, "why": "not yours"}));
    let refused = soon(asked).await.unwrap().unwrap_err().to_string();
    assert_eq!(refused, "the server refused the page with code 4403: not yours");
}

#[tokio::test]
async fn a_channel_has_one_reader_and_is_free_again_once_that_is_gone() {
    let site = Site::start().await;
    let client = site.client().build().unwrap();
    let room = client.channel("room").open().unwrap();
    let taken = client.channel("room").open().unwrap_err();
    assert!(matches!(taken, SubscribeError::InUse { .. }), "{taken}");
    drop(room);
    let mut room = client.channel("room").from(Start::Beginning).open().unwrap();
    soon(client.connect()).await.unwrap();
    publish(&client, &["one"]).await;
    assert_eq!(text(&mut room).await, "one");
    assert_eq!(client.guarantee(), Guarantee::ExactlyOnce);
    drop(client);
    assert_eq!(soon(room.next()).await, None, "no handle is left");
}

#[tokio::test]
async fn more_channels_than_a_greeting_holds_are_asked_for_behind_it() {
    let site = Site::start().await;
    let client = site.client().build().unwrap();
    let names: Vec<String> = (0..100).map(|at| format!("{at:03}-{}", "x".repeat(100))).collect();
    let mut channels: Vec<_> = names
        .iter()
        .map(|name| client.channel(name).from(Start::Beginning).open().unwrap())
        .collect();
    soon(client.connect()).await.unwrap();
    for name in &names {
        soon(client.publish(name, "here")).await.map(drop).unwrap();
    }
    for channel in &mut channels {
        assert_eq!(text(channel).await, "here");
    }
}
