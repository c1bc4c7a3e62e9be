//! A client that comes back has all that it missed, in order, once.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use everlink_server::Server;
use everlink_server::log::{RedbLog, RedbOptions};
use everlink_server::socketio::{AckError, Namespace, Socket, SocketIo, SocketIoBuilder};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::{Client, Site, chat, site_of, soon};

const WINDOW: Duration = Duration::from_secs(120);

fn recovering() -> SocketIoBuilder {
    SocketIo::builder().recovery(Some(WINDOW))
}

/// A namespace that hands its sockets out.
fn sockets() -> (Namespace, mpsc::UnboundedReceiver<Socket>) {
    let (told, sockets) = mpsc::unbounded_channel();
    let namespace = Namespace::new("/").on_connect(move |socket, _| {
        // The test may be over.
        let _ = told.send(socket);
        async {}
    });
    (namespace, sockets)
}

async fn say(site: &Site, number: u64) {
    let payload = everlink_server::json(&json!({ "text": number })).unwrap();
    site.server.publish("r", payload).await.unwrap();
}

async fn expect(client: &mut Client, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        assert_eq!(client.event_of("message").await[0]["text"], number);
    }
}

/// Req: R06
#[tokio::test]
async fn req_r06_a_client_that_comes_back_gets_what_it_missed_and_its_rooms() {
    let site = chat().await;
    let mut client = Client::connect(site.address).await;
    client.ask("join", &json!({"room": "r"})).await;
    for number in 0..5 {
        say(&site, number).await;
    }
    expect(&mut client, 0..5).await;
    let (sid, pid) = (client.sid.clone(), client.pid.clone());
    for round in 0..3 {
        let gone = (client.pid.clone(), client.offset.clone());
        drop(client);
        say(&site, 5 + 2 * round).await;
        client = Client::claim(site.address, gone.0, gone.1).await;
        say(&site, 6 + 2 * round).await;
        assert_eq!((&client.sid, &client.pid), (&sid, &pid), "recovered");
        expect(&mut client, [5 + 2 * round, 6 + 2 * round]).await;
    }
}

#[tokio::test]
async fn a_client_that_comes_back_takes_over_from_its_half_open_predecessor() {
    let site = chat().await;
    let mut old = Client::connect(site.address).await;
    old.ask("join", &json!({"room": "r"})).await;
    say(&site, 1).await;
    expect(&mut old, [1]).await;
    let (pid, offset) = (old.pid.clone(), old.offset.clone());
    let mut fresh = Client::claim(site.address, pid.clone(), offset.clone()).await;
    assert_eq!(fresh.sid, old.sid);
    loop {
        // What was on its way when it was taken over may still come.
        let text = old.text().await;
        if text == "41" {
            break;
        }
    }
    old.closed().await;
    say(&site, 2).await;
    expect(&mut fresh, [2]).await;

    let mut third = Client::claim(site.address, pid, offset).await;
    assert_eq!(third.sid, fresh.sid, "the id is of whoever came last");
    while fresh.text().await != "41" {}
    fresh.closed().await;
    expect(&mut third, [2]).await;
}

#[tokio::test]
async fn before_the_first_event_everything_is_recovered() {
    let (namespace, mut sockets) = sockets();
    let site = site_of(Server::builder(), recovering(), [namespace]).await;
    let client = Client::connect(site.address).await;
    let socket = soon(sockets.recv()).await.unwrap();
    assert!(!socket.recovered());
    socket.join("r").await.unwrap();
    let sid = client.sid.clone();
    let pid = client.pid.clone();
    drop(client);
    socket.emit("direct", json!(1)).unwrap();
    site.io.to("/", "r").emit("all", json!(2)).await.unwrap();
    let mut client = Client::claim(site.address, pid, None).await;
    assert_eq!(client.sid, sid);
    assert!(soon(sockets.recv()).await.unwrap().recovered());
    let mut events = [client.event().await, client.event().await];
    events.sort_by(|one, other| one.name.cmp(&other.name));
    assert_eq!((events[0].name.as_str(), &events[0].args[0]), ("all", &json!(2)));
    assert_eq!((events[1].name.as_str(), &events[1].args[0]), ("direct", &json!(1)));
}

