//! Pings, each interval, and what follows when nobody answers.

use std::time::Duration;

use everlink_server::engineio::EngineIo;
use everlink_server::speech::Closed;
use tokio::time::Instant;

use crate::support::{Socket, echo, millis};

const INTERVAL: Duration = Duration::from_millis(300);

fn settings() -> EngineIo {
    EngineIo::new().ping_interval(INTERVAL).ping_timeout(millis(200))
}

/// A ping comes at its time, or later on a busy machine, and never earlier.
fn check_cadence(opened: Instant, number: u32) {
    let (at, due) = (opened.elapsed(), INTERVAL * number);
    // The opening is seen some moments after it was.
    assert!(at + millis(50) >= due, "ping {number} after {at:?}");
    assert!(at < due + millis(150), "ping {number} after {at:?}");
}

#[tokio::test]
async fn a_websocket_is_pinged_each_interval() {
    let site = echo(settings()).await;
    let (mut socket, _) = Socket::begin(site.address).await;
    let opened = Instant::now();
    for number in 1..=4 {
        assert_eq!(socket.hear().await, "2");
        check_cadence(opened, number);
        socket.say("3").await;
    }
}

#[tokio::test]
async fn req_r09_a_poll_gets_the_ping_each_interval() {
    let site = echo(settings()).await;
    let polling = site.poll().await;
    let opened = Instant::now();
    for number in 1..=4 {
        assert_eq!(polling.hear().await, "2");
        check_cadence(opened, number);
        polling.say("3").await;
    }
}

#[tokio::test]
async fn fault_20_whoever_does_not_answer_is_let_go() {
    let mut site = echo(settings()).await;
    let (mut socket, _) = Socket::begin(site.address).await;
    let opened = Instant::now();
    assert_eq!(socket.closed().await, 4304);
    assert!(opened.elapsed() + millis(50) >= INTERVAL + millis(200), "{:?}", opened.elapsed());
    assert_eq!(site.closed().await, Closed::Silent);

    let polling = site.poll().await;
    assert_eq!(site.closed().await, Closed::Silent);
    assert_eq!(polling.get().await.json()["code"], 1);
}

#[tokio::test]
async fn fault_20_a_poll_that_waits_hears_the_end() {
    let mut site = echo(settings()).await;
    let polling = site.poll().await;
    assert_eq!(polling.hear().await, "2");
    assert_eq!(polling.hear().await, "1");
    assert_eq!(site.closed().await, Closed::Silent);
}
