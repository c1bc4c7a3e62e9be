//! What comes after a connection is lost: each message once, in order, or a gap that says so.

use std::time::Duration;

use everlink::engine::GapCause;
use everlink::{ChannelEvent, Event, Start};
use everlink_server::Server;
use serde_json::{Value, json};

use crate::support::{
    Played, Site, disk, event, frame_of, frames_of, logged, message, say, soon, text, welcome,
};

fn msg(offset: u64, sequence: u64) -> Value {
    json!({"t": "msg", "c": "room", "o": offset, "p": "ana", "s": sequence, "at": 1, "d": sequence})
}

fn sub_ok(epoch: u64, head: u64) -> Value {
    json!({"t": "sub_ok", "c": "room", "ep": epoch, "head": head, "n": 0})
}

#[tokio::test]
async fn fault_15_a_lost_first_welcome_orphans_and_doubles_nothing() {
    let mut played = Played::start().await;
    let client = played.client().build().unwrap();
    client.start().unwrap();
    let ack = soon(client.publish("room", "one")).await.unwrap();
    let (_, first) = played.greeted().await;
    // The server knows the client now; the client does not know it.
    played.server.kill();
    let (second, again) = played.greeted().await;
    assert_eq!((&again["producer"], &again["client"]), (&first["producer"], &first["client"]));
    say(&second, welcome());
    assert_eq!(frame_of(&second, "pub").await["s"], 1);
    say(&second, json!({"t": "ack", "c": "room", "s": 1, "o": 1}));
    soon(ack).await.unwrap();
}

#[tokio::test]
async fn fault_16_a_lost_later_welcome_attaches_again_from_the_same_cursor() {
    let mut played = Played::start().await;
    let client = played.client().build().unwrap();
    let mut room = client.channel("room").open().unwrap();
    client.start().unwrap();
    let (first, _) = played.welcomed().await;
    say(&first, sub_ok(3, 6));
    say(&first, msg(7, 1));
    assert_eq!(message(&mut room).await.offset, 7);
    played.server.kill();
    let (_, hello) = played.greeted().await;
    let from = json!([{"c": "room", "ep": 3, "o": 7}]);
    assert_eq!(hello["subs"], from);
    played.server.kill();
    let (third, hello) = played.welcomed().await;
    assert_eq!(hello["subs"], from);
    say(&third, sub_ok(3, 8));
    say(&third, msg(8, 2));
    assert_eq!(message(&mut room).await.offset, 8);
}

#[tokio::test]
async fn fault_30_a_hole_is_asked_for_again_and_never_passed_over() {
    let mut played = Played::start().await;
    let client = played.client().build().unwrap();
    let mut room = client.channel("room").open().unwrap();
    client.start().unwrap();
    let (connection, _) = played.welcomed().await;
    say(&connection, sub_ok(3, 0));
    say(&connection, msg(1, 1));
    say(&connection, msg(3, 3));
    let sub = frame_of(&connection, "sub").await;
    assert_eq!(sub["subs"], json!([{"c": "room", "ep": 3, "o": 1}]));
    say(&connection, sub_ok(3, 3));
    for offset in 2..=3 {
        say(&connection, msg(offset, offset));
    }
    for offset in 1..=3 {
        assert_eq!(message(&mut room).await.offset, offset);
    }
}

#[tokio::test]
async fn fault_36_another_life_of_the_log_is_a_gap_and_never_wrong_data() {
    let mut played = Played::start().await;
    let client = played.client().build().unwrap();
    let mut room = client.channel("room").open().unwrap();
    client.start().unwrap();
    let (first, _) = played.welcomed().await;
    say(&first, sub_ok(3, 0));
    for offset in 1..=3 {
        say(&first, msg(offset, offset));
        assert_eq!(message(&mut room).await.epoch, 3);
    }
    played.server.kill();
    let (second, hello) = played.welcomed().await;
    assert_eq!(hello["subs"], json!([{"c": "room", "ep": 3, "o": 3}]));
    say(&second, sub_ok(4, 3));
    say(&second, json!({"t": "gap", "c": "room", "from": 1, "to": 1, "why": "epoch", "ep": 4}));
    // Ana has sent her third message again; the log has it under another offset.
    say(&second, msg(2, 3));
    say(&second, msg(3, 4));
    let ChannelEvent::Gap { from, to, cause, .. } = logged(&mut room).await else {
        panic!("the other life is told first")
    };
    assert_eq!((from, to, cause), (1, 1, GapCause::Epoch));
    let fresh = message(&mut room).await;
    assert_eq!((fresh.epoch, fresh.offset, fresh.sequence), (4, 3, 4));
}

