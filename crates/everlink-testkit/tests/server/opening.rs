//! How the server answers the upgrade request, well and badly.

use crate::client::{ACCEPT, Client, Lost, bounded, serve};
use everlink_testkit::server::{Ending, Script, ScriptFailure, Subprotocol};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

#[tokio::test]
async fn req_n08_a_connection_shows_the_upgrade_request_that_it_saw() {
    let server = serve(Script::new().accept()).await;
    let headers = "Sec-WebSocket-Protocol: everlink.v1.json, plain\r\nX-Token: secret\r\n";
    let mut client = Client::ask(server.local_addr(), headers).await;
    let head = client.head().await;
    assert!(head.contains("Sec-WebSocket-Protocol: everlink.v1.json\r\n"), "{head}");
    let connection = server.connection(1).await.unwrap();
    let request = connection.request().await.unwrap();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/chat?id=1"));
    assert_eq!(request.header("x-token"), Some("secret"));
    assert_eq!(request.subprotocols(), ["everlink.v1.json", "plain"]);
    connection.finished().await.unwrap();
    assert!(connection.record().is_accepted);
}

#[tokio::test]
async fn req_n08_the_answer_can_refuse_redirect_or_be_a_captive_portal() {
    let scripts = [
        (
            Script::new().reject(503, &[("Retry-After", "7")]),
            "503 Service Unavailable",
            "Retry-After: 7\r\n",
        ),
        (Script::new().reject(599, &[]), "599 Unknown", "Connection: close\r\n"),
        (Script::new().redirect("http://x.test/"), "302 Found", "Location: http://x.test/\r\n"),
        (Script::new().captive_portal(), "200 OK", "<!doctype html>"),
    ];
    for (script, status, part) in scripts {
        let server = serve(script).await;
        let answer = Client::ask(server.local_addr(), "").await.rest().await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
        assert!(answer.contains(part), "{answer}");
        let connection = server.connection(1).await.unwrap();
        connection.finished().await.unwrap();
        assert_eq!(connection.ended().await.unwrap().ending, Some(Ending::Script));
    }
}

#[tokio::test]
async fn req_n08_fault_13_accept_and_subprotocol_can_be_wrong() {
    let server = serve(Script::new().wrong_accept()).await;
    let head = Client::ask(server.local_addr(), "").await.head().await;
    assert!(head.contains("Sec-WebSocket-Accept: ") && !head.contains(ACCEPT), "{head}");

    let choice = Subprotocol::Named("other".to_owned());
    let script = Script::new().subprotocol(choice).answer_header("X-More", "yes").accept();
    let server = serve(script).await;
    let head =
        Client::ask(server.local_addr(), "Sec-WebSocket-Protocol: mine\r\n").await.head().await;
    assert!(head.contains("Sec-WebSocket-Protocol: other\r\nX-More: yes\r\n"), "{head}");

    let server = serve(Script::new().subprotocol(Subprotocol::None).accept()).await;
    let head =
        Client::ask(server.local_addr(), "Sec-WebSocket-Protocol: mine\r\n").await.head().await;
    assert!(!head.contains("Sec-WebSocket-Protocol"), "{head}");
}

#[tokio::test(start_paused = true)]
async fn req_n08_fault_08_the_answer_can_drip_and_can_never_end() {
    let server = serve(Script::new().drip(Duration::from_millis(500)).accept()).await;
    let mut client = Client::ask(server.local_addr(), "").await;
    let start = Instant::now();
    let len = client.head().await.len() as f64;
    let seconds = start.elapsed().as_secs_f64();
    assert!((seconds - (len - 1.0) / 2.0).abs() < 0.5, "{len} bytes in {seconds} s");

    let server = serve(Script::new().endless_headers()).await;
    let mut client = Client::ask(server.local_addr(), "").await;
    let mut head = vec![0; 1_000_000];
    bounded(client.stream.read_exact(&mut head)).await.unwrap();
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 101 ") && !head.contains("\r\n\r\n"));
}

#[tokio::test(start_paused = true)]
async fn req_n08_fault_08_a_stall_before_the_upgrade_or_after_it_is_silent() {
    for script in [Script::new().stall_forever(), Script::new().never_accept()] {
        let server = serve(script).await;
        let mut client = Client::ask(server.local_addr(), "").await;
        let silence = timeout(Duration::from_secs(60), client.stream.read_u8()).await;
        assert!(silence.is_err(), "{silence:?}");
        assert_eq!(server.connection(1).await.unwrap().record().request, None);
    }
    let server =
        serve(Script::new().accept().stall(Duration::from_secs(30)).send_text("now")).await;
    let mut client = Client::open(&server).await;
    let start = Instant::now();
    client.expect_text("now").await;
    assert_eq!(start.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn req_n08_a_stall_before_accept_holds_later_connections_back() {
    let server = serve(Script::new().stall_before_accept(Duration::from_secs(5))).await;
    let start = Instant::now();
    let mut first = Client::ask(server.local_addr(), "").await;
    server.connection(1).await.unwrap();
    let mut second = Client::ask(server.local_addr(), "").await;
    second.head().await;
    first.head().await;
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn req_n08_a_client_that_speaks_no_http_is_named() {
    let server = serve(Script::new()).await;
    let mut client = bounded(TcpStream::connect(server.local_addr())).await.unwrap();
    client.write_all(b"\x16\x03\x01 not http\r\n\r\n").await.unwrap();
    let record = server.connection(1).await.unwrap().ended().await.unwrap();
    assert!(matches!(record.ending, Some(Ending::ClientBroken(_))), "{record:?}");
    assert!(matches!(record.script, Some(Err(ScriptFailure::Ended(_)))), "{record:?}");

    let server = serve(Script::new()).await;
    let mut client = bounded(TcpStream::connect(server.local_addr())).await.unwrap();
    // The server may close before all is written.
    drop(bounded(client.write_all(&[b'x'; 200_000])).await);
    let record = server.connection(1).await.unwrap().ended().await.unwrap();
    assert!(matches!(record.ending, Some(Ending::ClientBroken(_))), "{record:?}");
}

#[tokio::test]
async fn req_n08_a_message_that_comes_with_the_request_is_not_lost() {
    let server = serve(Script::echoing()).await;
    // A masked text "hi", right behind the head.
    let mut stream = bounded(TcpStream::connect(server.local_addr())).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Key: x\r\n\r\n\x81\x82\0\0\0\0hi";
    bounded(stream.write_all(request)).await.unwrap();
    assert_eq!(server.connection(1).await.unwrap().texts(1).await.unwrap(), ["hi"]);
}

#[tokio::test]
async fn req_n08_a_script_can_end_the_socket_before_the_upgrade() {
    let server = serve(Script::new().close_without_frame()).await;
    let mut client = Client::ask(server.local_addr(), "").await;
    assert_eq!(client.next().await, Err(Lost::Eof));
    let server = serve(Script::new().reset()).await;
    let mut stream = bounded(TcpStream::connect(server.local_addr())).await.unwrap();
    assert!(bounded(stream.read_u8()).await.is_err());
    server.connection(1).await.unwrap().finished().await.unwrap();
}
