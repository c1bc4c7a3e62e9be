//! What a test can have an exchange do on a bad day.

use crate::client::{Client, Lost, ask, http, upgrade};
use everlink_testkit::fake::{Cut, Exchange, ExchangeRules};
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpStream;

async fn exchange() -> Exchange {
    let rules = ExchangeRules { messages_max: 1_000, ..ExchangeRules::default() };
    let builder = Exchange::builder().symbols(["btcusdt", "ethusdt"]).rate(20.0).rules(rules);
    builder.time_scale(50.0).real_traffic(true).build().await.unwrap()
}

#[tokio::test]
async fn req_n08_every_kind_of_cut_ends_all_connections_as_it_says() {
    let exchange = exchange().await;
    for (cut, expected) in [
        (Cut::Close(1012), Lost::Closed(Some(1012))),
        (Cut::Fin, Lost::Eof),
        (Cut::Reset, Lost::Reset),
    ] {
        let mut clients = [
            Client::open(exchange.local_addr(), "/ws").await,
            Client::open(exchange.local_addr(), "/ws").await,
        ];
        exchange.wait_for("two", |counters| counters.connections_open == 2).await.unwrap();
        exchange.cut(cut).unwrap();
        for client in &mut clients {
            assert_eq!(client.lost().await, expected, "{cut:?}");
        }
        exchange.wait_for("none", |counters| counters.connections_open == 0).await.unwrap();
    }
    assert_eq!(exchange.counters().ended_by_order, 6);
    let error = exchange.cut(Cut::Close(1005)).unwrap_err().to_string();
    assert!(error.contains("code is \"1005\"; accepted: 1000 to 1003"), "{error}");
}

#[tokio::test]
async fn req_n08_skipped_events_reach_nobody_and_rest_has_them() {
    let exchange = exchange().await;
    let mut client = Client::open(exchange.local_addr(), "/ws/btcusdt@trade").await;
    let mut ids = vec![client.json().await["t"].as_u64().unwrap()];
    let hole = exchange.skip("btcusdt@trade", 5).unwrap();
    assert_eq!(hole.last - hole.first, 4);
    while ids.last().is_none_or(|id| *id <= hole.last) {
        ids.push(client.json().await["t"].as_u64().unwrap());
    }
    let [.., before, after] = ids[..] else { panic!("{ids:?}") };
    assert_eq!((before, after), (hole.first - 1, hole.last + 1));
    let path = format!("/api/v3/historicalTrades?symbol=BTCUSDT&fromId={}&limit=5", hole.first);
    let (_, trades) = http(exchange.local_addr(), "GET", &path).await;
    assert_eq!((&trades[0]["id"], &trades[4]["id"]), (&json!(hole.first), &json!(hole.last)));
}

#[tokio::test]
async fn req_n08_a_hole_in_the_book_is_told_by_its_updates() {
    let exchange = exchange().await;
    let mut client = Client::open(exchange.local_addr(), "/ws/ethusdt@depth@100ms").await;
    let mut last = client.json().await["u"].as_u64().unwrap();
    let hole = exchange.skip("ethusdt@depth@100ms", 2).unwrap();
    loop {
        let event = client.json().await;
        let first = event["U"].as_u64().unwrap();
        if first != last + 1 {
            assert_eq!((last + 1, first - 1), (hole.first, hole.last));
            return;
        }
        last = event["u"].as_u64().unwrap();
        assert!(last < hole.first, "{last} was to be skipped from {hole:?}");
    }
}

#[tokio::test]
async fn req_n08_in_silence_pings_are_answered_and_nothing_else_comes() {
    let exchange = exchange().await;
    let mut client = Client::open(exchange.local_addr(), "/ws/btcusdt@trade").await;
    client.json().await;
    exchange.silence();
    client.until_pong().await;
    let silent_from = exchange.newest("btcusdt@trade").unwrap();
    while exchange.newest("btcusdt@trade").unwrap() < silent_from + 20 {
        assert_eq!(client.until_pong().await, Vec::<serde_json::Value>::new());
    }
    exchange.resume();
    let next = client.json().await["t"].as_u64().unwrap();
    assert!(next > silent_from + 20, "{next}: what happened meanwhile is not sent");
}