#[tokio::test]
async fn fault_33_a_server_that_lost_its_memory_is_told_once_what_was_not_acknowledged() {
    let mut site = Site::start().await;
    let client = site.client().build().unwrap();
    let mut events = client.events();
    let mut room = client.channel("room").from(Start::Beginning).open().unwrap();
    soon(client.connect()).await.unwrap();
    soon(soon(client.publish("room", "old")).await.unwrap()).await.unwrap();
    assert_eq!(text(&mut room).await, "old");
    site.restart(Server::builder()).await;
    event(&mut events, |event| matches!(event, Event::Reconnected { .. }).then_some(())).await;
    let ack = soon(client.publish("room", "new")).await.unwrap();
    assert_eq!(soon(ack).await.unwrap().offset, Some(1));
    let ChannelEvent::Gap { cause, .. } = logged(&mut room).await else {
        panic!("the loss is told")
    };
    assert_eq!(cause, GapCause::Epoch);
    let new = message(&mut room).await;
    assert_eq!((new.offset, new.payload.text().as_deref()), (1, Some("new")));
}

#[tokio::test]
async fn fault_32_a_server_with_a_log_on_disk_goes_on_after_its_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let mut site = Site::of(disk(&path).await).await;
    let client = site.client().build().unwrap();
    let mut room = client.channel("room").from(Start::Beginning).open().unwrap();
    soon(client.connect()).await.unwrap();
    soon(soon(client.publish("room", "before")).await.unwrap()).await.unwrap();
    // Both handles of the log go, and with them the lock of its file.
    site.restart(Server::builder()).await;
    site.restart(disk(&path).await).await;
    soon(soon(client.publish("room", "after")).await.unwrap()).await.unwrap();
    assert_eq!(text(&mut room).await, "before");
}

#[tokio::test]
async fn req_n01_nothing_is_lost_doubled_or_reordered_while_connections_are_cut() {
    const MESSAGES: u32 = 300;
    let site = Site::start().await;
    let (writer, reader) =
        (site.restless_client().build().unwrap(), site.restless_client().build().unwrap());
    let mut room = reader.channel("room").from(Start::Beginning).open().unwrap();
    soon(writer.connect()).await.unwrap();
    soon(reader.connect()).await.unwrap();
    let mut events = reader.events();
    let writing = tokio::spawn(async move {
        let mut acks = Vec::new();
        for number in 0..MESSAGES {
            acks.push(soon(writer.publish("room", json!(number))).await.unwrap());
            tokio::task::yield_now().await;
        }
        for ack in acks {
            soon(ack).await.unwrap();
        }
    });
    let mut expected = 0;
    while expected < MESSAGES {
        let number: u32 = message(&mut room).await.payload.decode().unwrap();
        assert_eq!(number, expected);
        expected += 1;
        if expected % 25 == 0 {
            site.cut();
            let back = |event: &Event| matches!(event, Event::Reconnected { .. }).then_some(());
            event(&mut events, back).await;
        }
    }
    soon(writing).await.unwrap();
    assert_eq!(reader.info().reconnects, 12);
}

#[tokio::test]
async fn a_server_that_asks_to_go_is_left_without_a_gap() {
    let mut played = Played::start().await;
    let client = played.client().build().unwrap();
    let mut events = client.events();
    let mut room = client.channel("room").open().unwrap();
    client.start().unwrap();
    let (first, _) = played.welcomed().await;
    say(&first, sub_ok(3, 0));
    say(&first, msg(1, 1));
    assert_eq!(message(&mut room).await.offset, 1);
    say(&first, json!({"t": "away", "why": "drain", "slot_ms": 0}));
    let (second, hello) = played.welcomed().await;
    assert_eq!(hello["subs"], json!([{"c": "room", "ep": 3, "o": 1}]));
    say(&second, sub_ok(3, 2));
    say(&second, msg(2, 2));
    event(&mut events, |event| matches!(event, Event::Moved).then_some(())).await;
    assert_eq!(message(&mut room).await.offset, 2);
    assert_eq!(client.info().reconnects, 0);
}

#[tokio::test]
async fn what_was_sent_again_after_the_server_forgot_us_is_said_to_be_maybe_doubled() {
    let mut played = Played::start().await;
    let client = played.client().build().unwrap();
    let mut events = client.events();
    client.start().unwrap();
    let (first, _) = played.greeted().await;
    let mut forgetful = welcome();
    forgetful["lim"]["origin_ttl_ms"] = json!(1);
    say(&first, forgetful.clone());
    let ack = soon(client.publish("room", "one")).await.unwrap();
    frame_of(&first, "pub").await;
    let wait = tokio::time::sleep(Duration::from_millis(5));
    wait.await;
    played.server.kill();
    let (second, _) = played.greeted().await;
    say(&second, forgetful);
    frames_of(&second, "pub", 1).await;
    let id = event(&mut events, |event| match event {
        Event::MaybeDoubled { first, last, .. } if first == last => Some(*first),
        _ => None,
    })
    .await;
    assert_eq!(id, ack.id());
}
