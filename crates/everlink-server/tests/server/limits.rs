//! What one user or one address may use.

use std::num::NonZeroU32;
use std::time::Duration;

use everlink_server::hooks::{Code, User};
use everlink_server::{Limits, Quotas};
use serde_json::json;
use tokio::time::Instant;

use crate::support::{handshake, key_lines, serve, until};

fn lines() -> String {
    format!("{}Sec-WebSocket-Protocol: everlink.v1.json\r\n", key_lines())
}

const fn some(number: u32) -> Option<NonZeroU32> {
    NonZeroU32::new(number)
}

#[tokio::test]
async fn an_address_with_too_many_connections_is_told_429_and_when_to_come_back() {
    let by_address = Quotas { connections: some(2), ..Quotas::default() };
    let limits = Limits { by_address, ..Limits::default() };
    let served = serve(|builder| builder.limits(limits)).await;
    let first = handshake(served.addr, &lines()).await;
    let second = handshake(served.addr, &lines()).await;
    assert_eq!((first.status, second.status), (101, 101));
    let third = handshake(served.addr, &lines()).await;
    assert_eq!(third.status, 429);
    assert!(third.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    assert!(third.body.contains("connections"), "{}", third.body);
    drop(first);
    until("its seat is free", || served.server.status().connections == 1).await;
    assert_eq!(handshake(served.addr, &lines()).await.status, 101);
}

#[tokio::test]
async fn fault_50_attaches_beyond_the_rate_are_refused_before_the_upgrade() {
    let by_address = Quotas { attaches_a_minute: some(3), ..Quotas::default() };
    let limits = Limits { by_address, ..Limits::default() };
    let served = serve(|builder| builder.limits(limits)).await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(handshake(served.addr, &lines()).await.status);
    }
    assert_eq!(statuses, [101, 101, 101, 429, 429]);
}

#[tokio::test]
async fn a_user_with_too_many_connections_is_told_in_the_protocol() {
    let by_user = Quotas { connections: some(1), ..Quotas::default() };
    let served = serve(|builder| {
        builder
            .limits(Limits { by_user, ..Limits::default() })
            .authenticate(|_| async { Ok(User::new("ann").unwrap()) })
    })
    .await;
    let _first = served.attach("a", &[]).await;
    let mut second = served.open().await;
    second.say(json!({"t": "hello", "v": 1, "client": "b", "producer": "b", "subs": []})).await;
    let refused = second.take("err").await;
    assert_eq!(refused["code"], Code::TooFast.number());
    assert!(refused["retry_ms"].as_u64().unwrap() > 0, "{refused}");
    assert_eq!(second.close_code().await, Code::TooFast.close());
}

#[tokio::test]
async fn messages_beyond_the_rate_are_read_later_and_none_is_lost() {
    let by_user = Quotas { messages_a_second: some(20), ..Quotas::default() };
    let served = serve(|builder| {
        builder
            .limits(Limits { by_user, ..Limits::default() })
            .authenticate(|_| async { Ok(User::new("ann").unwrap()) })
    })
    .await;
    let mut raw = served.open().await;
    raw.say(json!({"t": "hello", "v": 1, "client": "b", "producer": "b", "subs": []})).await;
    assert_eq!(raw.take("welcome").await["lim"]["rate"], 20);
    let began = Instant::now();
    for sequence in 1..=30 {
        raw.publish("room", sequence, json!(sequence)).await;
    }
    let (mut acked, mut told) = (0, 0);
    while acked < 30 {
        let frame = raw.next().await;
        match frame["t"].as_str() {
            Some("ack") => acked = frame["s"].as_u64().unwrap(),
            Some("err") => {
                assert_eq!((&frame["code"], &frame["fatal"]), (&json!(4302), &json!(false)));
                told += 1;
            }
            _ => panic!("{frame}"),
        }
    }
    assert!(told >= 1);
    assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
    assert_eq!(served.server.history("room", 0, 500).await.unwrap().messages.len(), 30);
}
