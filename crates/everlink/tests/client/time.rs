//! The client under tokio's paused clock: hours pass in milliseconds.

use std::sync::Arc;
use std::time::Duration;

use everlink::dial::{ResolveError, Resolver, Resolving};
use everlink::{Client, ConnectionState, Event, Profile};
use tokio::time::Instant;

/// Knows no name, so that no socket is ever opened.
#[derive(Debug)]
struct Nowhere;

impl Resolver for Nowhere {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> Resolving<'a> {
        Box::pin(async { Err(ResolveError::Failed("the network is down".to_owned())) })
    }
}

fn client(profile: Profile) -> Client {
    Client::builder("ws://example.invalid/")
        .profile(profile)
        .dial(|dial| dial.proxy(everlink::dial::Proxy::none()).resolver(Arc::new(Nowhere)))
        .build()
        .unwrap()
}

async fn delays(client: &Client) -> (Vec<u64>, Duration) {
    let mut events = client.events();
    let begun = Instant::now();
    client.start().unwrap();
    let mut delays = Vec::new();
    while client.state() != ConnectionState::Error {
        if let Event::Reconnecting { delay, .. } = events.next().await.unwrap() {
            delays.push(delay.as_secs());
        }
    }
    (delays, begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn req_c01_one_two_four_eight_sixteen_seconds_then_it_gives_up() {
    let (delays, taken) = delays(&client(Profile::ChatPage)).await;
    assert_eq!(delays, [1, 2, 4, 8, 16]);
    assert_eq!(taken.as_secs(), 31);
}

#[tokio::test(start_paused = true)]
async fn req_b01_the_second_level_starts_the_first_anew_ten_times() {
    let client = client(Profile::ChatBot);
    let mut events = client.events();
    client.start().unwrap();
    let (mut acted, mut gave_up) = (0, 0);
    while gave_up < 11 {
        match events.next().await.unwrap() {
            Event::Supervised { attempt, .. } => acted = attempt,
            Event::ReconnectFailed { .. } => gave_up += 1,
            _ => {}
        }
    }
    assert_eq!(acted, 10);
    assert!(tokio::time::timeout(Duration::from_secs(3600), events.next()).await.is_err());
}
