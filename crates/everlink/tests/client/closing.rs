//! Closing, in every state.

use std::time::Duration;

use everlink::engine::BackoffKind;
use everlink::wire::ws::Item;
use everlink::{ConnectError, ConnectionState, Delivery, Dropped, Event};
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout};

use crate::lifecycle::connect;
use crate::support::{Server, event, soon};

#[tokio::test]
async fn fault_55_closing_before_the_upgrade_leaves_no_late_open() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    let mut events = client.events();
    let connecting = tokio::spawn(connect(client.clone()));
    let (mut request, mut scratch) = (server.request().await, [0; 16]);
    soon(client.close()).await;
    assert!(matches!(soon(connecting).await.unwrap(), Err(ConnectError::Closed)));
    let reading = AsyncReadExt::read(&mut request.stream, &mut scratch);
    let left = timeout(Duration::from_millis(500), reading).await;
    let left = left.expect("the socket of the dial is still open");
    assert!(matches!(left, Ok(0) | Err(_)), "{left:?}");
    drop(client);
    while let Some(event) = soon(events.next()).await {
        assert!(!matches!(event, Event::Connected { .. }), "opened after close");
    }
}

#[tokio::test]
async fn req_x05_closing_stops_a_delay() {
    let server = Server::start().await;
    let client = server
        .client()
        .settings(|settings| {
            settings
                .backoff(BackoffKind::Fixed)
                .backoff_min(Duration::from_secs(300))
                .backoff_max(Duration::from_secs(300))
                .return_window(None)
        })
        .build()
        .unwrap();
    let mut events = client.events();
    client.start().unwrap();
    drop(server.accept().await);
    event(&mut events, |event| matches!(event, Event::Reconnecting { .. }).then_some(())).await;
    assert_eq!(client.state(), ConnectionState::Disconnected);
    assert!(client.info().next_attempt > Some(Duration::from_secs(200)));
    soon(client.close()).await;
    assert_eq!((client.state(), client.info().next_attempt), (ConnectionState::Closed, None));
    assert!(!server.has_visitor().await);
}

#[tokio::test]
async fn req_x05_a_deliberate_close_never_reconnects() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    let (connected, mut peer) = tokio::join!(soon(client.connect()), server.accept());
    connected.unwrap();
    tokio::join!(soon(client.close()), async {
        assert!(matches!(peer.item().await, Some(Item::Close(_))));
        drop(peer);
    });
    assert!(!server.has_visitor().await);
    assert_eq!(client.info().reconnects, 0);
}

#[tokio::test]
async fn the_closing_hand_shake_has_its_own_time_out() {
    let server = Server::start().await;
    let client = server
        .client()
        .settings(|settings| settings.close_timeout(Duration::from_millis(200)))
        .build()
        .unwrap();
    let (connected, peer) = tokio::join!(soon(client.connect()), server.accept());
    connected.unwrap();
    let begun = Instant::now();
    soon(client.close()).await;
    let taken = begun.elapsed();
    assert!((200..1000).contains(&taken.as_millis()), "{taken:?}");
    drop(peer);
}

#[tokio::test]
async fn dropping_the_last_handle_closes_and_ends_every_stream() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    let (connected, mut peer) = tokio::join!(soon(client.connect()), server.accept());
    connected.unwrap();
    let mut messages = client.messages();
    let mut events = client.events();
    let other = client.clone();
    drop(client);
    other.send("still here").await.map(drop).unwrap();
    assert_eq!(peer.text().await, "still here");
    drop(other);
    assert!(matches!(peer.item().await, Some(Item::Close(_))));
    drop(peer);
    assert_eq!(soon(futures_util::StreamExt::next(&mut messages)).await, None);
    soon(async { while events.next().await.is_some() {} }).await;
}

#[test]
fn a_runtime_that_goes_away_takes_the_connection_with_it_and_another_can_have_it() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    let (server, client, ticket) = first.block_on(async {
        let server = Server::start().await;
        let client = server.client().build().unwrap();
        client.start().unwrap();
        let _request = server.request().await;
        let ticket = client.send("never sent").await.unwrap();
        (server.url.clone(), client, ticket)
    });
    drop(first);
    assert_eq!(client.state(), ConnectionState::Closed);
    runtime().block_on(async {
        assert_eq!(soon(ticket).await, Delivery::Dropped { why: Dropped::Cleared });
        assert_eq!(soon(client.recv()).await, None);
        let connecting = tokio::spawn(connect(client.clone()));
        let failed = soon(async {
            while client.info().dials < 2 {
                tokio::task::yield_now().await;
            }
        });
        failed.await;
        soon(client.close()).await;
        assert!(soon(connecting).await.unwrap().is_err());
    });
    drop(server);
}
