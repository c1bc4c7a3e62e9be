//! Everything at once, in random order, with a seed that every failure names.

use std::time::Duration;

use everlink::engine::Random;
use everlink::wire::ws::Item;
use everlink::{Client, ConnectionState, Event, SendPolicy};

use crate::support::{Peer, Server, settle_at_once, soon};

const STEPS: u32 = 400;

#[tokio::test]
async fn fault_55_whatever_is_called_in_whatever_order_the_client_ends_well() {
    for seed in 1..=6 {
        play(seed).await;
    }
}

async fn play(seed: u32) {
    let server = Server::start().await;
    let url = server.url.clone();
    let mischief = tokio::spawn(misbehave(server, seed.wrapping_mul(77)));
    let client = settle_at_once(&url)
        .settings(|settings| {
            settings
                .stable_after(Duration::ZERO)
                .heartbeat(everlink::engine::Heartbeat::None)
                .close_timeout(Duration::from_millis(20))
                .queue_messages_max(8)
        })
        .build()
        .unwrap();
    let watching = tokio::spawn(watch(client.events(), seed));
    let mut random = Random::new(seed);
    for _ in 0..STEPS {
        act(&client, &mut random).await;
    }
    soon(client.close()).await;
    assert_eq!(client.state(), ConnectionState::Closed, "seed {seed}");
    let info = client.info();
    assert_eq!((info.queued_messages, info.queued_bytes), (0, 0), "seed {seed}");
    drop(client);
    soon(watching).await.unwrap();
    mischief.abort();
}

async fn act(client: &Client, random: &mut Random) {
    match pick(random, 12) {
        0 => client.start().unwrap(),
        1 => client.reconnect().unwrap(),
        2 => soon(client.close()).await,
        3 => client.network_changed(),
        4 => client.offline(),
        5 | 6 => {
            let _full_or_closed = client.try_send("x");
        }
        7 => {
            let policy = SendPolicy::Coalesce { key: 1 };
            let _full_or_closed = client.send_with("y", policy).await;
        }
        8 => {
            let limit = Duration::from_micros(200);
            let _late = tokio::time::timeout(limit, client.send("z")).await;
        }
        9 => {
            let limit = Duration::from_micros(200);
            let _late = tokio::time::timeout(limit, client.connect()).await;
        }
        _ => tokio::time::sleep(Duration::from_micros(300)).await,
    }
    while client.try_recv().is_some() {}
}

/// Each transition follows from the one before it.
async fn watch(mut events: everlink::Events, seed: u32) {
    let mut state = ConnectionState::Closed;
    while let Some(event) = events.next().await {
        if let Event::StateChanged { from, to, .. } = event {
            assert_eq!(from, state, "seed {seed}");
            assert!(from.may_become(to), "seed {seed}: {from:?} to {to:?}");
            state = to;
        }
    }
    assert_eq!(state, ConnectionState::Closed, "seed {seed}");
}

/// Accepts, and leaves in one way or another.
async fn misbehave(server: Server, seed: u32) {
    let mut random = Random::new(seed);
    loop {
        let Ok((stream, _)) = server.listener.accept().await else { return };
        let choice = pick(&mut random, 6);
        tokio::spawn(async move {
            let Some(request) = crate::support::Request::try_read(stream).await else { return };
            match choice {
                0 => {}
                1 => request.reject("503 Service Unavailable").await,
                2 => drop(request.accept().await),
                3 => leave(request.accept().await, 1012).await,
                _ => listen(request.accept().await).await,
            }
        });
    }
}

async fn leave(mut peer: Peer, code: u16) {
    tokio::time::sleep(Duration::from_micros(500)).await;
    peer.try_close(code).await;
}

async fn listen(mut peer: Peer) {
    while let Some(item) = peer.item().await {
        if let Item::Close(_) = item {
            return peer.try_close(1000).await;
        }
    }
}

fn pick(random: &mut Random, of: u32) -> u32 {
    (random.fraction() * f64::from(of)) as u32
}
