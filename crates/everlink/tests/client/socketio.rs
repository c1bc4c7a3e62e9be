//! Socket.IO against a server that a test plays by hand: every packet, in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use everlink::engine::{Cause, Heartbeat};
use everlink::wire::ws::Item;
use everlink::{
    AnswerError, Client, ClientBuilder, ConnectionState, Credentials, Delivery, Dialect, Emit,
    Event, Events, Guarantee, Message, PublishError, SendPolicy,
};
use serde_json::json;

use crate::support::{Peer, Server, event, soon};

const OPEN: &str =
    r#"0{"sid":"e1","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;

fn described(server: &Server) -> ClientBuilder {
    server.restless_client().dialect(Dialect::SOCKETIO)
}

/// Accepts a connection and says how it pings; returns what the client asks to be let in with.
async fn opened(server: &Server) -> (Peer, String) {
    let mut peer = server.accept().await;
    peer.send(OPEN).await;
    let connect = peer.text().await;
    (peer, connect)
}

/// Accepts a connection and lets it in.
async fn entered(server: &Server, answer: &str) -> Peer {
    let (mut peer, _) = opened(server).await;
    peer.send(answer).await;
    peer
}

async fn connected(server: &Server, builder: ClientBuilder) -> (Client, Events, Peer) {
    let client = builder.build().unwrap();
    let events = client.events();
    client.start().unwrap();
    let peer = entered(server, r#"40{"sid":"s1","pid":"p1"}"#).await;
    soon(client.wait_until(ConnectionState::Connected)).await;
    (client, events, peer)
}

/// Waits for word that the session goes on, or does not.
async fn resumed(events: &mut Events) -> bool {
    let pick = |event: &Event| match event {
        Event::Resumed { recovered, .. } => Some(*recovered),
        _ => None,
    };
    event(events, pick).await
}

async fn failed(events: &mut Events) -> (Cause, String) {
    let pick = |event: &Event| match event {
        Event::AttemptFailed { error, .. } | Event::Disconnected { error, .. } => {
            Some((error.cause(), error.to_string()))
        }
        _ => None,
    };
    event(events, pick).await
}

#[tokio::test]
async fn a_client_asks_to_be_let_in_when_the_server_has_opened_and_not_before() {
    let server = Server::start().await;
    let client = described(&server)
        .namespace("/chat")
        .credentials(|_| async {
            Ok::<_, String>(Credentials::bearer("t0ken").auth(json!({ "who": "ana" })))
        })
        .build()
        .unwrap();
    assert_eq!(client.guarantee(), Guarantee::AtLeastOnce);
    client.start().unwrap();
    let request = server.request().await;
    assert!(request.head.starts_with("GET /ws/?EIO=4&transport=websocket HTTP/1.1"));
    assert_eq!(request.header("authorization"), None);
    let mut peer = request.accept().await;
    peer.send(OPEN).await;
    assert_eq!(peer.text().await, r#"40/chat,{"token":"t0ken","who":"ana"}"#);
    assert_eq!(client.state(), ConnectionState::Connecting, "not let in yet");
    peer.send(r#"40/chat,{"sid":"s1"}"#).await;
    soon(client.wait_until(ConnectionState::Connected)).await;
    let session = client.info().session.unwrap();
    assert_eq!((&*session.sid, session.recoverable, session.recovered), ("s1", false, false));
    peer.send("2").await;
    assert_eq!(peer.text().await, "3");
    client.close().await;
    assert_eq!(peer.text().await, "41/chat,");
    assert!(matches!(peer.item().await, Some(Item::Close(Some(close))) if close.code == 1000));
}

#[tokio::test]
async fn req_r05_events_and_answers_go_both_ways_with_bytes() {
    let server = Server::start().await;
    let (client, _events, mut peer) = connected(&server, described(&server)).await;
    let ticket = client.emit("tell", ("a", 1, [2])).await.unwrap();
    assert_eq!(peer.text().await, r#"42["tell","a",1,[2]]"#);
    assert_eq!(soon(ticket).await, Delivery::Written);
    drop(client.emit("bare", ()).await.unwrap());
    assert_eq!(peer.text().await, r#"42["bare"]"#);
    let photo = Emit::new("photo").arg("ana").unwrap().binary(vec![7, 8]);
    let answer = photo.ask(&client).await.unwrap();
    assert_eq!(peer.text().await, r#"451-6["photo","ana",{"_placeholder":true,"num":0}]"#);
    assert_eq!(peer.item().await, Some(Item::Binary(vec![7, 8].into())));
    assert_eq!(client.info().queued_messages, 1, "kept until it is answered");
    peer.send(r#"436["seen",{"by":"bob"}]"#).await;
    let args = soon(answer).await.unwrap();
    assert_eq!(args.decode::<(String, serde_json::Value)>().unwrap().0, "seen");
    assert_eq!(client.info().queued_messages, 0);

    peer.send(r#"4212["question",{"n":1},"not a position"]"#).await;
    let event = soon(client.recv_event()).await.unwrap();
    assert_eq!((event.name.as_str(), event.args.len()), ("question", 2));
    event.ack.unwrap().send(("yes", 2)).unwrap();
    assert_eq!(peer.text().await, r#"4312["yes",2]"#);
    peer.send(r#"451-["bytes",{"_placeholder":true,"num":0}]"#).await;
    peer.binary(&[9]).await;
    let event = soon(client.recv_event()).await.unwrap();
    assert_eq!(event.args.bytes(0).map(|bytes| &bytes[..]), Some(&[9][..]));
    assert!(event.ack.is_none());
}

#[tokio::test]
async fn req_r06_a_session_goes_on_from_the_last_event_and_what_was_answered_is_not_joined_again() {
    let server = Server::start().await;
    let (client, mut events, mut peer) = connected(&server, described(&server)).await;
    let lobby = client.join(Emit::new("join").arg("lobby").unwrap()).open().unwrap();
    assert_eq!(peer.text().await, r#"423["join","lobby"]"#);
    peer.send(r#"433[{"ok":true}]"#).await;
    assert_eq!(soon(lobby.answer()).await.unwrap().to_json(), r#"[{"ok":true}]"#);
    let lost = client.join(Emit::new("join").arg("attic").unwrap()).open().unwrap();
    assert_eq!(peer.text().await, r#"425["join","attic"]"#);
    peer.send(r#"42["message","hi","position 1"]"#).await;
    let first = soon(client.recv_event()).await.unwrap();
    assert_eq!(first.args.get::<String>(0).unwrap(), "hi");
    drop(peer);
    let (mut peer, connect) = opened(&server).await;
    assert_eq!(connect, r#"40{"pid":"p1","offset":"position 1"}"#);
    peer.send(r#"40{"sid":"s1","pid":"p1"}"#).await;
    assert!(resumed(&mut events).await);
    // Whether the second one arrived nobody knows.
    assert_eq!(peer.text().await, r#"427["join","attic"]"#);
    assert!(client.info().session.unwrap().recovered);
    drop(lost);
}

#[tokio::test]
async fn req_r06_what_was_missed_may_come_before_word_that_the_session_goes_on_and_is_remembered() {
    let server = Server::start().await;
    let (client, mut events, mut peer) = connected(&server, described(&server)).await;
    peer.send(r#"42["tick",1,"position 1"]"#).await;
    drop(peer);
    let (mut peer, _) = opened(&server).await;
    peer.send(r#"42["tick",2,"position 2"]"#).await;
    for n in 1..=2 {
        assert_eq!(soon(client.recv_event()).await.unwrap().args.get::<u32>(0).unwrap(), n);
    }
    // It breaks down before it has said that it lets us in.
    drop(peer);
    let (mut peer, connect) = opened(&server).await;
    assert_eq!(connect, r#"40{"pid":"p1","offset":"position 2"}"#);
    peer.send(r#"42["tick",3,"position 3"]"#).await;
    peer.send(r#"40{"sid":"s1","pid":"p1"}"#).await;
    assert!(resumed(&mut events).await);
    assert_eq!(soon(client.recv_event()).await.unwrap().args.get::<u32>(0).unwrap(), 3);
}

#[tokio::test]
async fn req_r06_a_fresh_session_joins_again_says_so_and_begins_without_a_position() {
    let server = Server::start().await;
    let (client, mut events, mut peer) = connected(&server, described(&server)).await;
    let lobby = client
        .join(Emit::new("join").arg("lobby").unwrap())
        .leave(Emit::new("leave").arg("lobby").unwrap())
        .open()
        .unwrap();
    assert_eq!(peer.text().await, r#"423["join","lobby"]"#);
    peer.send(r#"433[1]"#).await;
    soon(lobby.answer()).await.unwrap();
    lobby.set(Emit::new("join").args(&("lobby", 17)).unwrap()).unwrap();
    peer.send(r#"42["message","hi","position 1"]"#).await;
    soon(client.recv_event()).await.unwrap();
    drop(peer);
    let mut peer = entered(&server, r#"40{"sid":"s2","pid":"p2"}"#).await;
    assert!(!resumed(&mut events).await);
    assert_eq!(peer.text().await, r#"425["join","lobby",17]"#);
    peer.send(r#"435[2]"#).await;
    assert_eq!(soon(lobby.answer()).await.unwrap().to_json(), "[2]");
    drop(peer);
    let (mut peer, connect) = opened(&server).await;
    assert_eq!(connect, r#"40{"pid":"p2"}"#, "the position was one of another session");
    peer.send(r#"40{"sid":"s2","pid":"p2"}"#).await;
    assert!(resumed(&mut events).await);
    drop(lobby);
    assert_eq!(peer.text().await, r#"427["leave","lobby"]"#);
}

#[tokio::test]
async fn fault_27_an_event_that_asks_is_sent_again_in_order_until_it_is_answered() {
    let server = Server::start().await;
    let (client, mut events, mut peer) = connected(&server, described(&server)).await;
    let answers = [
        client.emit_with_ack("say", "one").await.unwrap(),
        client.emit_with_ack("say", "two").await.unwrap(),
    ];
    assert_eq!(peer.text().await, r#"422["say","one"]"#);
    assert_eq!(peer.text().await, r#"424["say","two"]"#);
    drop(peer);
    let mut peer = entered(&server, r#"40{"sid":"s2","pid":"p2"}"#).await;
    assert_eq!(peer.text().await, r#"422["say","one"]"#);
    assert_eq!(peer.text().await, r#"424["say","two"]"#);
    let doubled = |event: &Event| matches!(event, Event::MaybeDoubled { .. }).then_some(());
    event(&mut events, doubled).await;
    peer.send(r#"434["b"]"#).await;
    peer.send(r#"432["a"]"#).await;
    let [one, two] = answers;
    assert_eq!(soon(two).await.unwrap().to_json(), r#"["b"]"#);
    assert_eq!(soon(one).await.unwrap().to_json(), r#"["a"]"#);
}

#[tokio::test]
async fn an_event_nobody_will_answer_any_more_says_so() {
    let server = Server::start().await;
    let (client, _events, mut peer) = connected(&server, described(&server)).await;
    let answer = client.emit_with_ack("say", "one").await.unwrap();
    assert_eq!(peer.text().await, r#"422["say","one"]"#);
    let (answer, ()) = soon(async { tokio::join!(answer, client.close()) }).await;
    assert_eq!(answer, Err(PublishError::Closed));
}

#[tokio::test]
async fn an_answer_belongs_to_the_session_in_which_it_was_asked() {
    let server = Server::start().await;
    let (client, mut events, mut peer) = connected(&server, described(&server)).await;
    for id in 1..=2 {
        peer.send(&format!(r#"42{id}["question"]"#)).await;
    }
    let late = soon(client.recv_event()).await.unwrap().ack.unwrap();
    let later = soon(client.recv_event()).await.unwrap().ack.unwrap();
    drop(peer);
    let mut peer = entered(&server, r#"40{"sid":"s1","pid":"p1"}"#).await;
    assert!(resumed(&mut events).await);
    late.send("in time").unwrap();
    assert_eq!(peer.text().await, r#"431["in time"]"#);
    drop(peer);
    let _peer = entered(&server, r#"40{"sid":"s2","pid":"p2"}"#).await;
    assert!(!resumed(&mut events).await);
    assert_eq!(later.send("too late"), Err(AnswerError::SessionOver));
}

#[tokio::test]
async fn req_x03_a_server_whose_pings_stop_is_left_although_its_socket_stays_open() {
    let server = Server::start().await;
    let client = described(&server).settings(|settings| settings.heartbeat(Heartbeat::None));
    let client = client.build().unwrap();
    let mut events = client.events();
    client.start().unwrap();
    let mut peer = server.accept().await;
    let open = r#"0{"sid":"e","upgrades":[],"pingInterval":100,"pingTimeout":100,"maxPayload":9}"#;
    peer.send(open).await;
    assert_eq!(peer.text().await, "40");
    peer.send(r#"40{"sid":"s"}"#).await;
    soon(client.wait_until(ConnectionState::Connected)).await;
    for _ in 0..3 {
        peer.send("2").await;
        assert_eq!(peer.text().await, "3");
    }
    assert_eq!(failed(&mut events).await.0, Cause::HeartbeatTimedOut);
    drop(entered(&server, r#"40{"sid":"s2"}"#).await);
}

#[tokio::test]
async fn req_x10_a_refusal_asks_for_fresh_credentials_once_and_then_gives_up() {
    let server = Server::start().await;
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let client = described(&server).credentials(move |request| {
        let token = format!("t{}{}", count.fetch_add(1, Ordering::Relaxed), request.refresh);
        async move { Ok::<_, String>(Credentials::bearer(&token)) }
    });
    let client = client.build().unwrap();
    let mut events = client.events();
    client.start().unwrap();
    for token in ["t0false", "t1true"] {
        let (mut peer, connect) = opened(&server).await;
        assert_eq!(connect, format!(r#"40{{"token":"{token}"}}"#));
        peer.send(r#"44{"message":"unauthorized","data":{"secret":1}}"#).await;
        let (cause, words) = failed(&mut events).await;
        assert_eq!(cause, Cause::Closed(4101));
        assert_eq!(words, "the server refused the connection: unauthorized");
    }
    soon(client.wait_until(ConnectionState::Error)).await;
    assert!(!server.has_visitor().await);
}

#[tokio::test]
async fn req_x10_an_unknown_namespace_is_given_up_after_three_tries() {
    let server = Server::start().await;
    let client = described(&server).namespace("/nowhere").build().unwrap();
    let mut events = client.events();
    client.start().unwrap();
    for _ in 0..3 {
        let (mut peer, connect) = opened(&server).await;
        assert_eq!(connect, "40/nowhere,");
        peer.send(r#"44/nowhere,{"message":"Invalid namespace"}"#).await;
        assert_eq!(failed(&mut events).await.0, Cause::Closed(4404));
    }
    soon(client.wait_until(ConnectionState::Error)).await;
}

#[tokio::test]
async fn req_x10_a_client_that_the_server_disconnects_on_purpose_stays_away_unless_told_otherwise()
{
    let server = Server::start().await;
    let (client, mut events, mut peer) = connected(&server, described(&server)).await;
    peer.send("41").await;
    let (cause, words) = failed(&mut events).await;
    assert_eq!(cause, Cause::Closed(4500));
    assert_eq!(words, "the server disconnected this client");
    soon(client.wait_until(ConnectionState::Error)).await;
    assert!(!server.has_visitor().await);
    client.reconnect().unwrap();
    let (_peer, connect) = opened(&server).await;
    assert_eq!(connect, "40", "that session is over");
}

#[tokio::test]
async fn fault_39_packets_that_break_the_rules_end_the_connection_and_the_next_one_works() {
    for (bad, cause) in [
        ("9", Cause::PeerProtocolError),
        ("", Cause::PeerProtocolError),
        ("5", Cause::PeerProtocolError),
        (OPEN, Cause::PeerProtocolError),
        ("47", Cause::PeerProtocolError),
        (r#"42["unfinished"#, Cause::PeerDataInvalid),
        (r#"42["connect"]"#, Cause::PeerProtocolError),
        (r#"40{"sid":"again"}"#, Cause::PeerProtocolError),
        ("1", Cause::Closed(1000)),
    ] {
        let server = Server::start().await;
        let (client, mut events, mut peer) = connected(&server, described(&server)).await;
        peer.send(bad).await;
        assert_eq!(failed(&mut events).await.0, cause, "{bad}");
        let mut peer = entered(&server, r#"40{"sid":"s1","pid":"p1"}"#).await;
        soon(client.wait_until(ConnectionState::Connected)).await;
        peer.send(r#"42["fine"]"#).await;
        assert_eq!(soon(client.recv_event()).await.unwrap().name, "fine", "{bad}");
    }
}

#[tokio::test]
async fn packets_that_are_for_nobody_change_nothing() {
    let server = Server::start().await;
    let (client, mut events, mut peer) = connected(&server, described(&server)).await;
    for harmless in ["6", "3", r#"4399["nobody asked"]"#, r#"43100[]"#, r#"42/other,["not ours"]"#]
    {
        peer.send(harmless).await;
    }
    let told = |event: &Event| match event {
        Event::BadMessage { error, .. } => Some(error.to_string()),
        _ => None,
    };
    let error = event(&mut events, told).await;
    assert_eq!(error, "socket.io: a packet of a namespace that we are not in");
    peer.send(r#"42["fine"]"#).await;
    assert_eq!(soon(client.recv_event()).await.unwrap().name, "fine");
    assert_eq!(client.info().reconnects, 0);
}

#[tokio::test]
async fn a_program_that_knows_only_messages_sends_and_takes_lists_in_json() {
    let server = Server::start().await;
    let (client, _events, mut peer) = connected(&server, described(&server)).await;
    drop(client.send(r#"["tell",{"a":1}]"#).await.unwrap());
    assert_eq!(peer.text().await, r#"42["tell",{"a":1}]"#);
    for (bad, why) in [
        (Message::from("hello"), "payload: "),
        (Message::from("{}"), "dialect `socketio` cannot send JSON that is no list"),
        (Message::from("[]"), "dialect `socketio` cannot send a list without a name"),
        (
            Message::from(r#"["connect"]"#),
            "dialect `socketio` cannot send an event with a reserved",
        ),
        (Message::from(vec![1]), "dialect `socketio` cannot send bytes; accepted: a list in JSON"),
    ] {
        let error = client.send(bad).await.unwrap_err().to_string();
        assert!(error.starts_with(why), "{error}");
    }
    peer.send(r#"42["said","x"]"#).await;
    assert_eq!(soon(client.recv()).await.unwrap().as_text(), Some(r#"["said","x"]"#));
    peer.send(r#"423["asked","x"]"#).await;
    assert_eq!(soon(client.recv()).await.unwrap().as_text(), Some(r#"["asked","x"]"#));
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_with_its_reason() {
    let server = Server::start().await;
    let (client, _events, mut peer) = connected(&server, described(&server)).await;
    let error = client.emit("disconnect", ()).await.unwrap_err().to_string();
    assert!(error.starts_with("event `disconnect` is reserved; accepted: any name but"), "{error}");
    let mut many = Emit::new("many");
    for _ in 0..=Emit::ATTACHMENTS_MAX {
        many = many.binary(vec![1]);
    }
    let error = many.send(&client).await.unwrap_err().to_string();
    assert_eq!(error, "65 attachments; accepted: up to 64");
    let volatile = Emit::new("now").send_with(&client, SendPolicy::Volatile).await.unwrap();
    assert_eq!(peer.text().await, r#"42["now"]"#);
    assert_eq!(soon(volatile).await, Delivery::Written);
    let plain = server.client().build().unwrap();
    let error = plain.emit("tell", ()).await.unwrap_err().to_string();
    assert_eq!(error, "dialect `plain` has no events; accepted: `socketio`");
    let error = plain.join(Emit::new("join")).open().unwrap_err().to_string();
    assert_eq!(error, "dialect `plain` has no events; accepted: `socketio`");
    for (built, why) in [
        (
            described(&server).namespace("chat").build(),
            "`namespace` is \"chat\"; accepted: a slash",
        ),
        (
            described(&server)
                .settings(|settings| settings.heartbeat(Heartbeat::Application))
                .build(),
            "`heartbeat` is application; accepted with `socketio`",
        ),
    ] {
        let error = built.unwrap_err().to_string();
        assert!(error.starts_with(why), "{error}");
    }
}

#[tokio::test]
async fn what_waits_while_the_connection_is_down_goes_when_it_is_back() {
    let server = Server::start().await;
    let (client, _events, peer) = connected(&server, described(&server)).await;
    drop(peer);
    soon(async {
        while client.info().is_connected() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    drop(client.emit("tell", "while down").await.unwrap());
    let mut peer = entered(&server, r#"40{"sid":"s2","pid":"p2"}"#).await;
    assert_eq!(peer.text().await, r#"42["tell","while down"]"#);
}
