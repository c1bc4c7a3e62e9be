//! The end of a session, from either side.

use std::time::Duration;

use everlink_server::engineio::EngineIo;
use everlink_server::speech::Closed;

use crate::support::{Socket, ask, echo, soon};

#[tokio::test]
async fn a_client_that_polls_ends_its_session() {
    let mut site = echo(EngineIo::new()).await;
    let polling = site.poll().await;
    let waits = tokio::spawn({
        let polling = polling.clone();
        async move { polling.hear().await }
    });
    // The poll is there once it has been answered.
    polling.say("4x").await;
    assert_eq!(soon(waits).await.unwrap(), "4x");
    polling.say("1").await;
    assert_eq!(site.closed().await, Closed::ByClient);
    assert_eq!(polling.get().await.json()["code"], 1);
}

#[tokio::test]
async fn a_poll_that_waits_ends_with_a_noop_when_its_client_ends_the_session() {
    let mut site = echo(EngineIo::new()).await;
    for _ in 0..50 {
        let polling = site.poll().await;
        let (heard, ()) = tokio::join!(polling.get(), polling.say("1"));
        assert_eq!(site.closed().await, Closed::ByClient);
        match heard.status {
            200 => return assert_eq!(heard.body, "6"),
            // The other request was the first.
            status => assert_eq!(status, 400),
        }
    }
    panic!("no poll was ever there first");
}

#[tokio::test]
async fn a_client_with_a_websocket_ends_its_session_by_a_packet_or_by_a_close_frame() {
    let mut site = echo(EngineIo::new()).await;
    let (mut socket, _) = Socket::begin(site.address).await;
    socket.say("1").await;
    assert_eq!(socket.closed().await, 1000);
    assert_eq!(site.closed().await, Closed::ByClient);
    let (socket, _) = Socket::begin(site.address).await;
    drop(socket);
    assert_eq!(site.closed().await, Closed::Lost);
}

#[tokio::test]
async fn the_server_ends_a_session() {
    let mut site = echo(EngineIo::new()).await;
    let (mut socket, _) = Socket::begin(site.address).await;
    socket.say("4close").await;
    assert_eq!(socket.closed().await, 1000);
    assert_eq!(site.closed().await, Closed::ByServer { code: 1000 });

    let polling = site.poll().await;
    polling.say("4last\u{1e}4close").await;
    assert_eq!(polling.hear_packets(2).await, ["4last", "1"]);
    assert_eq!(site.closed().await, Closed::ByServer { code: 1000 });
    assert_eq!(polling.get().await.status, 400);
}

#[tokio::test]
async fn a_handler_that_panics_ends_its_session_alone() {
    let mut site = echo(EngineIo::new()).await;
    let (mut other, _) = Socket::begin(site.address).await;
    let (mut socket, _) = Socket::begin(site.address).await;
    socket.say("4panic").await;
    assert_eq!(socket.closed().await, 1011);
    assert!(matches!(site.closed().await, Closed::ByServer { code: 1011 }));
    other.say("4here").await;
    assert_eq!(other.hear_message().await, "4here");
}

#[tokio::test]
async fn req_n04_fault_51_a_drain_ends_sessions_and_takes_no_more() {
    let site = echo(EngineIo::new()).await;
    let (mut socket, _) = Socket::begin(site.address).await;
    let polling = site.poll().await;
    let server = site.server.clone();
    let drained = tokio::spawn(async move { server.drain(Duration::from_secs(5)).await });
    assert_eq!(socket.closed().await, 1012);
    assert_eq!(polling.hear().await, "1");
    let drained = soon(drained).await.unwrap();
    assert_eq!((drained.connections, drained.cut), (2, 0));
    let query = "EIO=4&transport=polling";
    let answer = ask(site.address, hyper::Method::GET, query, &[], "").await;
    assert_eq!(answer.status, 503);
    assert!(!answer.header("retry-after").is_empty());
}