#[tokio::test]
async fn req_n08_a_refused_stream_is_refused_everywhere_until_allowed() {
    let exchange = exchange().await;
    exchange.refuse("btcusdt@trade").unwrap();
    let mut client = Client::open(exchange.local_addr(), "/ws").await;
    let subscribe = r#"{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1}"#;
    assert_eq!(client.request(subscribe).await["error"]["code"], 2);
    assert_eq!(ask(exchange.local_addr(), &upgrade("/ws/btcusdt@trade", "")).await.0, 400);
    assert_eq!(exchange.counters().paths_refused, 1);
    exchange.allow("btcusdt@trade").unwrap();
    assert_eq!(client.request(subscribe).await["result"], json!(null));
    let error = exchange.refuse("nosuch@trade").unwrap_err().to_string();
    assert!(error.contains("stream is \"nosuch@trade\"; accepted: SYMBOL@KIND"), "{error}");
}

#[tokio::test]
async fn req_n08_an_announced_shutdown_comes_when_its_time_is_over() {
    let rules = ExchangeRules { notice: Duration::from_millis(50), ..Default::default() };
    let exchange = Exchange::builder().rules(rules).build().await.unwrap();
    let mut client = Client::open(exchange.local_addr(), "/ws").await;
    exchange.wait_for("it", |counters| counters.connections_open == 1).await.unwrap();
    exchange.announce_shutdown();
    assert_eq!(client.json().await["e"], "serverShutdown");
    // A connection that is made after the notice is not meant by it.
    let mut other = Client::open(exchange.local_addr(), "/ws").await;
    assert_eq!(client.lost().await, Lost::Closed(Some(1001)));
    other.until_pong().await;
    assert_eq!(exchange.counters().notices, 1);
}

#[tokio::test]
async fn req_n08_a_stopped_exchange_refuses_and_comes_back_on_its_port() {
    let exchange = exchange().await;
    let mut client = Client::open(exchange.local_addr(), "/ws").await;
    exchange.wait_for("it", |counters| counters.connections_open == 1).await.unwrap();
    exchange.stop().await.unwrap();
    assert_eq!(client.lost().await, Lost::Reset);
    assert!(TcpStream::connect(exchange.local_addr()).await.is_err());
    exchange.start().await.unwrap();
    Client::open(exchange.local_addr(), "/ws").await;
}

#[tokio::test]
async fn req_n08_new_connections_are_refused_with_a_status() {
    let exchange = exchange().await;
    let mut client = Client::open(exchange.local_addr(), "/ws").await;
    exchange.refuse_connections(Some(503)).unwrap();
    assert_eq!(ask(exchange.local_addr(), &upgrade("/ws", "")).await.0, 503);
    client.until_pong().await;
    exchange.refuse_connections(None).unwrap();
    Client::open(exchange.local_addr(), "/ws").await;
    assert!(exchange.refuse_connections(Some(200)).is_err());
}

#[tokio::test]
async fn req_n08_a_dropped_exchange_leaves_no_socket_behind() {
    let exchange = exchange().await;
    let address = exchange.local_addr();
    let mut client = Client::open(address, "/ws").await;
    drop(exchange);
    client.lost().await;
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn req_n08_an_observer_is_told_what_happens() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let told = lines.clone();
    let observe = move |line: &str| told.lock().unwrap().push(line.to_owned());
    let exchange = Exchange::builder().observe(observe).build().await.unwrap();
    let mut client = Client::open(exchange.local_addr(), "/ws/btcusdt@depth").await;
    client.send(|encoder, bytes| encoder.close(bytes, Some((1000, ""))).unwrap()).await;
    assert_eq!(client.lost().await, Lost::Closed(Some(1000)));
    exchange.wait_for("none", |counters| counters.connections_open == 0).await.unwrap();
    http(exchange.local_addr(), "POST", "/control/silence").await;
    let lines = lines.lock().unwrap();
    let expected = [
        "connection 1 open, /ws/btcusdt@depth",
        "connection 1 ended: the client closed",
        "command silence",
    ];
    assert_eq!(*lines, expected);
}
