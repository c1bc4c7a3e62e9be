//! Every kind of failure leads to a reconnect, and a wish to end does not (F04).

use std::time::Duration;

use everlink::engine::{Cause, Heartbeat};
use everlink::{Client, ConnectionState, Event, Events};
use everlink_e2e::{EventKind, Server, ServerKind};
use everlink_testkit::chaos::{ChaosProxy, Direction, End, Fault};

use crate::support::{SOON, back, echo, event, lost, quick, soon, start};

/// A client that is connected through a proxy.
async fn connected(server: &Server) -> (ChaosProxy, Client, Events) {
    let proxy = ChaosProxy::builder().upstream(server.address()).build().await.unwrap();
    let client = quick(&format!("ws://{}/", proxy.local_addr())).build().unwrap();
    let events = client.events();
    soon(client.connect()).await.unwrap();
    echo(&client, "before").await;
    (proxy, client, events)
}

#[tokio::test(flavor = "multi_thread")]
async fn req_f04_a_closed_connection_leads_to_a_reconnect() {
    let server = start(ServerKind::PythonWebsockets);
    let (proxy, client, mut events) = connected(&server).await;
    proxy.cut(End::Close);
    assert_eq!(lost(&mut events).await.cause(), Cause::EndedAbruptly);
    back(&mut events).await;
    echo(&client, "after").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn req_f04_fault_39_a_protocol_error_leads_to_a_reconnect_with_a_fresh_parser() {
    let server = start(ServerKind::Aiohttp);
    let (proxy, client, mut events) = connected(&server).await;
    // The very next bytes of the server are changed, its headers of frames among them.
    proxy.set(Fault::Corrupt { direction: Direction::Down, probability: 1.0 }).unwrap();
    drop(client.send("echo this").await.unwrap());
    let error = lost(&mut events).await;
    proxy.clear();
    let broken = [Cause::PeerProtocolError, Cause::PeerDataInvalid, Cause::PeerMessageTooBig];
    assert!(broken.contains(&error.cause()), "{error:?}");
    back(&mut events).await;
    echo(&client, "after").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn req_f04_fault_08_a_connect_time_out_leads_to_another_attempt() {
    let server = start(ServerKind::NodeWs);
    let (proxy, client, mut events) = connected(&server).await;
    proxy.set(Fault::Stall).unwrap();
    proxy.cut(End::Reset);
    let failed = event(&mut events, |event| match event {
        Event::AttemptFailed { error, .. } => Some(error.cause()),
        _ => None,
    });
    let cause = failed.await;
    assert!(matches!(cause, Cause::DialTimedOut | Cause::UpgradeTimedOut), "{cause:?}");
    proxy.clear();
    back(&mut events).await;
    echo(&client, "after").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn req_f04_req_x04_a_message_time_out_leads_to_a_reconnect_although_pings_are_answered() {
    let server = start(ServerKind::PythonWebsockets);
    let stale = Some(Duration::from_secs(1));
    let client = quick(&server.url()).settings(move |settings| settings.stale_after(stale));
    let client = client.build().unwrap();
    let mut events = client.events();
    soon(client.connect()).await.unwrap();
    assert_eq!(lost(&mut events).await.cause(), Cause::Stale);
    back(&mut events).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn req_f04_req_x05_a_manual_stop_stays_stopped_with_every_server() {
    for kind in ServerKind::ALL {
        let server = start(kind);
        let client = quick(&server.url()).build().unwrap();
        soon(client.connect()).await.unwrap();
        soon(client.close()).await;
        assert_eq!(client.state(), ConnectionState::Closed);
        let closed = |kind: &EventKind| matches!(kind, EventKind::Close { code: Some(1000), .. });
        let find = |events: &[everlink_e2e::Event]| {
            events.iter().any(|event| closed(&event.kind)).then_some(())
        };
        server.wait(SOON, find).unwrap();
        // Longer than any delay that this client has.
        let again = |events: &[everlink_e2e::Event]| {
            let opens = |event: &&everlink_e2e::Event| matches!(event.kind, EventKind::Open { .. });
            (events.iter().filter(opens).count() > 1).then_some(())
        };
        let second = server.wait(Duration::from_millis(700), again);
        assert!(second.is_err(), "{kind:?}: connected again after it was told to stop");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn req_x02_without_a_stable_time_the_delays_grow_against_a_server_that_is_cut_at_once() {
    let server = start(ServerKind::NodeWs);
    let proxy = ChaosProxy::builder().upstream(server.address()).build().await.unwrap();
    let url = format!("ws://{}/", proxy.local_addr());
    let client = quick(&url).settings(|settings| {
        let settings = settings.heartbeat(Heartbeat::None).stable_after(Duration::from_secs(60));
        settings.jitter(everlink::engine::Jitter::None).backoff_max(Duration::from_secs(5))
    });
    let client = client.build().unwrap();
    let mut events = client.events();
    soon(client.connect()).await.unwrap();
    let mut delays = Vec::new();
    for _ in 0..4 {
        proxy.cut(End::Close);
        let delay = event(&mut events, |event| match event {
            Event::Reconnecting { delay, .. } => Some(*delay),
            _ => None,
        });
        delays.push(delay.await);
        back(&mut events).await;
    }
    assert!(delays[1..].windows(2).all(|pair| pair[0] < pair[1]), "{delays:?}");
}
