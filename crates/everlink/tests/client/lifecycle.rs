//! Connecting, losing, coming back and closing, in every order.

use std::time::Duration;

use everlink::engine::{Cause, Jitter, Verdict};
use everlink::wire::ws::Item;
use everlink::{Client, ConnectError, ConnectionState, Event};

use crate::support::{Server, event, soon};

fn changes(event: &Event) -> Option<(ConnectionState, ConnectionState)> {
    match event {
        Event::StateChanged { from, to, .. } => Some((*from, *to)),
        _ => None,
    }
}

#[tokio::test]
async fn req_x01_every_transition_is_an_event_and_only_legal_ones_happen() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    let mut events = client.events();
    client.start().unwrap();
    drop(server.accept().await);
    let mut peer = server.accept().await;
    soon(client.wait_until(ConnectionState::Connected)).await;
    tokio::join!(client.close(), async {
        peer.item().await;
    });
    let mut seen = vec![ConnectionState::Closed];
    while seen.len() < 6 {
        let (from, to) = event(&mut events, changes).await;
        assert_eq!(seen.last(), Some(&from));
        assert!(from.may_become(to), "{from:?} to {to:?}");
        seen.push(to);
    }
    let names: Vec<_> = seen.iter().map(|state| state.name()).collect();
    let whole = "closed connecting connected disconnected reconnecting connected";
    assert_eq!(names.join(" "), whole);
    let last = event(&mut events, changes).await;
    assert_eq!(last, (ConnectionState::Connected, ConnectionState::Closed));
}

#[tokio::test]
async fn fault_55_connecting_again_while_connecting_makes_no_second_connection() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    for _ in 0..10 {
        client.start().unwrap();
    }
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    assert_eq!(tasks, 1, "one task owns the connection");
    let request = server.request().await;
    let waiting: Vec<_> = (0..5).map(|_| tokio::spawn(connect(client.clone()))).collect();
    let _peer = request.accept().await;
    for connected in waiting {
        soon(connected).await.unwrap().unwrap();
    }
    assert!(!server.has_visitor().await);
    assert_eq!(client.info().dials, 1);
}

pub(crate) async fn connect(client: Client) -> Result<(), ConnectError> {
    client.connect().await
}

#[tokio::test]
async fn req_x06_many_reconnects_at_once_make_one_connection() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    let (connected, old) = tokio::join!(soon(client.connect()), server.accept());
    connected.unwrap();
    for _ in 0..50 {
        client.reconnect().unwrap();
    }
    let _new = server.accept().await;
    soon(client.wait_until(ConnectionState::Connected)).await;
    assert!(!server.has_visitor().await);
    let info = client.info();
    assert_eq!((info.dials, info.reconnects), (2, 1));
    drop(old);
}

#[tokio::test]
async fn req_x06_reconnect_works_after_giving_up() {
    let server = Server::start().await;
    let client =
        server.client().settings(|settings| settings.attempts_max(Some(1))).build().unwrap();
    let mut events = client.events();
    let connecting = tokio::spawn(connect(client.clone()));
    for _ in 0..2 {
        server.request().await.reject("503 Service Unavailable").await;
    }
    let Err(ConnectError::GaveUp(error)) = soon(connecting).await.unwrap() else {
        panic!("connected")
    };
    assert_eq!(error.cause(), Cause::HttpStatus(503));
    assert_eq!(client.state(), ConnectionState::Error);
    let attempts = event(&mut events, |event| match event {
        Event::ReconnectFailed { attempts, .. } => Some(*attempts),
        _ => None,
    })
    .await;
    assert_eq!(attempts, 1);
    assert_eq!(soon(client.recv()).await, None, "nothing can come any more");
    client.reconnect().unwrap();
    let mut peer = server.accept().await;
    soon(client.wait_until(ConnectionState::Connected)).await;
    peer.send("again").await;
    assert_eq!(soon(client.recv()).await.unwrap().as_text(), Some("again"));
}

#[tokio::test]
async fn req_c01_five_attempts_with_doubling_delays_then_it_gives_up() {
    let server = Server::start().await;
    let client = server.client().profile(everlink::Profile::ChatPage).build().unwrap();
    drop(client);
    let client = Client::builder(&server.url)
        .profile(everlink::Profile::ChatPage)
        .dial(|dial| dial.proxy(everlink::dial::Proxy::none()))
        .settings(|settings| settings.backoff_min(Duration::from_millis(2)))
        .build()
        .unwrap();
    let mut events = client.events();
    client.start().unwrap();
    let mut delays = Vec::new();
    let refuse = async {
        for _ in 0..6 {
            server.request().await.reject("503 Service Unavailable").await;
        }
    };
    let watch = async {
        loop {
            match events.next().await.unwrap() {
                Event::Reconnecting { delay, .. } => delays.push(delay.as_millis()),
                Event::ReconnectFailed { attempts, .. } => return attempts,
                _ => {}
            }
        }
    };
    let (_, attempts) = soon(async { tokio::join!(refuse, watch) }).await;
    assert_eq!((attempts, delays), (5, vec![2, 4, 8, 16, 32]));
}

