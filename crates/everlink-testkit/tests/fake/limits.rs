//! The documented limits of an exchange, each at its edge.

use crate::client::{Client, Lost, ask, bounded, upgrade};
use everlink_testkit::fake::{Exchange, ExchangeRules};
use everlink_wire::ws::Item;
use std::time::Duration;

async fn exchange(rules: ExchangeRules) -> Exchange {
    Exchange::builder().symbols(["btcusdt"]).rate(0.01).rules(rules).build().await.unwrap()
}

const LIST: &str = r#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#;

#[tokio::test]
async fn req_n08_the_sixth_message_within_a_second_ends_the_connection() {
    // A second that is long enough for any machine.
    let rules = ExchangeRules { messages_window: Duration::from_secs(600), ..Default::default() };
    let exchange = exchange(rules).await;
    let mut client = Client::open(exchange.local_addr(), "/ws").await;
    client.request(LIST).await;
    client.send(|encoder, bytes| encoder.pong(bytes, b"").unwrap()).await;
    client.request("nonsense").await;
    assert!(client.until_pong().await.is_empty());
    client.request(LIST).await;
    assert_eq!(exchange.counters().ended_over_limit, 0, "five are allowed");
    client.ping("6").await;
    assert_eq!(client.lost().await, Lost::Closed(Some(1008)));
    assert_eq!(exchange.counters().ended_over_limit, 1);
    assert_eq!(exchange.counters().messages_in, 6);
}

#[tokio::test]
async fn req_n08_messages_of_a_second_ago_do_not_count() {
    let rules = ExchangeRules { messages_window: Duration::from_millis(1), ..Default::default() };
    let exchange = exchange(rules).await;
    let mut client = Client::open(exchange.local_addr(), "/ws").await;
    for round in 1..=12 {
        client.request(LIST).await;
        let since = std::time::Instant::now();
        while since.elapsed() < Duration::from_millis(2) {
            tokio::task::yield_now().await;
        }
        assert_eq!(exchange.counters().messages_in, round);
    }
    assert_eq!(exchange.counters().ended_over_limit, 0);
}

#[tokio::test]
async fn req_n08_a_connection_has_1024_streams_at_most() {
    let names: Vec<_> = (0..520).map(|number| format!("s{number}")).collect();
    let exchange = Exchange::builder().symbols(&names).rate(0.01).build().await.unwrap();
    let streams: Vec<_> = names
        .iter()
        .flat_map(|name| [format!("{name}@trade"), format!("{name}@aggTrade")])
        .collect();
    let subscribe = |streams: &[String]| {
        serde_json::json!({ "method": "SUBSCRIBE", "params": streams, "id": 1 }).to_string()
    };
    let mut client = Client::open(exchange.local_addr(), "/ws").await;
    assert!(client.request(&subscribe(&streams[..1_024])).await.get("error").is_none());
    assert!(
        client.request(&subscribe(&streams[..1])).await.get("error").is_none(),
        "known already"
    );
    let more = client.request(&subscribe(&streams[1_024..1_025])).await;
    assert_eq!(more["error"]["code"], 2, "{more}");
    assert_eq!(client.request(LIST).await["result"].as_array().unwrap().len(), 1_024);
    let path = format!("/stream?streams={}", streams[..1_025].join("/"));
    assert_eq!(ask(exchange.local_addr(), &upgrade(&path, "")).await.0, 400);
}

#[tokio::test]
async fn req_n08_an_address_has_300_attempts_in_five_minutes() {
    let exchange = exchange(ExchangeRules::default()).await;
    for _ in 0..300 {
        // Refused ones are attempts too, and quicker.
        assert_eq!(ask(exchange.local_addr(), &upgrade("/nothing", "")).await.0, 404);
    }
    let (status, head, body) = ask(exchange.local_addr(), &upgrade("/ws", "")).await;
    assert_eq!(status, 429, "{body}");
    let wait = head.split("retry-after: ").nth(1).unwrap().lines().next().unwrap();
    assert!((200..=300).contains(&wait.parse::<u64>().unwrap()), "{wait}");
    assert_eq!(exchange.counters().attempts_refused, 1);
}

#[tokio::test]
async fn req_n08_attempts_are_welcome_again_when_their_time_is_over() {
    let rules = ExchangeRules { attempts_max: 2, ..Default::default() };
    let builder = Exchange::builder().symbols(["btcusdt"]).rules(rules).time_scale(1_000.0);
    let exchange = builder.build().await.unwrap();
    let mut statuses = Vec::new();
    // Five minutes of the exchange are 300 ms.
    let until = std::time::Instant::now() + Duration::from_secs(20);
    while statuses.iter().filter(|status| **status == 404).count() < 4 {
        assert!(std::time::Instant::now() < until, "{statuses:?}");
        statuses.push(ask(exchange.local_addr(), &upgrade("/nothing", "")).await.0);
    }
    assert_eq!(statuses[..3], [404, 404, 429]);
}

