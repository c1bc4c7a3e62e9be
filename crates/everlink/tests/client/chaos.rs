//! The client behind a proxy that breaks connections on purpose, in front of a scripted server.

use std::time::Duration;

use everlink::engine::Cause;
use everlink::{Client, ConnectionState, Delivery, Event};
use everlink_testkit::chaos::{ChaosProxy, Direction, End, Fault};
use everlink_testkit::server::{Script, ScriptedServer};

use crate::support::{event, settle_at_once, soon};

async fn behind_proxy(script: Script) -> (ScriptedServer, ChaosProxy, Client) {
    let server = ScriptedServer::builder().otherwise(script).build().await.unwrap();
    let proxy = ChaosProxy::builder().upstream(server.local_addr()).seed(7).build().await.unwrap();
    let client = settle_at_once(&format!("ws://{}/", proxy.local_addr()))
        .settings(|settings| {
            settings
                .heartbeat_interval(Duration::from_millis(200))
                .heartbeat_timeout(Duration::from_millis(200))
                .connect_timeout(Duration::from_secs(1))
                .write_timeout(Duration::from_millis(300))
        })
        .build()
        .unwrap();
    (server, proxy, client)
}

async fn echo(client: &Client, text: &str) {
    assert_eq!(soon(client.send(text).await.unwrap()).await, Delivery::Written);
    assert_eq!(soon(client.recv()).await.unwrap().as_text(), Some(text));
}

async fn lost(events: &mut everlink::Events) -> Cause {
    event(events, |event| match event {
        Event::Disconnected { error, .. } => Some(error.cause()),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn a_black_hole_is_noticed_by_the_heartbeat_and_the_client_comes_back_through_another_hole() {
    let (_server, proxy, client) = behind_proxy(Script::echoing()).await;
    let mut events = client.events();
    soon(client.connect()).await.unwrap();
    echo(&client, "before").await;
    proxy.set(Fault::BlackHole).unwrap();
    assert_eq!(lost(&mut events).await, Cause::HeartbeatTimedOut);
    proxy.clear();
    soon(client.wait_until(ConnectionState::Connected)).await;
    echo(&client, "after").await;
}

#[tokio::test]
async fn every_end_of_a_connection_is_recovered_from() {
    let (_server, proxy, client) = behind_proxy(Script::echoing()).await;
    let mut events = client.events();
    soon(client.connect()).await.unwrap();
    for (round, end) in [End::Close, End::Reset, End::Close, End::Reset].into_iter().enumerate() {
        echo(&client, &format!("round {round}")).await;
        proxy.cut(end);
        let cause = lost(&mut events).await;
        assert!(matches!(cause, Cause::EndedAbruptly | Cause::Reset), "{cause:?}");
        soon(client.wait_until(ConnectionState::Connected)).await;
    }
    assert_eq!(client.info().reconnects, 4);
}

#[tokio::test]
async fn a_cut_in_the_middle_of_a_message_delivers_nothing_of_it() {
    let text = "x".repeat(50_000);
    let (_server, proxy, client) = behind_proxy(Script::new().send_text(text.clone()).echo()).await;
    let limit = Fault::CloseAfter { direction: Direction::Down, bytes: 20_000 };
    let id = proxy.set(limit).unwrap();
    let mut events = client.events();
    client.start().unwrap();
    let cause = event(&mut events, |event| match event {
        Event::Disconnected { error, .. } => Some(error.to_string()),
        _ => None,
    });
    assert_eq!(cause.await, "the stream ended in the middle of a message");
    assert!(proxy.remove(id));
    assert_eq!(soon(client.recv()).await.unwrap().as_text(), Some(&*text));
}

#[tokio::test]
async fn a_peer_that_stops_reading_is_noticed_by_the_write_time_out_or_the_heartbeat() {
    let (_server, proxy, client) = behind_proxy(Script::echoing()).await;
    let mut events = client.events();
    soon(client.connect()).await.unwrap();
    proxy.set(Fault::Freeze).unwrap();
    for _ in 0..64 {
        client.send(vec![7; 100_000]).await.map(drop).unwrap();
    }
    let cause = lost(&mut events).await;
    assert!(matches!(cause, Cause::WriteTimedOut | Cause::HeartbeatTimedOut), "{cause:?}");
}

#[tokio::test]
async fn a_slow_line_is_no_stall_while_a_large_message_moves() {
    let (_server, proxy, client) = behind_proxy(Script::new()).await;
    let client = {
        drop(client);
        settle_at_once(&format!("ws://{}/", proxy.local_addr()))
            .settings(|settings| settings.write_timeout(Duration::from_millis(500)))
            .build()
            .unwrap()
    };
    soon(client.connect()).await.unwrap();
    proxy.set(Fault::Bandwidth { direction: Direction::Up, bytes_per_second: 4_000_000 }).unwrap();
    let ticket = client.send(vec![7; 8_000_000]).await.unwrap();
    assert_eq!(soon(ticket).await, Delivery::Written);
    assert_eq!(client.info().reconnects, 0);
}

#[tokio::test]
async fn a_corrupted_answer_to_the_upgrade_is_a_failed_attempt_like_any_other() {
    let (_server, proxy, client) =
        behind_proxy(Script::new().send_text("a").send_text("b").echo()).await;
    let id = proxy.set(Fault::Corrupt { direction: Direction::Down, probability: 0.2 }).unwrap();
    client.start().unwrap();
    let mut events = client.events();
    event(&mut events, |event| matches!(event, Event::AttemptFailed { .. }).then_some(())).await;
    proxy.remove(id);
    client.reconnect().unwrap();
    soon(client.wait_until(ConnectionState::Connected)).await;
    assert_eq!(soon(client.recv()).await.unwrap().as_text(), Some("a"));
}
