//! The same knobs over HTTP.

use crate::client::{Client, Lost, ask, http};
use everlink_testkit::fake::{COMMANDS, Chat, Exchange};
use serde_json::json;
use tokio::net::TcpStream;

async fn exchange() -> Exchange {
    let builder = Exchange::builder().symbols(["btcusdt"]).rate(200.0);
    builder.real_traffic(true).build().await.unwrap()
}

#[tokio::test]
async fn req_n08_commands_of_an_exchange_do_what_the_handle_does() {
    let exchange = exchange().await;
    let address = exchange.local_addr();
    let post = async |path: &str| http(address, "POST", path).await;
    let mut client = Client::open(address, "/ws/btcusdt@trade").await;
    client.json().await;

    let (status, hole) = post("/control/skip?stream=btcusdt@trade&events=3").await;
    assert_eq!((status, hole["last"].as_u64()), (200, hole["first"].as_u64().map(|id| id + 2)));
    assert_eq!(post("/control/refuse?stream=btcusdt%40depth").await, (200, json!({})));
    assert_eq!(post("/control/silence").await.0, 200);
    let (_, state) = http(address, "GET", "/control/state").await;
    assert_eq!((&state["silent"], &state["holes"]), (&json!(true), &json!(1)));
    assert_eq!(state["refused_streams"], json!(["btcusdt@depth"]));
    assert_eq!(state["counters"]["connections_open"], 1);
    assert_eq!(post("/control/resume").await.0, 200);
    assert_eq!(post("/control/allow?stream=btcusdt@depth").await.0, 200);
    client.json().await;
    assert_eq!(post("/control/shutdown-notice").await.0, 200);
    while client.json().await["e"] != "serverShutdown" {}
    assert_eq!(post("/control/cut?code=1012").await.0, 200);
    assert_eq!(client.lost().await, Lost::Closed(Some(1012)));
    assert_eq!(post("/control/refuse-connections?status=502").await.0, 200);
    assert_eq!(ask(address, &crate::client::upgrade("/ws", "")).await.0, 502);
    assert_eq!(post("/control/allow-connections").await.0, 200);
    Client::open(address, "/ws").await;
}

#[tokio::test]
async fn req_n08_a_restart_by_command_closes_the_port_for_its_time() {
    let exchange = exchange().await;
    let address = exchange.local_addr();
    let mut client = Client::open(address, "/ws").await;
    exchange.wait_for("it", |counters| counters.connections_open == 1).await.unwrap();
    let (status, _) = http(address, "POST", "/control/restart?after=300ms").await;
    let told = std::time::Instant::now();
    assert_eq!((status, client.lost().await), (200, Lost::Reset));
    while TcpStream::connect(address).await.is_err() {
        assert!(told.elapsed().as_secs() < 20);
        tokio::task::yield_now().await;
    }
    assert!(told.elapsed().as_millis() >= 200, "{:?}", told.elapsed());
    Client::open(address, "/ws").await;
}

#[tokio::test]
async fn req_n08_commands_of_a_chat_do_what_the_handle_does() {
    let chat = Chat::builder().build().await.unwrap();
    let address = chat.local_addr();
    let mut client = Client::open(address, "/ws").await;
    client.next_text().await.unwrap();
    assert_eq!(http(address, "POST", "/control/say?nick=alice&text=hello+there").await.0, 200);
    let line = client.next_text().await.unwrap();
    assert!(line.starts_with("MSG {") && line.contains(r#""data":"hello there""#), "{line}");
    assert_eq!(http(address, "POST", "/control/line?text=REFRESH%20%7B%7D").await.0, 200);
    assert_eq!(client.next_text().await.unwrap(), "REFRESH {}");
    let (_, state) = http(address, "GET", "/control/state").await;
    assert_eq!(state["counters"]["messages"], 1);
    assert_eq!(http(address, "POST", "/control/cut?how=reset").await.0, 200);
    assert_eq!(client.lost().await, Lost::Reset);
}

#[tokio::test]
async fn req_n08_a_wrong_command_is_answered_with_what_is_accepted() {
    let exchange = exchange().await;
    let address = exchange.local_addr();
    assert_eq!(http(address, "GET", "/control").await, (200, json!(COMMANDS)));
    for (method, path, status, part) in [
        ("POST", "/control/nosuch", 404, "command is \\\"nosuch\\\""),
        ("POST", "/control/say?nick=a&text=b", 404, "command is \\\"say\\\""),
        ("GET", "/control/cut", 405, "commands are POST"),
        ("POST", "/control/cut?how=softly", 400, "accepted: close, fin, reset"),
        ("POST", "/control/cut?code=1006", 400, "1000 to 1003, 1007 to 1014 or 3000 to 4999"),
        ("POST", "/control/cut?how=fin&code=1000", 400, "with how=close"),
        ("POST", "/control/cut?volume=11", 400, "volume=11"),
        ("POST", "/control/cut?how=fin&how=reset", 400, "each field once"),
        ("POST", "/control/restart?after=soon", 400, "a time with its unit"),
        ("POST", "/control/refuse-connections?status=200", 400, "400 to 599"),
        ("POST", "/control/refuse", 400, "a stream, such as btcusdt@trade"),
        ("POST", "/control/skip?stream=nosuch@trade&events=1", 400, "SYMBOL@KIND"),
        ("POST", "/control/skip?stream=btcusdt@trade&events=0", 400, "1 to 1000000"),
        ("POST", "/control/skip?stream=btcusdt@trade&events=2.5", 400, "1 to 1000000"),
    ] {
        let (found, answer) = http(address, method, path).await;
        assert_eq!(found, status, "{path}: {answer}");
        assert!(answer.to_string().contains(part), "{path}: {answer}");
    }
}

#[tokio::test]
async fn req_n08_a_web_page_commands_nothing() {
    let exchange = exchange().await;
    let request = "POST /control/cut HTTP/1.1\r\nHost: x\r\nOrigin: http://evil.test\r\n\r\n";
    assert_eq!(ask(exchange.local_addr(), request).await.0, 403);
}
