//! Each server killed, restarted and frozen.

use std::time::Instant;

use everlink::engine::{Cause, Dialect};
use everlink::{ConnectionState, Delivery};
use everlink_e2e::{EventKind, Server, ServerKind};

use crate::support::{
    INTERVAL, MARGIN, SOON, TIMEOUT, back, echo, lost, opened, quick, soon, start,
};

async fn check_killed(kind: ServerKind) {
    let mut server = start(kind);
    let client = quick(&server.url()).build().unwrap();
    let mut events = client.events();
    soon(client.connect()).await.unwrap();
    echo(&client, "before").await;
    server.kill().unwrap();
    lost(&mut events).await;
    let ticket = client.send("while down").await.unwrap();
    assert_eq!(client.info().queued_messages, 1);
    server.restart().unwrap();
    back(&mut events).await;
    assert_eq!(soon(ticket).await, Delivery::Written);
    assert_eq!(soon(client.recv()).await.unwrap().as_text(), Some("while down"));
    let arrived = |kind: &EventKind| matches!(kind, EventKind::Message { text: Some(text), .. } if text == "while down");
    // What the server tells may come later than its echo.
    let count = server.wait(SOON, |events| {
        let count = events.iter().filter(|event| arrived(&event.kind)).count();
        (count > 0).then_some(count)
    });
    assert_eq!(count.unwrap(), 1, "{:?}", server.events());
    let info = client.info();
    assert_eq!((info.state, info.reconnects), (ConnectionState::Connected, 1));
    soon(client.close()).await;
    farewell(&server);
}

/// Waits until the server has seen an orderly end.
fn farewell(server: &Server) {
    let closed = |kind: &EventKind| matches!(kind, EventKind::Close { code: Some(1000), .. });
    server
        .wait(SOON, |events| events.iter().any(|event| closed(&event.kind)).then_some(()))
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn req_x07_what_is_sent_while_python_websockets_is_killed_arrives_after_its_restart() {
    check_killed(ServerKind::PythonWebsockets).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn req_x07_what_is_sent_while_aiohttp_is_killed_arrives_after_its_restart() {
    check_killed(ServerKind::Aiohttp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn req_x07_what_is_sent_while_node_ws_is_killed_arrives_after_its_restart() {
    check_killed(ServerKind::NodeWs).await;
}

async fn check_frozen(kind: ServerKind, dialect: Dialect) {
    let server = start(kind);
    let client = quick(&server.url()).dialect(dialect).build().unwrap();
    let mut events = client.events();
    soon(client.connect()).await.unwrap();
    echo(&client, "before").await;
    let began = Instant::now();
    server.freeze().unwrap();
    let error = lost(&mut events).await;
    let took = began.elapsed();
    server.thaw().unwrap();
    assert_eq!(error.cause(), Cause::HeartbeatTimedOut);
    assert!(took <= INTERVAL + TIMEOUT + MARGIN, "{kind:?}: noticed only after {took:?}");
    back(&mut events).await;
    echo(&client, "after").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn req_x03_a_frozen_server_of_each_kind_is_noticed_by_pings_of_the_protocol() {
    for kind in ServerKind::ALL {
        check_frozen(kind, Dialect::PLAIN).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn req_x03_a_frozen_server_of_each_kind_is_noticed_by_pings_of_the_application() {
    for kind in ServerKind::ALL {
        check_frozen(kind, Dialect::JSON).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn req_x06_reconnecting_by_hand_makes_one_new_connection_at_once_with_every_server() {
    for kind in ServerKind::ALL {
        let server = start(kind);
        let client = quick(&server.url()).build().unwrap();
        let mut events = client.events();
        soon(client.connect()).await.unwrap();
        echo(&client, "first").await;
        client.reconnect().unwrap();
        back(&mut events).await;
        echo(&client, "second").await;
        assert_eq!(opened(&server), 2, "{kind:?}");
    }
}