#[tokio::test]
async fn a_volatile_event_with_a_text_of_its_own_does_not_spoil_the_place() {
    let (namespace, mut sockets) = sockets();
    let site = site_of(Server::builder(), recovering(), [namespace]).await;
    let mut client = Client::connect(site.address).await;
    let socket = soon(sockets.recv()).await.unwrap();
    socket.emit("one", json!("first")).unwrap();
    client.event_of("one").await;
    socket.emit_volatile("volatile", json!("a text")).unwrap();
    assert_eq!(client.event_of("volatile").await[0], "a text");
    let sid = client.sid.clone();
    socket.emit("two", json!("second")).unwrap();
    let mut client = client.back(site.address).await;
    assert_eq!(client.sid, sid);
    assert_eq!(client.event().await.name, "two", "neither lost nor repeated");
}

#[tokio::test]
async fn an_event_that_wants_an_acknowledgement_is_kept_until_it_has_it() {
    let (namespace, mut sockets) = sockets();
    let site = site_of(Server::builder(), recovering(), [namespace]).await;
    let mut client = Client::connect(site.address).await;
    let socket = soon(sockets.recv()).await.unwrap();
    socket.emit("first", json!(0)).unwrap();
    client.event_of("first").await;
    let (pid, offset) = (client.pid.clone(), client.offset.clone());
    drop(client);
    let asking = socket.clone();
    let asked = tokio::spawn(async move { asking.emit_with_ack("well?", json!(1), WINDOW).await });
    let mut client = Client::claim(site.address, pid.clone(), offset.clone()).await;
    let event = client.event().await;
    assert_eq!((event.name.as_str(), event.args.len()), ("well?", 1), "no place stands in it");
    // It is lost again before the answer is sent.
    drop(client);
    let mut client = Client::claim(site.address, pid, offset).await;
    let again = client.event().await;
    assert_eq!(again, event, "the same, with the same number");
    client.send(&format!("43{}[\"yes\"]", again.id.unwrap())).await;
    let answer = soon(asked).await.unwrap().unwrap();
    assert_eq!(answer.get::<String>(0).as_deref(), Some("yes"));

    // Nothing came since that would have told the client where it is: the acknowledgement did.
    socket.emit("next", json!(2)).unwrap();
    let mut client = client.back(site.address).await;
    assert_eq!(client.event().await.name, "next", "what was acknowledged does not come again");
}

async fn chat_on_disk(path: &Path) -> Site {
    let log = RedbLog::open(RedbOptions::new(path)).unwrap();
    let server = Server::builder().log(Arc::new(log));
    site_of(server, recovering(), [Namespace::chat("/")]).await
}

/// Req: R06
#[test]
fn fault_32_recovery_survives_a_restart_of_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log.redb");
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let first = runtime();
    let [talking, silent] = first.block_on(async {
        let site = chat_on_disk(&path).await;
        let mut client = Client::connect(site.address).await;
        let silent = Client::connect(site.address).await;
        client.ask("join", &json!({"room": "r"})).await;
        say(&site, 1).await;
        expect(&mut client, [1]).await;
        say(&site, 2).await;
        [client, silent].map(|client| (client.sid, client.pid, client.offset))
    });
    // Every task and every handle goes with the runtime, as with the process.
    drop(first);
    runtime().block_on(async {
        let site = chat_on_disk(&path).await;
        say(&site, 3).await;
        let (sid, pid, offset) = talking;
        let mut client = Client::claim(site.address, pid, offset).await;
        assert_eq!(client.sid, sid, "recovered");
        say(&site, 4).await;
        expect(&mut client, [2, 3, 4]).await;
        let (sid, pid, offset) = silent;
        assert_eq!(offset, None);
        assert_eq!(Client::claim(site.address, pid, None).await.sid, sid, "without any event too");
    });
}

#[tokio::test]
async fn after_the_window_a_client_begins_anew() {
    let io = SocketIo::builder().recovery(Some(Duration::from_secs(1)));
    let (namespace, mut sockets) = sockets();
    let site = site_of(Server::builder(), io, [namespace]).await;
    let client = Client::connect(site.address).await;
    let socket = soon(sockets.recv()).await.unwrap();
    let asked = tokio::spawn(async move { socket.emit_with_ack("e", json!(1), WINDOW).await });
    let (pid, sid) = (client.pid.clone(), client.sid.clone());
    drop(client);
    // Who waits for it learns when the window has passed.
    assert_eq!(soon(asked).await.unwrap(), Err(AckError::Disconnected));
    let late = Client::claim(site.address, pid.clone(), None).await;
    assert_ne!((&late.sid, &late.pid), (&sid, &pid));
}

