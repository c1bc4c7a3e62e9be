//! The `socketio` dialect against npm's `socket.io`, unchanged, with connection state recovery on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use everlink::dial::Proxy;
use everlink::engine::{Cause, Heartbeat, Jitter};
use everlink::{
    Client, ClientBuilder, ConnectionState, Credentials, Dialect, Emit, Event, Events, SocketEvent,
};
use everlink_e2e::{EventKind, Server, ServerKind, ServerOptions};
use everlink_testkit::chaos::{ChaosProxy, End};
use serde_json::{Value, json};

use crate::support::{MARGIN, SOON, back, event, lost, soon};

/// What `socket_io.js` says.
const PING_INTERVAL: Duration = Duration::from_millis(400);
const PING_TIMEOUT: Duration = Duration::from_millis(400);

pub(crate) fn start(push_every: Option<u64>) -> Server {
    let push_every = push_every.map(Duration::from_millis);
    let options = ServerOptions { push_every, ..ServerOptions::default() };
    Server::start(ServerKind::SocketIo, options).unwrap()
}

/// A client that is back as soon as the server can have noticed that it was gone: who is back sooner
/// gets a fresh session.
pub(crate) fn described(url: &str) -> ClientBuilder {
    Client::builder(url).dialect(Dialect::SOCKETIO).dial(|dial| dial.proxy(Proxy::none())).settings(
        |settings| {
            settings
                .heartbeat(Heartbeat::None)
                .return_window(None)
                .jitter(Jitter::None)
                .backoff_min(Duration::from_millis(100))
                .backoff_max(Duration::from_millis(300))
                .stable_after(Duration::ZERO)
                .dials_per_minute(None)
        },
    )
}

pub(crate) fn url(server: &Server) -> String {
    format!("http://{}", server.address())
}

pub(crate) async fn connected(builder: ClientBuilder) -> (Client, Events) {
    let client = builder.build().unwrap();
    let events = client.events();
    soon(client.connect()).await.unwrap();
    (client, events)
}

async fn resumed(events: &mut Events) -> bool {
    let pick = |event: &Event| match event {
        Event::Resumed { recovered, .. } => Some(*recovered),
        _ => None,
    };
    event(events, pick).await
}

async fn next(client: &Client) -> SocketEvent {
    soon(client.recv_event()).await.expect("the client is not closed")
}

/// Returns the text of every event that the server recorded, over all its processes.
fn taken(events: &[everlink_e2e::Event]) -> Vec<Value> {
    let text = |event: &everlink_e2e::Event| match &event.kind {
        EventKind::Message { text, .. } => serde_json::from_str(text.as_deref()?).ok(),
        _ => None,
    };
    events.iter().filter_map(text).collect()
}

/// Returns the sessions that the server let in: which, and whether they went on.
fn sessions(server: &Server) -> Vec<(String, bool)> {
    let entered = |event: everlink_e2e::Event| match event.kind {
        EventKind::Entered { sid, recovered, .. } => Some((sid, recovered)),
        _ => None,
    };
    server.events().into_iter().filter_map(entered).collect()
}

/// Waits until so many have joined.
pub(crate) fn joined(server: &Server, count: usize) {
    let joined = |events: &[everlink_e2e::Event]| {
        let joins = events.iter().filter(|e| matches!(e.kind, EventKind::Subscribe { .. }));
        (joins.count() >= count).then_some(())
    };
    tokio::task::block_in_place(|| server.wait(SOON, joined)).unwrap();
}

