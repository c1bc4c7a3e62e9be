//! A feed: holes, states, notices and budgets, against exchanges that tests play by hand.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use everlink::config::Loader;
use everlink::engine::{BackoffKind, Jitter, Supervision};
use everlink::feed::{Feed, FeedBuilder, Hole, ReconnectionConfig, STREAMS_MAX, Update};
use everlink::wire::ws::Item;
use everlink::{BuildError, ConnectionState, DialLimit, Event, PoolEvents, Profile};

use crate::support::{Peer, Server, confirm, request, soon};

/// A feed that comes back at once.
fn feed(server: &Server) -> FeedBuilder {
    Feed::builder(server.url.replace("/ws", "/stream")).client(|client| {
        client.dial(|dial| dial.proxy(everlink::dial::Proxy::none())).settings(|settings| {
            settings
                .backoff(BackoffKind::None)
                .jitter(Jitter::None)
                .dials_per_minute(None)
                .stable_after(Duration::ZERO)
        })
    })
}

async fn trade(peer: &mut Peer, stream: &str, number: u64) {
    let event = format!(r#"{{"e":"trade","E":{number},"t":{number}}}"#);
    peer.send(&format!(r#"{{"stream":"{stream}","data":{event}}}"#)).await;
}

/// Says an update in a word.
fn word(update: Update) -> String {
    match update {
        Update::Message { stream, message } => {
            let event: serde_json::Value = serde_json::from_slice(message.as_bytes()).unwrap();
            format!("{stream} {}", event["t"])
        }
        Update::Hole(Hole { stream, first, last, .. }) => format!("{stream} lacks {first}..{last}"),
        other => format!("{other:?}"),
    }
}

async fn words(feed: &Feed, count: usize) -> Vec<String> {
    let mut updates = Vec::new();
    while updates.len() < count {
        let room = count - updates.len();
        let came = soon(feed.recv_many(&mut updates, room)).await;
        assert!((1..=room).contains(&came), "{came} of {room}");
    }
    updates.into_iter().map(word).collect()
}

async fn event<T>(events: &mut PoolEvents, pick: impl Fn(&Event) -> Option<T>) -> (Arc<str>, T) {
    soon(async {
        loop {
            let told = events.next().await.expect("the events ended");
            if let Some(picked) = pick(&told.event) {
                return (told.connection, picked);
            }
        }
    })
    .await
}

#[tokio::test]
async fn req_f09_what_a_cut_has_swallowed_is_told_once_with_its_range_before_what_follows() {
    let server = Server::start().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let hook = Arc::clone(&told);
    let feed = feed(&server).on_hole(move |hole| hook.lock().unwrap().push(hole.clone()));
    let feed = feed.build().unwrap();
    for stream in ["a@trade", "b@trade"] {
        feed.subscribe(stream).unwrap();
    }
    let mut peer = server.accept().await;
    confirm(&mut peer, "SUBSCRIBE").await;
    for stream in ["a@trade", "b@trade"] {
        trade(&mut peer, stream, 1).await;
    }
    assert_eq!(words(&feed, 2).await, ["a@trade 1", "b@trade 1"]);
    drop(peer);
    let mut peer = server.accept().await;
    assert_eq!(confirm(&mut peer, "SUBSCRIBE").await, ["a@trade", "b@trade"]);
    trade(&mut peer, "a@trade", 5).await;
    trade(&mut peer, "b@trade", 2).await;
    trade(&mut peer, "a@trade", 6).await;
    trade(&mut peer, "a@trade", 6).await;
    trade(&mut peer, "b@trade", 3).await;
    let expected = ["a@trade lacks 2..4", "a@trade 5", "b@trade 2", "a@trade 6", "b@trade 3"];
    assert_eq!(words(&feed, 5).await, expected);
    let holes = told.lock().unwrap().clone();
    assert_eq!(holes.iter().map(Hole::count).collect::<Vec<_>>(), [3]);
    let stats = feed.stats();
    assert_eq!((stats.messages, stats.holes, stats.missing, stats.copies), (6, 1, 3, 1));
}

#[tokio::test]
async fn a_snapshot_closes_a_hole_and_what_it_holds_is_not_told_again() {
    let server = Server::start().await;
    let feed = feed(&server).build().unwrap();
    feed.subscribe("a@depth").unwrap();
    let mut peer = server.accept().await;
    confirm(&mut peer, "SUBSCRIBE").await;
    feed.known_to("a@depth", 10);
    for (from, to) in [(7, 9), (9, 12), (13, 13), (15, 15)] {
        let event = format!(r#"{{"U":{from},"u":{to},"t":{to}}}"#);
        peer.send(&format!(r#"{{"stream":"a@depth","data":{event}}}"#)).await;
    }
    let expected = ["a@depth 12", "a@depth 13", "a@depth lacks 14..14", "a@depth 15"];
    assert_eq!(words(&feed, 4).await, expected);
}

#[tokio::test]
async fn req_f06_reconnecting_is_visible_while_one_connection_tries() {
    let server = Server::start().await;
    let feed = feed(&server).name("spot").streams_per_connection(1).build().unwrap();
    assert_eq!(feed.state(), ConnectionState::Closed);
    let mut events = feed.events();
    feed.subscribe("a@trade").unwrap();
    let mut first = server.accept().await;
    confirm(&mut first, "SUBSCRIBE").await;
    feed.subscribe("b@trade").unwrap();
    let mut second = server.accept().await;
    confirm(&mut second, "SUBSCRIBE").await;
    drop(first);
    let (name, ()) = event(&mut events, |event| match event {
        Event::StateChanged { to: ConnectionState::Reconnecting, .. } => Some(()),
        _ => None,
    })
    .await;
    assert_eq!(&*name, "spot-0");
    // Its request is not answered: it tries.
    let again = server.request().await;
    assert_eq!(feed.state(), ConnectionState::Reconnecting);
    let mut first = again.accept().await;
    confirm(&mut first, "SUBSCRIBE").await;
    let reconnected = |event: &Event| matches!(event, Event::Reconnected { .. }).then_some(());
    event(&mut events, reconnected).await;
    assert_eq!(feed.state(), ConnectionState::Connected);
    // A stop by hand leads to no reconnect (F04).
    soon(feed.close()).await;
    assert_eq!((feed.state(), soon(feed.recv()).await), (ConnectionState::Closed, None));
    assert!(!server.has_visitor().await);
    while let Some(told) = events.try_next() {
        assert!(!matches!(told.event, Event::Reconnecting { .. }), "{told:?}");
    }
    assert_eq!(soon(events.next()).await, None);
}

#[tokio::test]
async fn req_f09_the_notice_of_a_shutdown_starts_a_move_at_once_that_misses_nothing() {
    let server = Server::start().await;
    let feed = feed(&server).build().unwrap();
    let mut events = feed.events();
    for stream in ["a@trade", "b@trade"] {
        feed.subscribe(stream).unwrap();
    }
    let mut old = server.accept().await;
    confirm(&mut old, "SUBSCRIBE").await;
    trade(&mut old, "a@trade", 1).await;
    old.send(r#"{"e":"serverShutdown","E":1770123456789}"#).await;
    let mut new = server.accept().await;
    let (names, id) = request(&mut new, "SUBSCRIBE").await;
    assert_eq!(names, ["a@trade", "b@trade"]);
    new.send(&format!(r#"{{"result":null,"id":{id}}}"#)).await;
    // The old connection is behind on one stream, the new one on the other.
    trade(&mut new, "b@trade", 7).await;
    trade(&mut new, "b@trade", 8).await;
    trade(&mut old, "a@trade", 2).await;
    trade(&mut old, "b@trade", 6).await;
    trade(&mut new, "a@trade", 2).await;
    trade(&mut old, "a@trade", 3).await;
    trade(&mut old, "b@trade", 7).await;
    let moved = event(&mut events, |event| matches!(event, Event::Moved).then_some(()));
    let (_, left) = tokio::join!(moved, old.item());
    assert!(matches!(left, Some(Item::Close(_))), "{left:?}");
    trade(&mut new, "a@trade", 3).await;
    trade(&mut new, "a@trade", 4).await;
    let mut all = words(&feed, 7).await;
    all.sort();
    let streams = ["a@trade 1", "a@trade 2", "a@trade 3", "a@trade 4"];
    let streams = streams.iter().chain(&["b@trade 6", "b@trade 7", "b@trade 8"]);
    assert!(all.iter().eq(streams), "{all:?}");
    let stats = feed.stats();
    assert_eq!((stats.holes, stats.copies), (0, 0), "the connection itself dropped the copies");
}

#[tokio::test]
async fn req_f09_a_connection_is_renewed_at_its_age() {
    let server = Server::start().await;
    let feed = feed(&server).client(|client| {
        client.settings(|settings| settings.renew_after(Some(Duration::from_secs(1))))
    });
    let feed = feed.build().unwrap();
    let mut events = feed.events();
    feed.subscribe("a@trade").unwrap();
    let mut old = server.accept().await;
    confirm(&mut old, "SUBSCRIBE").await;
    let (_, cause) = event(&mut events, |event| match event {
        Event::Supervised { cause, .. } => Some(*cause),
        _ => None,
    })
    .await;
    assert_eq!(cause, Supervision::Age);
    let mut new = server.accept().await;
    confirm(&mut new, "SUBSCRIBE").await;
    trade(&mut old, "a@trade", 1).await;
    trade(&mut new, "a@trade", 1).await;
    let moved = event(&mut events, |event| matches!(event, Event::Moved).then_some(()));
    tokio::join!(moved, old.item());
    assert_eq!(words(&feed, 1).await, ["a@trade 1"]);
    assert_eq!(feed.infos()[0].reconnects, 0);
}

#[tokio::test]
async fn req_f08_connections_share_one_budget_of_dials() {
    let server = Server::start().await;
    let limit = DialLimit::new(2, Duration::from_millis(500));
    let feed = feed(&server).streams_per_connection(1).dial_limit(limit).build().unwrap();
    let began = Instant::now();
    for stream in ["a@trade", "b@trade", "c@trade"] {
        feed.subscribe(stream).unwrap();
    }
    let mut peers = Vec::new();
    for count in 1..=3 {
        peers.push(server.accept().await);
        assert_eq!(count > 2, began.elapsed() >= Duration::from_millis(500), "dial {count}");
    }
    let names: Vec<_> = feed.infos().iter().map(|info| info.dials).collect();
    assert_eq!(names, [1, 1, 1]);
}

#[tokio::test]
async fn a_taker_that_is_too_slow_is_told_what_it_missed_as_a_hole() {
    let server = Server::start().await;
    let feed = feed(&server).messages_max(4).build().unwrap();
    let mut events = feed.events();
    feed.subscribe("a@trade").unwrap();
    let mut peer = server.accept().await;
    confirm(&mut peer, "SUBSCRIBE").await;
    trade(&mut peer, "a@trade", 1).await;
    assert_eq!(words(&feed, 1).await, ["a@trade 1"]);
    for number in 2..=10 {
        trade(&mut peer, "a@trade", number).await;
    }
    let mut missed = 0;
    while missed < 5 {
        let lagged = event(&mut events, |event| match event {
            Event::SubscriberLagged { missed, .. } => Some(*missed),
            _ => None,
        });
        missed += lagged.await.1;
    }
    assert_eq!(words(&feed, 2).await, ["a@trade lacks 2..6", "a@trade 7"]);
}

#[test]
fn req_f01_a_feed_comes_back_as_its_source_did() {
    let config = ReconnectionConfig::default();
    let told = format!("{config:?}");
    let expected = "ReconnectionConfig { enabled: true, max_retries: Some(10), initial_delay: 1s, \
                    max_delay: 60s, backoff_multiplier: 2.0, jitter_factor: 0.25 }";
    assert_eq!(told, expected);
    let loaded = Loader::new().profile(Profile::MarketFeed).load().unwrap();
    assert_eq!(
        ReconnectionConfig::from_config(&loaded).unwrap(),
        config,
        "the profile's are the same"
    );
}

#[test]
fn req_f05_keys_of_the_feed_become_its_reconnection() {
    let file = include_str!("../../../../examples/config/market_feed.json");
    let loaded = Loader::new()
        .profile(Profile::MarketFeed)
        .file_text("market_feed.json", file)
        .environment([("WEBSOCKET_MAX_RETRIES", "3")])
        .load()
        .unwrap();
    let expected = ReconnectionConfig {
        enabled: true,
        max_retries: Some(3),
        initial_delay: Duration::from_millis(500),
        max_delay: Duration::from_secs(45),
        backoff_multiplier: 1.5,
        jitter_factor: 0.1,
    };
    assert_eq!(ReconnectionConfig::from_config(&loaded).unwrap(), expected);
    let error = FeedBuilder::from_config(&loaded).unwrap().build().unwrap_err();
    assert!(
        matches!(error, BuildError::RawStream { .. }),
        "its URL is one of single streams: {error}"
    );
}

#[test]
fn wrong_values_are_named_with_what_is_accepted() {
    let url = "wss://example.com/stream";
    let with = |config| Feed::builder(url).reconnection(config);
    let fine = ReconnectionConfig::default();
    let secs = Duration::from_secs;
    for (builder, expected) in [
        (
            with(ReconnectionConfig { initial_delay: secs(90), ..fine.clone() }),
            "`initial_delay` is 90s and `max_delay` is 60s; accepted: `initial_delay` up to `max_delay`",
        ),
        (
            with(ReconnectionConfig { backoff_multiplier: 0.5, ..fine.clone() }),
            "`backoff_multiplier` is 0.5; accepted: 1 to 10",
        ),
        (
            with(ReconnectionConfig { max_retries: Some(0), ..fine }),
            "`max_retries` is 0; accepted: 1 to 1000000, or none",
        ),
        (
            Feed::builder(url).streams_per_connection(STREAMS_MAX + 1),
            "`streams_per_connection` is 1025; accepted: 1 to 1024",
        ),
        (
            Feed::builder("wss://example.com/ws/a@trade"),
            "`url` has the path /ws/a@trade, where messages do not name their stream; accepted: that of \
             combined streams, such as /stream",
        ),
    ] {
        assert_eq!(builder.build().unwrap_err().to_string(), expected);
    }
    assert!(Feed::builder(url).streams_per_connection(STREAMS_MAX).build().is_ok());
}