#[tokio::test]
async fn req_f04_each_way_of_losing_a_connection_leads_to_a_reconnect() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    let mut events = client.events();
    client.start().unwrap();
    let mut causes = Vec::new();
    let mut lost = async |events: &mut everlink::Events| {
        let cause = event(events, |event| match event {
            Event::Disconnected { error, .. } => Some(error.cause()),
            _ => None,
        });
        causes.push(cause.await);
    };
    // Closed in an orderly way.
    let mut peer = server.accept().await;
    soon(client.wait_until(ConnectionState::Connected)).await;
    peer.close(1012).await;
    lost(&mut events).await;
    // Cut off.
    let peer = server.accept().await;
    event(&mut events, |event| matches!(event, Event::Reconnected { .. }).then_some(())).await;
    drop(peer);
    lost(&mut events).await;
    // The rules of the protocol broken.
    let mut peer = server.accept().await;
    event(&mut events, |event| matches!(event, Event::Reconnected { .. }).then_some(())).await;
    tokio::io::AsyncWriteExt::write_all(&mut peer.stream, &[0xff, 0x00]).await.unwrap();
    lost(&mut events).await;
    let _peer = server.accept().await;
    event(&mut events, |event| matches!(event, Event::Reconnected { .. }).then_some(())).await;
    assert_eq!(causes, [Cause::Closed(1012), Cause::EndedAbruptly, Cause::PeerProtocolError]);
}

#[tokio::test]
async fn an_upgrade_that_is_never_answered_is_given_up_and_tried_again() {
    let server = Server::start().await;
    let client = server
        .client()
        .settings(|settings| settings.connect_timeout(Duration::from_secs(1)))
        .build()
        .unwrap();
    let mut events = client.events();
    client.start().unwrap();
    let silent = server.request().await;
    let cause = event(&mut events, |event| match event {
        Event::AttemptFailed { error, .. } => Some(error.cause()),
        _ => None,
    });
    assert_eq!(cause.await, Cause::DialTimedOut);
    let _peer = server.accept().await;
    soon(client.wait_until(ConnectionState::Connected)).await;
    drop(silent);
}

#[tokio::test]
async fn a_silent_peer_is_noticed_by_the_heartbeat_and_no_heartbeat_is_sent_while_down() {
    let server = Server::start().await;
    let client = server
        .client()
        .settings(|settings| {
            settings
                .heartbeat_interval(Duration::from_millis(100))
                .heartbeat_timeout(Duration::from_millis(100))
                .jitter(Jitter::None)
        })
        .build()
        .unwrap();
    let mut events = client.events();
    client.start().unwrap();
    let mut silent = server.accept().await;
    silent.pings = false;
    let cause = event(&mut events, |event| match event {
        Event::Disconnected { error, .. } => Some(error.cause()),
        _ => None,
    });
    assert_eq!(cause.await, Cause::HeartbeatTimedOut);
    assert!(matches!(silent.item().await, Some(Item::Ping(_))));
    // The next connection: the first thing it hears is a heartbeat of its own time, not an old one.
    let mut peer = server.accept().await;
    event(&mut events, |event| matches!(event, Event::HealthCheck { .. }).then_some(()))
        .await_with(&mut peer)
        .await;
    assert!(client.info().latency.is_some());
}

/// Lets the peer answer while something is awaited.
trait AwaitWith: Future + Sized {
    async fn await_with(self, peer: &mut crate::support::Peer) -> Self::Output {
        tokio::select! {
            result = self => result,
            item = peer.item() => panic!("unexpected {item:?}"),
        }
    }
}

impl<T: Future> AwaitWith for T {}

#[tokio::test]
async fn several_urls_are_tried_in_turn() {
    let (first, second) = (Server::start().await, Server::start().await);
    let client = first.client().url(&second.url).build().unwrap();
    let connecting = tokio::spawn(connect(client.clone()));
    first.request().await.reject("503 Service Unavailable").await;
    let _peer = second.accept().await;
    soon(connecting).await.unwrap().unwrap();
    assert_eq!(client.info().url, second.url);
}

#[tokio::test]
async fn closing_codes_that_forbid_trying_again_end_in_an_error() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    client.start().unwrap();
    let mut peer = server.accept().await;
    soon(client.wait_until(ConnectionState::Connected)).await;
    peer.close(1008).await;
    soon(client.wait_until(ConnectionState::Error)).await;
    assert!(client.info().last_error.unwrap().to_string().contains("1008"));
    let overridden = server
        .client()
        .verdict(everlink::engine::Causes::CloseCodes(1008, 1008), Verdict::Retry)
        .build()
        .unwrap();
    overridden.start().unwrap();
    server.accept().await.close(1008).await;
    let _again = server.accept().await;
}

#[tokio::test]
async fn req_x08_each_event_of_an_outage_is_told_once_and_in_order() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    let mut events = client.events();
    client.start().unwrap();
    let mut peer = server.accept().await;
    for _ in 0..2 {
        soon(client.wait_until(ConnectionState::Connected)).await;
        peer.close(1012).await;
        for _ in 0..2 {
            server.request().await.reject("503 Service Unavailable").await;
        }
        peer = server.accept().await;
        let told = soon(async {
            let mut told = Vec::new();
            loop {
                match events.next().await.unwrap() {
                    Event::Disconnected { error, .. } => {
                        told.push(format!("lost {:?}", error.cause()))
                    }
                    Event::Reconnecting { attempt, .. } => told.push(format!("trying {attempt}")),
                    Event::AttemptFailed { attempt, error, .. } => {
                        told.push(format!("failed {attempt} {:?}", error.cause()));
                    }
                    Event::Reconnected { attempts, .. } => {
                        told.push(format!("back after {attempts}"));
                        return told;
                    }
                    _ => {}
                }
            }
        })
        .await;
        let told = told.join(", ");
        // Attempts count on, because the connection has not proved itself.
        assert!(told.starts_with("lost Closed(1012), trying "), "{told}");
        let counted: Vec<&str> = told.split(", ").map(|word| &word[..4]).collect();
        assert_eq!(counted, ["lost", "tryi", "fail", "tryi", "fail", "tryi", "back"], "{told}");
    }
}