#[tokio::test]
async fn req_n08_a_ping_without_a_pong_of_its_payload_ends_the_connection() {
    let rules = ExchangeRules {
        ping_every: Duration::from_millis(20),
        pong_within: Duration::from_millis(60),
        ..ExchangeRules::default()
    };
    let exchange = exchange(rules).await;
    let mut client = Client::open(exchange.local_addr(), "/ws").await;
    client.answers_pings = false;
    let mut payloads = Vec::new();
    loop {
        match client.next().await {
            Ok(Item::Ping(payload)) => {
                // Allowed, and does not prevent the end.
                client.send(|encoder, bytes| encoder.pong(bytes, b"").unwrap()).await;
                payloads.push(String::from_utf8(payload.to_vec()).unwrap().parse::<u64>().unwrap());
            }
            Ok(other) => panic!("{other:?}"),
            Err(lost) => {
                assert_eq!(lost, Lost::Closed(Some(1008)));
                break;
            }
        }
    }
    assert!(!payloads.is_empty() && payloads.is_sorted_by(|a, b| a < b), "{payloads:?}");
    assert_eq!(exchange.counters().ended_without_pong, 1);
}

#[tokio::test]
async fn req_n08_who_answers_pings_stays() {
    let rules = ExchangeRules {
        messages_max: 1_000,
        ping_every: Duration::from_millis(10),
        pong_within: Duration::from_millis(600),
        ..ExchangeRules::default()
    };
    let exchange = exchange(rules).await;
    let mut client = Client::open(exchange.local_addr(), "/ws").await;
    let answering = async {
        loop {
            client.next().await.unwrap();
        }
    };
    let answered = exchange.wait_for("80 pongs", |counters| counters.messages_in >= 80);
    tokio::select! {
        () = answering => {}
        answered = answered => drop(answered.unwrap()),
    }
    assert_eq!(exchange.counters().ended_without_pong, 0, "more than 600 ms passed");
}

#[tokio::test]
async fn req_n08_a_day_ends_with_a_notice_before() {
    // A day in 864 ms, ten minutes in 6 ms.
    let builder = Exchange::builder().symbols(["btcusdt"]).time_scale(100_000.0);
    let exchange = builder.rate(0.01).real_traffic(true).build().await.unwrap();
    let opened = std::time::Instant::now();
    let mut client = Client::open(exchange.local_addr(), "/ws").await;
    let notice = client.json().await;
    assert_eq!(notice["e"], "serverShutdown");
    assert!(notice["E"].is_u64(), "{notice}");
    assert!(opened.elapsed() >= Duration::from_millis(850), "{:?}", opened.elapsed());
    assert_eq!(client.lost().await, Lost::Closed(Some(1001)));
    assert!(opened.elapsed() >= Duration::from_millis(864), "{:?}", opened.elapsed());
    let counters = exchange.counters();
    assert_eq!((counters.notices, counters.ended_by_age), (1, 1));
}

#[tokio::test]
async fn req_n08_a_client_that_does_not_read_is_disconnected() {
    let rules = ExchangeRules { queue_bytes_max: 64 * 1024, ..Default::default() };
    let builder = Exchange::builder().symbols(["btcusdt"]).rate(1_000.0).time_scale(100.0);
    let exchange = builder.real_traffic(true).rules(rules).build().await.unwrap();
    let client = Client::open(exchange.local_addr(), "/ws/btcusdt@trade").await;
    let ended =
        exchange.wait_for("the end of who does not read", |counters| counters.ended_slow == 1);
    bounded(ended).await.unwrap();
    drop(client);
}

#[tokio::test]
async fn req_n08_what_is_out_of_range_is_refused_with_its_name_value_and_range() {
    let rules = |rules| Exchange::builder().rules(rules);
    let default = ExchangeRules::default;
    for (builder, parts) in [
        (Exchange::builder().time_scale(0.0), ["time scale is \"0\"", "0.001 to 100000"]),
        (Exchange::builder().time_scale(f64::NAN), ["time scale is \"NaN\"", "0.001 to 100000"]),
        (Exchange::builder().rate(1e9), ["rate is \"1000000000\"", "0.001 to 100000"]),
        (Exchange::builder().symbols([""; 0]), ["symbols is \"0\"", "1 to 2000 names"]),
        (Exchange::builder().symbols(["a/b"]), ["symbol is \"a/b\"", "letters and digits"]),
        (Exchange::builder().symbols(["a", "A"]), ["symbol is \"a\"", "each name once"]),
        (
            rules(ExchangeRules { messages_max: 0, ..default() }),
            ["messages_max is \"0\"", "1 or more"],
        ),
        (
            rules(ExchangeRules { life: Duration::ZERO, ..default() }),
            ["life is \"0ns\"", "more than 0 s"],
        ),
        (
            rules(ExchangeRules { notice: Duration::MAX, ..default() }),
            ["notice is", "at most the life"],
        ),
        (
            rules(ExchangeRules { ping_every: Duration::from_millis(1), ..default() }),
            ["pong_within is \"60s\"", "at most 64 times ping_every"],
        ),
        (Exchange::builder().listen("0.0.0.0:0"), ["listen is \"0.0.0.0:0\"", "127.0.0.1:0"]),
        (Exchange::builder().listen("nosuchhost.invalid:1"), ["cannot listen on", "nosuchhost"]),
    ] {
        let error = builder.build().await.unwrap_err().to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{parts:?}: {error}");
    }
}
