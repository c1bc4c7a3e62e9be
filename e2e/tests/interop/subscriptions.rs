//! Subscriptions as the server sees them, after every reconnect: in batches, within the rate (F03).

use everlink::engine::Dialect;
use everlink::{Event, Subscription};
use everlink_e2e::{EventKind, Server, ServerKind};
use serde_json::Value;

use crate::support::{SOON, back, event, lost, quick, soon, start};

/// So many that their batches have to wait for the rate: 8 batches, at 5 frames a second.
const CHANNELS: usize = 1500;
const BATCH_MAX: usize = 200;
const BATCHES: usize = CHANNELS.div_ceil(BATCH_MAX);
const FRAMES_PER_SECOND: usize = 5;

/// Returns time and request of each subscription from the `round`th on, all of them arrived.
fn batches(server: &Server, round: usize) -> Vec<(u64, Value)> {
    let find = |events: &[everlink_e2e::Event]| {
        let all = events.iter().filter_map(|event| match &event.kind {
            EventKind::Subscribe { request, .. } => Some((event.at_ms, request.clone())),
            _ => None,
        });
        let all: Vec<_> = all.skip(round * BATCHES).collect();
        (all.len() >= BATCHES).then_some(all)
    };
    server.wait(SOON, find).unwrap()
}

fn check_batches(seen: &[(u64, Value)]) {
    assert_eq!(seen.len(), BATCHES);
    let mut names: Vec<&str> = Vec::new();
    for (_, request) in seen {
        assert_eq!(request["method"], "SUBSCRIBE");
        let params = request["params"].as_array().unwrap();
        assert!(params.len() <= BATCH_MAX, "{} in one batch", params.len());
        names.extend(params.iter().map(|name| name.as_str().unwrap()));
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), CHANNELS, "each channel once");
    let ids: std::collections::BTreeSet<u64> =
        seen.iter().map(|(_, request)| request["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), BATCHES, "each request has an id of its own");
    // One more than a second allows cannot arrive within a second, but for what the way there squeezes.
    for window in seen.windows(FRAMES_PER_SECOND + 1) {
        let took = window[FRAMES_PER_SECOND].0 - window[0].0;
        assert!(took >= 800, "{} frames in {took} ms", FRAMES_PER_SECOND + 1);
    }
}

async fn check_resubscribed(kind: ServerKind) {
    let mut server = start(kind);
    let client = quick(&server.url()).dialect(Dialect::EXCHANGE).build().unwrap();
    let mut events = client.events();
    let names = (0..CHANNELS).map(|number| format!("s{number}@trade"));
    let _held: Vec<Subscription> = names.map(|name| client.subscribe(&name).unwrap()).collect();
    soon(client.connect()).await.unwrap();
    for round in 0..3 {
        let confirmed = event(&mut events, |event| match event {
            Event::Resubscribed { channels, .. } => Some(*channels),
            _ => None,
        });
        assert_eq!(confirmed.await as usize, CHANNELS, "{kind:?}, round {round}");
        check_batches(&batches(&server, round));
        if round < 2 {
            server.restart().unwrap();
            lost(&mut events).await;
            back(&mut events).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn req_f03_python_websockets_sees_every_channel_again_in_batches_within_the_rate() {
    check_resubscribed(ServerKind::PythonWebsockets).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn req_f03_aiohttp_sees_every_channel_again_in_batches_within_the_rate() {
    check_resubscribed(ServerKind::Aiohttp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn req_f03_node_ws_sees_every_channel_again_in_batches_within_the_rate() {
    check_resubscribed(ServerKind::NodeWs).await;
}
