//! What an exchange sends: dense ids, books that join, the same for all.

use crate::client::{Client, http};
use everlink_testkit::fake::Exchange;
use serde_json::Value;
use std::collections::BTreeMap;

/// A busy exchange: an hour of its time in about a second.
async fn exchange() -> Exchange {
    let builder = Exchange::builder().symbols(["btcusdt", "ethusdt"]).seed(7).rate(2.0);
    builder.time_scale(3_600.0).real_traffic(true).build().await.unwrap()
}

#[tokio::test]
async fn req_n08_trades_come_with_dense_ids_and_as_rest_tells_them() {
    let exchange = exchange().await;
    let mut client = Client::open(exchange.local_addr(), "/ws/btcusdt@trade").await;
    let first = client.json().await;
    let mut trades = vec![first.clone()];
    while trades.len() < 500 {
        trades.push(client.json().await);
    }
    let first = first["t"].as_u64().unwrap();
    for (id, trade) in (first..).zip(&trades) {
        assert_eq!((trade["t"].as_u64(), &trade["e"]), (Some(id), &"trade".into()), "{trade}");
    }
    let path = format!("/api/v3/historicalTrades?symbol=BTCUSDT&fromId={first}&limit=500");
    let (status, known) = http(exchange.local_addr(), "GET", &path).await;
    assert_eq!(status, 200);
    for (trade, known) in trades.iter().zip(known.as_array().unwrap()) {
        let told = [&trade["t"], &trade["p"], &trade["q"], &trade["T"], &trade["m"]];
        let names = ["id", "price", "qty", "time", "isBuyerMaker"];
        assert_eq!(told, names.map(|name| &known[name]));
    }
}

#[tokio::test]
async fn req_n08_combined_events_carry_their_stream_and_all_connections_see_the_same() {
    let exchange = exchange().await;
    let path = "/stream?streams=btcusdt@trade/ethusdt@aggTrade/ethusdt@bookTicker";
    let mut clients = [
        Client::open(exchange.local_addr(), path).await,
        Client::open(exchange.local_addr(), path).await,
    ];
    let mut seen = Vec::new();
    for client in &mut clients {
        let mut events: BTreeMap<(String, u64), Value> = BTreeMap::new();
        for _ in 0..600 {
            let event = client.json().await;
            let stream = event["stream"].as_str().unwrap().to_owned();
            let data = &event["data"];
            let id = ["t", "a", "u"].iter().find_map(|key| data[*key].as_u64()).unwrap();
            events.insert((stream, id), data.clone());
        }
        seen.push(events);
    }
    let common = seen[0].iter().filter(|(key, _)| seen[1].contains_key(key));
    let mut count = 0;
    for (key, event) in common {
        assert_eq!(event, &seen[1][key], "{key:?}");
        count += 1;
    }
    assert!(count > 100, "{count} events in common");
}

#[tokio::test]
async fn req_n08_a_book_kept_from_changes_is_the_one_that_rest_shows() {
    let exchange = exchange().await;
    let mut client = Client::open(exchange.local_addr(), "/ws/ethusdt@depth@100ms").await;
    // As "How to manage a local order book correctly" has it.
    let (_, snapshot) = http(exchange.local_addr(), "GET", "/api/v3/depth?symbol=ETHUSDT").await;
    let mut last = snapshot["lastUpdateId"].as_u64().unwrap();
    let mut book = [Side::of(&snapshot["bids"]), Side::of(&snapshot["asks"])];
    loop {
        let event = client.json().await;
        let (first, end) = (event["U"].as_u64().unwrap(), event["u"].as_u64().unwrap());
        if end <= last {
            continue;
        }
        assert!(first <= last + 1, "a hole between {last} and {first}");
        book[0].apply(&event["b"]);
        book[1].apply(&event["a"]);
        last = end;
        let (_, now) = http(exchange.local_addr(), "GET", "/api/v3/depth?symbol=ETHUSDT").await;
        let target = now["lastUpdateId"].as_u64().unwrap();
        let kept = catch_up(&mut client, &mut book, last, target).await;
        last = kept;
        if last == target {
            assert_eq!(book[0], Side::of(&now["bids"]));
            assert_eq!(book[1], Side::of(&now["asks"]));
            return;
        }
    }
}

/// Applies events until one reaches `target`.
async fn catch_up(client: &mut Client, book: &mut [Side; 2], mut last: u64, target: u64) -> u64 {
    while last < target {
        let event = client.json().await;
        assert_eq!(event["U"].as_u64(), Some(last + 1), "{event}");
        book[0].apply(&event["b"]);
        book[1].apply(&event["a"]);
        last = event["u"].as_u64().unwrap();
    }
    last
}

#[derive(Debug, PartialEq)]
struct Side(BTreeMap<String, String>);

impl Side {
    fn of(levels: &Value) -> Self {
        let mut side = Self(BTreeMap::new());
        side.apply(levels);
        side
    }

    fn apply(&mut self, levels: &Value) {
        for level in levels.as_array().unwrap() {
            let text = |index: usize| level[index].as_str().unwrap().to_owned();
            match text(1).as_str() {
                "0.00000000" => self.0.remove(&text(0)),
                _ => self.0.insert(text(0), text(1)),
            };
        }
    }
}

#[tokio::test]
async fn req_n08_a_pong_follows_all_that_happened_before_the_ping() {
    let exchange = exchange().await;
    let mut client = Client::open(exchange.local_addr(), "/ws/btcusdt@trade").await;
    let mut last = client.json().await["t"].as_u64().unwrap();
    for _ in 0..3 {
        let newest = exchange.newest("btcusdt@trade").unwrap();
        for trade in client.until_pong().await {
            last = trade["t"].as_u64().unwrap();
        }
        assert!(last >= newest, "{last} was the last before the pong, {newest} had happened");
    }
}

#[tokio::test]
async fn req_n08_the_market_goes_on_while_the_port_is_closed() {
    let exchange = exchange().await;
    let mut client = Client::open(exchange.local_addr(), "/ws/btcusdt@trade").await;
    let before = client.json().await["t"].as_u64().unwrap();
    exchange.stop().await.unwrap();
    client.lost().await;
    let closed = exchange.newest("btcusdt@trade").unwrap();
    exchange.start().await.unwrap();
    let mut client = Client::open(exchange.local_addr(), "/ws/btcusdt@trade").await;
    let after = client.json().await["t"].as_u64().unwrap();
    assert!(before <= closed && closed < after, "{before} {closed} {after}");
}
