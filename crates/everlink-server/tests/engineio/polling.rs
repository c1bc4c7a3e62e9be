//! HTTP long-polling.

use everlink_server::engineio::EngineIo;
use hyper::Method;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use everlink_server::speech::Closed;

use crate::support::{ask, echo, millis, soon};

#[tokio::test]
async fn req_r09_a_handshake_says_what_a_client_counts_on() {
    let settings =
        EngineIo::new().ping_interval(millis(300)).ping_timeout(millis(200)).max_payload(1_000_000);
    let site = echo(settings).await;
    let polling = site.poll().await;
    let mut expected = json!({
        "upgrades": ["websocket"], "pingInterval": 300, "pingTimeout": 200, "maxPayload": 1_000_000,
    });
    expected["sid"] = polling.sid.as_str().into();
    assert_eq!(polling.handshake, expected);
    assert!(polling.sid.len() >= 20, "{}", polling.sid);
    assert_ne!(site.poll().await.sid, polling.sid);
}

#[tokio::test]
async fn req_r09_messages_go_both_ways_one_or_several_in_a_body() {
    let site = echo(EngineIo::new()).await;
    let polling = site.poll().await;
    polling.say("4hello").await;
    let answer = polling.get().await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "4hello"));
    assert_eq!(answer.header("content-type"), "text/plain; charset=UTF-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-length"), "6");

    polling.say("4one\u{1e}bAQIDBA==\u{1e}4zwö\u{1e}4").await;
    assert_eq!(polling.hear_packets(4).await, ["4one", "bAQIDBA==", "4zwö", "4"]);
}

#[tokio::test]
async fn req_r09_a_poll_waits_for_what_is_said_later() {
    let site = echo(EngineIo::new()).await;
    let polling = site.poll().await;
    for round in 0..3 {
        let waits = tokio::spawn({
            let polling = polling.clone();
            async move { polling.hear().await }
        });
        let message = format!("4round {round}");
        polling.say(&message).await;
        assert_eq!(soon(waits).await.unwrap(), message);
    }
}

#[tokio::test]
async fn a_large_answer_comes_whole_and_in_order() {
    let site = echo(EngineIo::new()).await;
    let polling = site.poll().await;
    polling.say("4count 1000").await;
    let packets = polling.hear_packets(1000).await;
    for (number, packet) in packets.iter().enumerate() {
        assert_eq!(*packet, format!("4{number}"));
    }
}

#[tokio::test]
async fn a_second_poll_at_the_same_time_ends_the_session() {
    let mut site = echo(EngineIo::new()).await;
    let polling = site.poll().await;
    let first = tokio::spawn({
        let polling = polling.clone();
        async move { polling.get().await }
    });
    // Which of the two comes first is not known: one of them is refused, and the other ends.
    let second = polling.get().await;
    let first = soon(first).await.unwrap();
    let mut both = [(first.status, first.body), (second.status, second.body)];
    both.sort();
    assert_eq!(both[0], (200, "1".to_owned()));
    assert_eq!(both[1].0, 400);
    assert_eq!(site.closed().await, Closed::Broken);
    assert_eq!(polling.get().await.json()["code"], 1);
}

#[tokio::test]
async fn a_second_body_at_the_same_time_ends_the_session() {
    let mut site = echo(EngineIo::new()).await;
    let polling = site.poll().await;
    let mut first = TcpStream::connect(site.address).await.unwrap();
    let query = polling.query();
    let half = format!(
        "POST /engine.io/?{query} HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\n4half"
    );
    first.write_all(half.as_bytes()).await.unwrap();
    let refused = loop {
        let answer = polling.post("4whole").await;
        // The first one may not have been read yet.
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!((refused.status, &refused.json()["code"]), (400, &json!(3)));
    assert_eq!(site.closed().await, Closed::Broken);
    assert_eq!(polling.get().await.status, 400);
}

#[tokio::test]
async fn fault_38_a_body_that_is_too_large_is_refused_and_the_session_goes_on() {
    let site = echo(EngineIo::new().max_payload(2048)).await;
    let polling = site.poll().await;
    let just = format!("4{}", "x".repeat(2047));
    polling.say(&just).await;
    assert_eq!(polling.hear().await, just);
    assert_eq!(polling.post(&format!("{just}x")).await.status, 413);
    let query = polling.query();
    let chunked = format!(
        "POST /engine.io/?{query} HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n801\r\n{just}x\r\n0\r\n\r\n"
    );
    assert_eq!(raw_status(site.address, &chunked).await, "413");
    polling.say("4still here").await;
    assert_eq!(polling.hear().await, "4still here");
}

#[tokio::test]
async fn fault_39_a_body_that_is_not_understood_ends_the_session() {
    let mut site = echo(EngineIo::new()).await;
    for body in ["abc", "", "4a\u{1e}", "b%%%", "0{}", "2", "5"] {
        let polling = site.poll().await;
        let status = polling.post(body).await.status;
        // What can be read and has no place here is noticed by the session.
        let read = matches!(body, "2" | "5");
        assert!(status == 400 || read, "{body}: {status}");
        assert_eq!(site.closed().await, Closed::Broken, "{body}");
        let answer = polling.get().await;
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!(1)), "{body}");
    }
}

#[tokio::test]
async fn fault_06_a_poll_that_is_cut_off_ends_the_session() {
    let mut site = echo(EngineIo::new()).await;
    let polling = site.poll().await;
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let get = format!("GET /engine.io/?{} HTTP/1.1\r\nHost: here\r\n\r\n", polling.query());
    stream.write_all(get.as_bytes()).await.unwrap();
    drop(stream);
    assert_eq!(site.closed().await, Closed::Lost);
}

#[tokio::test]
async fn polling_can_be_off() {
    let site = echo(EngineIo::new().polling(false)).await;
    let answer = ask(site.address, Method::GET, "EIO=4&transport=polling", &[], "").await;
    assert_eq!(answer.json(), json!({"code": 0, "message": "Transport unknown"}));
}

async fn raw_status(address: std::net::SocketAddr, request: &str) -> String {
    use tokio::io::AsyncReadExt as _;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    soon(stream.read_exact(&mut head)).await.unwrap();
    String::from_utf8(head[9..].to_vec()).unwrap()
}