pub(crate) fn join(room: &str) -> Emit {
    Emit::new("join").arg(room).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r06_a_session_that_is_cut_goes_on_and_brings_each_event_once_and_in_order() {
    let server = start(Some(20));
    let proxy = ChaosProxy::builder().upstream(server.address()).build().await.unwrap();
    let (client, mut events) =
        connected(described(&format!("http://{}", proxy.local_addr()))).await;
    let ticks = client.join(join("ticks")).open().unwrap();
    let answer = soon(ticks.answer()).await.unwrap();
    assert_eq!(answer.get::<Value>(0).unwrap(), json!({ "room": "ticks" }));
    let mut seen: Vec<u64> = Vec::new();
    for end in [End::Close, End::Reset, End::Close] {
        for _ in 0..10 {
            seen.push(next(&client).await.args.get(0).unwrap());
        }
        proxy.cut(end);
        assert!(resumed(&mut events).await, "{:?}", sessions(&server));
    }
    for _ in 0..10 {
        seen.push(next(&client).await.args.get(0).unwrap());
    }
    let expected: Vec<u64> = (seen[0]..).take(seen.len()).collect();
    assert_eq!(seen, expected, "each once, in order, none missing");
    let sessions = sessions(&server);
    assert_eq!(
        sessions.iter().map(|(_, recovered)| *recovered).collect::<Vec<_>>(),
        [false, true, true, true]
    );
    assert!(sessions.iter().all(|(sid, _)| *sid == sessions[0].0), "{sessions:?}");
    assert!(client.info().session.unwrap().recovered);
    // The server has the room still: it was asked for once.
    let joins = |event: &everlink_e2e::Event| matches!(event.kind, EventKind::Subscribe { .. });
    assert_eq!(server.events().iter().filter(|event| joins(event)).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r06_a_server_that_is_killed_and_restarted_is_joined_again_and_gets_what_it_never_answered()
 {
    let mut server = start(None);
    let (client, mut events) = connected(described(&url(&server))).await;
    let lobby = client.join(join("lobby")).open().unwrap();
    soon(lobby.answer()).await.unwrap();
    let first = client.emit_with_ack("say", ("lobby", "first")).await.unwrap();
    assert_eq!(soon(first).await.unwrap().get::<String>(0).unwrap(), "first");
    assert_eq!(next(&client).await.args.get::<String>(0).unwrap(), "first");
    server.kill().unwrap();
    lost(&mut events).await;
    let mut answers = Vec::new();
    for n in 0..5 {
        answers.push(client.emit_with_ack("say", ("lobby", n)).await.unwrap());
    }
    server.restart().unwrap();
    assert!(!resumed(&mut events).await);
    soon(lobby.answer()).await.unwrap();
    for (n, answer) in answers.into_iter().enumerate() {
        assert_eq!(soon(answer).await.unwrap().get::<usize>(0).unwrap(), n);
        // It is in the room again, ahead of what it says.
        assert_eq!(next(&client).await.args.get::<usize>(0).unwrap(), n);
    }
    let said: Vec<_> = taken(&server.events()).into_iter().map(|event| event[2].clone()).collect();
    assert_eq!(said, [json!("first"), json!(0), json!(1), json!(2), json!(3), json!(4)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_28_what_was_answered_into_a_cut_arrives_at_least_once_and_in_order() {
    let server = start(None);
    let proxy = ChaosProxy::builder().upstream(server.address()).build().await.unwrap();
    let (client, mut events) =
        connected(described(&format!("http://{}", proxy.local_addr()))).await;
    let mut answers = Vec::new();
    for n in 0..200 {
        answers.push(client.emit_with_ack("say", ("nobody", n)).await.unwrap());
        if n % 50 == 25 {
            proxy.cut(End::Reset);
            back(&mut events).await;
        }
    }
    for (n, answer) in answers.into_iter().enumerate() {
        assert_eq!(soon(answer).await.unwrap().get::<usize>(0).unwrap(), n);
    }
    let mut firsts: Vec<u64> = Vec::new();
    for event in taken(&server.events()) {
        let n = event[2].as_u64().unwrap();
        if !firsts.contains(&n) {
            firsts.push(n);
        }
    }
    assert_eq!(firsts, (0..200).collect::<Vec<_>>(), "none is lost, and each first comes in order");
}

#[tokio::test(flavor = "multi_thread")]
async fn req_x03_fault_20_a_frozen_server_is_noticed_by_the_pings_that_it_does_not_send() {
    let server = start(None);
    let (client, mut events) = connected(described(&url(&server))).await;
    let answer = client.emit_with_ack("say", ("nobody", 1)).await.unwrap();
    soon(answer).await.unwrap();
    let began = Instant::now();
    server.freeze().unwrap();
    let error = lost(&mut events).await;
    let took = began.elapsed();
    server.thaw().unwrap();
    assert_eq!(error.cause(), Cause::HeartbeatTimedOut);
    assert!(took <= PING_INTERVAL + PING_TIMEOUT + MARGIN, "noticed only after {took:?}");
    back(&mut events).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r05_bytes_and_answers_go_both_ways_in_a_namespace() {
    let server = start(None);
    let (client, _events) = connected(described(&url(&server)).namespace("/chat")).await;
    let mirror = Emit::new("mirror").binary(vec![1, 2, 3]);
    let answer = soon(mirror.ask(&client).await.unwrap()).await.unwrap();
    assert_eq!(answer.bytes(0).map(|bytes| &bytes[..]), Some(&[1, 2, 3][..]));
    let mirrored = next(&client).await;
    assert_eq!(mirrored.name, "mirrored");
    assert_eq!(mirrored.args.attachments().len(), 2);
    assert_eq!(mirrored.args.bytes(0).map(|bytes| &bytes[..]), Some(&[1, 2, 3][..]));
    drop(client.emit("ask me", "why?").await.unwrap());
    let question = next(&client).await;
    assert_eq!(question.name, "question");
    assert_eq!(question.args.get::<String>(0).unwrap(), "why?");
    question.ack.unwrap().send(json!({ "because": [1, "two"] })).unwrap();
    let answered = next(&client).await;
    assert_eq!(answered.name, "answered");
    assert_eq!(answered.args.get::<Value>(0).unwrap(), json!({ "because": [1, "two"] }));
    let entered = server.events().into_iter().find_map(|event| match event.kind {
        EventKind::Entered { namespace, .. } => Some(namespace),
        _ => None,
    });
    assert_eq!(entered.as_deref(), Some("/chat"));
    soon(client.close()).await;
    let left = |events: &[everlink_e2e::Event]| {
        events.iter().find_map(|event| match &event.kind {
            EventKind::Left { reason, .. } => Some(reason.clone()),
            _ => None,
        })
    };
    assert_eq!(server.wait(SOON, left).unwrap(), "client namespace disconnect");
}

#[tokio::test(flavor = "multi_thread")]
async fn req_x10_refused_credentials_are_refreshed_and_unknown_namespaces_given_up() {
    let server = start(None);
    let proxy = ChaosProxy::builder().upstream(server.address()).build().await.unwrap();
    let fresh = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&fresh);
    let builder = described(&format!("http://{}", proxy.local_addr()))
        .namespace("/guarded")
        .settings(|settings| settings.stable_after(Duration::from_secs(60)))
        .credentials(move |request| {
            if request.refresh {
                count.fetch_add(1, Ordering::Relaxed);
            }
            let token = format!("token {}", count.load(Ordering::Relaxed));
            async move { Ok::<_, String>(Credentials::none().auth(json!({ "token": token }))) }
        });
    let (client, mut events) = connected(builder).await;
    proxy.cut(End::Close);
    lost(&mut events).await;
    let failed = event(&mut events, |event| match event {
        Event::AttemptFailed { error, .. } => Some(error.to_string()),
        _ => None,
    });
    let words = failed.await;
    back(&mut events).await;
    assert_eq!(words, "the server refused the connection: unauthorized");
    assert_eq!(fresh.load(Ordering::Relaxed), 1);
    soon(client.close()).await;

    let lost = described(&url(&server)).namespace("/nowhere").build().unwrap();
    let error = soon(lost.connect()).await.unwrap_err().to_string();
    assert_eq!(error, "gave up: the server refused the connection: Invalid namespace");
}

#[tokio::test(flavor = "multi_thread")]
async fn req_x05_a_client_that_the_server_dismisses_stays_away_until_it_is_told_to_come_back() {
    let server = start(None);
    let (client, mut events) = connected(described(&url(&server))).await;
    drop(client.emit("dismiss me", ()).await.unwrap());
    assert_eq!(lost(&mut events).await.to_string(), "the server disconnected this client");
    soon(client.wait_until(ConnectionState::Error)).await;
    client.reconnect().unwrap();
    back(&mut events).await;
    assert_eq!(sessions(&server).iter().filter(|(_, recovered)| *recovered).count(), 0);
}