#[tokio::test]
async fn who_claims_what_is_not_his_or_not_there_begins_anew() {
    let site =
        site_of(Server::builder(), recovering(), [Namespace::chat("/"), Namespace::new("/n")])
            .await;
    let mut client = Client::connect(site.address).await;
    client.ask("join", &json!({"room": "r"})).await;
    say(&site, 1).await;
    expect(&mut client, [1]).await;
    let pid = client.pid.clone();
    let offset = client.offset.clone().unwrap();
    let more = format!("{offset},1.1");
    let ahead = format!("{offset}00");
    for wrong in ["", "x", "0.0", more.as_str(), ahead.as_str()] {
        let other = Client::claim(site.address, pid.clone(), Some(wrong.to_owned())).await;
        assert_ne!(other.sid, client.sid, "{wrong}");
    }
    let other = Client::claim(site.address, Some("never".to_owned()), Some(offset.clone())).await;
    assert_ne!(other.sid, client.sid);
    let mut elsewhere = Client::open(site.address).await;
    elsewhere.send(&format!("40/n,{}", json!({"pid": pid, "offset": offset}))).await;
    assert!(!elsewhere.text().await.contains(&client.sid));
    say(&site, 2).await;
    expect(&mut client, [2]).await;
}

#[tokio::test]
async fn history_that_is_gone_is_not_passed_over() {
    let site = chat().await;
    let mut client = Client::connect(site.address).await;
    client.ask("join", &json!({"room": "r"})).await;
    say(&site, 1).await;
    expect(&mut client, [1]).await;
    let (pid, sid, offset) = (client.pid.clone(), client.sid.clone(), client.offset.clone());
    drop(client);
    for number in 2..5 {
        say(&site, number).await;
    }
    site.server.log().trim("r", 3).await.unwrap();
    let mut fresh = Client::claim(site.address, pid, offset).await;
    assert_ne!(fresh.sid, sid, "message 2 cannot be had: it is told");
    let joined = fresh.ask("join", &json!({"room": "r", "after": 1})).await;
    assert_eq!(joined["sequence_number"], 4);
    let gap = fresh.event_of("gap").await[0].clone();
    assert_eq!((&gap["from"], &gap["to"], &gap["why"]), (&json!(2), &json!(2), &json!("expired")));
    expect(&mut fresh, [3, 4]).await;
}

#[tokio::test]
async fn rooms_that_were_left_stay_left_and_a_long_life_stays_short_in_the_log() {
    let (namespace, mut sockets) = sockets();
    let site = site_of(Server::builder(), recovering(), [namespace]).await;
    let mut client = Client::connect(site.address).await;
    let socket = soon(sockets.recv()).await.unwrap();
    for round in 0..300 {
        let room = format!("room {}", round % 3);
        socket.join(&room).await.unwrap();
        socket.emit("tick", json!(round)).unwrap();
        assert_eq!(client.event_of("tick").await[0], json!(round));
        socket.leave(&room);
    }
    socket.join("kept").await.unwrap();
    socket.emit("tick", json!("last")).unwrap();
    client.event_of("tick").await;
    let channel = format!("\u{1}sio/{}", client.pid.clone().unwrap());
    let head = site.server.log().head(&channel).await.unwrap();
    assert!(head.head > 900 && head.first > 256, "{head:?}");
    let (sid, pid, offset) = (client.sid.clone(), client.pid.clone(), client.offset.clone());
    drop(client);
    for room in ["room 0", "room 1", "kept"] {
        site.io.to("/", room).emit("said", json!(room)).await.unwrap();
    }
    let mut client = Client::claim(site.address, pid, offset).await;
    assert_eq!(client.sid, sid);
    let said: Value = client.event().await.args[0].clone();
    assert_eq!(said, "kept");
    assert_eq!(soon(sockets.recv()).await.unwrap().rooms(), ["kept".into()]);
}
