//! Requests over the WebSocket and over HTTP, right and wrong.

use crate::client::{Client, ask, http, upgrade};
use everlink_testkit::fake::{Exchange, ExchangeRules};
use serde_json::json;
use std::time::Duration;

async fn exchange() -> Exchange {
    let rules = ExchangeRules { messages_max: 1_000, ..ExchangeRules::default() };
    Exchange::builder().symbols(["btcusdt", "ethusdt"]).rules(rules).build().await.unwrap()
}

#[tokio::test]
async fn req_n08_streams_are_subscribed_listed_and_left() {
    let exchange = exchange().await;
    let mut client = Client::open(exchange.local_addr(), "/ws").await;
    let subscribe = r#"{"method":"SUBSCRIBE","params":["btcusdt@trade","ethusdt@depth"],"id":1}"#;
    assert_eq!(client.request(subscribe).await, json!({ "result": null, "id": 1 }));
    let list = client.request(r#"{"method":"LIST_SUBSCRIPTIONS","id":"abc-7"}"#).await;
    assert_eq!(list, json!({ "result": ["btcusdt@trade", "ethusdt@depth"], "id": "abc-7" }));
    let leave = r#"{"method":"UNSUBSCRIBE","params":["btcusdt@trade"],"id":null}"#;
    assert_eq!(client.request(leave).await, json!({ "result": null, "id": null }));
    let list = client.request(r#"{"method":"LIST_SUBSCRIPTIONS","id":-4}"#).await;
    assert_eq!(list["result"], json!(["ethusdt@depth"]));
}

#[tokio::test]
async fn req_n08_the_combined_property_is_told_and_changed() {
    let exchange = Exchange::builder().rate(200.0).build().await.unwrap();
    let mut client = Client::open(exchange.local_addr(), "/ws/btcusdt@trade").await;
    assert!(client.json().await.get("stream").is_none());
    let get = r#"{"method":"GET_PROPERTY","params":["combined"],"id":2}"#;
    assert_eq!(client.request(get).await["result"], false);
    let set = r#"{"method":"SET_PROPERTY","params":["combined",true],"id":3}"#;
    assert_eq!(client.request(set).await["result"], json!(null));
    assert_eq!(client.request(get).await["result"], true);
    assert_eq!(client.json().await["stream"], "btcusdt@trade");
}

#[tokio::test]
async fn req_n08_wrong_requests_are_answered_with_the_documented_errors() {
    let exchange = exchange().await;
    let mut client = Client::open(exchange.local_addr(), "/ws").await;
    let long_id = format!(r#"{{"method":"LIST_SUBSCRIPTIONS","id":"{}"}}"#, "a".repeat(37));
    for (request, code, part) in [
        ("nonsense", 3, "Invalid JSON: expected"),
        (r#"{"id":1}"#, 2, "missing field `method`"),
        (r#"{"method":"JUMP","id":1}"#, 2, "unknown variant \"JUMP\", expected one of"),
        (r#"{"method":"LIST_SUBSCRIPTIONS"}"#, 2, "request ID must be"),
        (r#"{"method":"LIST_SUBSCRIPTIONS","id":1.5}"#, 2, "request ID must be"),
        (&long_id, 2, "request ID must be"),
        (r#"{"method":"SUBSCRIBE","params":[7],"id":1}"#, 2, "params must be"),
        (r#"{"method":"SUBSCRIBE","params":["nosuch@trade"],"id":1}"#, -1121, "Invalid symbol."),
        (r#"{"method":"SUBSCRIBE","params":["btcusdt@nosuch"],"id":1}"#, 2, "unknown stream"),
        (r#"{"method":"SET_PROPERTY","params":["other",true],"id":1}"#, 0, "Unknown property"),
        (r#"{"method":"SET_PROPERTY","params":[1,true],"id":1}"#, 2, "property name must be"),
        (r#"{"method":"SET_PROPERTY","params":["combined",1],"id":1}"#, 1, "expected Boolean"),
        (r#"{"method":"GET_PROPERTY","params":["combined",1],"id":1}"#, 2, "too many parameters"),
    ] {
        let answer = client.request(request).await;
        assert_eq!(answer["error"]["code"], code, "{request}: {answer}");
        let message = answer["error"]["msg"].as_str().unwrap();
        assert!(message.contains(part), "{request}: {answer}");
    }
    assert_eq!(exchange.counters().requests_refused, 13);
    assert_eq!(exchange.counters().connections_open, 1, "none of them ends the connection");
}

#[tokio::test]
async fn req_n08_a_request_with_one_unknown_stream_subscribes_to_none() {
    let exchange = exchange().await;
    let mut client = Client::open(exchange.local_addr(), "/ws").await;
    let subscribe = r#"{"method":"SUBSCRIBE","params":["btcusdt@trade","nosuch@trade"],"id":1}"#;
    assert!(client.request(subscribe).await.get("error").is_some());
    let list = client.request(r#"{"method":"LIST_SUBSCRIPTIONS","id":2}"#).await;
    assert_eq!(list["result"], json!([]));
}

#[tokio::test]
async fn req_n08_paths_are_judged_before_the_upgrade() {
    let exchange = exchange().await;
    for (path, status, part) in [
        ("/ws/nosuch@trade", 400, "Invalid symbol."),
        ("/stream?streams=btcusdt@trade/nosuch@trade", 400, "Invalid symbol."),
        ("/ws/btcusdt@nosuch", 400, "unknown stream"),
        ("/elsewhere", 404, "/stream?streams="),
    ] {
        let (code, _, body) = ask(exchange.local_addr(), &upgrade(path, "")).await;
        assert!(code == status && body.contains(part), "{path}: {code} {body}");
    }
    let plain = upgrade("/ws", "").replace("Version: 13", "Version: 12");
    let (code, head, _) = ask(exchange.local_addr(), &plain).await;
    assert!(code == 426 && head.contains("sec-websocket-version: 13"), "{head}");
    let keyless = upgrade("/ws", "").replace("Sec-WebSocket-Key", "X-Key");
    assert_eq!(ask(exchange.local_addr(), &keyless).await.0, 400);
    assert_eq!(ask(exchange.local_addr(), "nonsense\r\n\r\n").await.0, 400);
    assert_eq!(exchange.counters().connections, 0);
}

#[tokio::test]
async fn req_n08_rest_answers_as_documented() {
    let started = Duration::from_millis(1_700_000_000_000);
    let exchange = Exchange::builder().seed(3).starts_at(started).build().await.unwrap();
    let address = exchange.local_addr();
    assert_eq!(http(address, "GET", "/api/v3/ping").await, (200, json!({})));
    let (_, time) = http(address, "GET", "/api/v3/time").await;
    let passed = time["serverTime"].as_u64().unwrap() - 1_700_000_000_000;
    assert!(passed < 60_000, "{passed} ms after its start");
    let (_, trades) = http(address, "GET", "/api/v3/trades?symbol=BTCUSDT&limit=3").await;
    assert_eq!(trades.as_array().unwrap().len(), 3);
    let (_, orders) =
        http(address, "GET", "/api/v3/aggTrades?symbol=BTCUSDT&fromId=1&limit=2").await;
    assert_eq!(
        (&orders[0]["a"], &orders[0]["f"], &orders[1]["a"]),
        (&json!(1), &json!(1), &json!(2))
    );
    let (_, depth) = http(address, "GET", "/api/v3/depth?symbol=BTCUSDT&limit=5").await;
    assert_eq!(depth["bids"].as_array().unwrap().len(), 5);
    for (path, code) in [
        ("/api/v3/depth", -1102),
        ("/api/v3/depth?symbol=NOSUCH", -1121),
        ("/api/v3/trades?symbol=BTCUSDT&limit=many", -1100),
        ("/api/v3/historicalTrades?symbol=BTCUSDT&fromId=-1", -1100),
    ] {
        let (status, answer) = http(address, "GET", path).await;
        assert_eq!((status, &answer["code"]), (400, &json!(code)), "{path}: {answer}");
    }
    assert_eq!(http(address, "GET", "/api/v3/nosuch").await.0, 404);
    assert_eq!(http(address, "POST", "/api/v3/ping").await.0, 405);
    let beyond = "/api/v3/historicalTrades?symbol=BTCUSDT&fromId=18446744073709551615";
    assert_eq!(http(address, "GET", beyond).await, (200, json!([])));
}
