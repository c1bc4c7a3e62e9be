//! The servers of others do what the tests from end to end build on.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use everlink_e2e::{Environment, EventKind, Probe, Server, ServerKind, ServerOptions};

const SOON: Duration = Duration::from_secs(10);

fn ask(url: &str, messages: &[&str]) -> Vec<String> {
    Probe::new(url).ask(messages).expect("the server answers")
}

fn start(kind: ServerKind) -> Server {
    Server::start(kind, ServerOptions::default()).expect("the server starts")
}

fn each(check: impl Fn(Server)) {
    ServerKind::ALL.into_iter().for_each(|kind| check(start(kind)));
}

#[test]
fn every_server_echoes_answers_pings_and_confirms_subscriptions() {
    let ping = r#"{"type":"ping"}"#;
    let subscribe = r#"{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":7}"#;
    each(|server| {
        let answers = ask(&server.url(), &["hello", ping, subscribe]);
        let parsed = |at: usize| serde_json::from_str::<serde_json::Value>(&answers[at]).unwrap();
        assert_eq!(answers[0], "hello", "{:?}", server.kind());
        assert_eq!(parsed(1), serde_json::json!({ "type": "pong" }));
        assert_eq!(parsed(2), serde_json::json!({ "result": null, "id": 7 }));
    });
}

#[test]
fn every_server_tells_what_it_saw() {
    each(|server| {
        let url = format!("{}room?id=1", server.url());
        ask(&url, &["hé", r#"{"op":"subscribe","args":["a"]}"#]);
        let is_close = |kind: &EventKind| matches!(kind, EventKind::Close { .. });
        let kinds = server
            .wait(SOON, |events| {
                let kinds: Vec<_> = events.iter().map(|event| event.kind.clone()).collect();
                kinds.iter().any(is_close).then_some(kinds)
            })
            .unwrap();
        let request = serde_json::json!({ "op": "subscribe", "args": ["a"] });
        let expected = [
            EventKind::Listening { port: server.address().port() },
            EventKind::Open { connection: 1, path: "/room?id=1".to_owned() },
            EventKind::Message { connection: 1, text: Some("hé".to_owned()), bytes: 3 },
            EventKind::Subscribe { connection: 1, request },
            EventKind::Close { connection: 1, code: Some(1000) },
        ];
        assert_eq!(kinds, expected, "{:?}", server.kind());
    });
}

#[test]
fn every_server_pushes_ticks_when_asked() {
    for kind in ServerKind::ALL {
        let push_every = Some(Duration::from_millis(20));
        let options = ServerOptions { push_every, ..ServerOptions::default() };
        let server = Server::start(kind, options).unwrap();
        // The echo comes first, or a tick does; among four answers there is a tick in any case.
        let answers = ask(&server.url(), &["a", "b", "c", "d"]);
        let mut socket = upgrade(&server);
        let mut received = [0; 64];
        let read = socket.read(&mut received).unwrap();
        let text = String::from_utf8_lossy(&received[..read]).into_owned();
        assert!(text.contains("tick"), "{kind:?}: {text:?}, {answers:?}");
    }
}

#[test]
fn a_killed_server_refuses_and_comes_back_on_its_port() {
    each(|mut server| {
        let url = server.url();
        server.kill().unwrap();
        let refused = Probe::new(&url).ask(&["hello"]).unwrap_err().to_string();
        assert!(refused.contains("Refused") || refused.contains("Refused"), "{refused}");
        server.restart().unwrap();
        assert_eq!(server.url(), url);
        assert_eq!(ask(&url, &["again"]), ["again"]);
    });
}

#[test]
fn a_frozen_server_is_silent_and_goes_on_when_thawed() {
    each(|server| {
        server.freeze().unwrap();
        let probe = Probe::new(server.url()).limit(Duration::from_secs(1));
        let silent = probe.ask(&["hello"]).unwrap_err().to_string();
        assert!(silent.contains("Timeout"), "{silent}");
        server.thaw().unwrap();
        assert_eq!(ask(&server.url(), &["hello"]), ["hello"]);
    });
}

#[test]
fn a_dropped_server_is_gone() {
    each(|server| {
        let address = server.address();
        drop(server);
        assert!(TcpStream::connect(address).is_err(), "{address} still answers");
    });
}

#[test]
fn a_server_ends_when_its_owner_was_killed() {
    let environment = Environment::set_up().unwrap();
    let scripts =
        ["websockets_echo.py", "aiohttp_echo.py"].map(|script| environment.python(script));
    for mut command in scripts.into_iter().chain([environment.node("ws_echo.js")]) {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = command.spawn().unwrap();
        let mut output = BufReader::new(server.stdout.take().unwrap());
        output.read_line(&mut String::new()).unwrap();
        // What the kernel does for a killed owner. Reading to the end then waits for the server's.
        drop(server.stdin.take());
        output.read_to_end(&mut Vec::new()).unwrap();
        assert!(server.wait().unwrap().success(), "{command:?}");
    }
}

#[test]
fn a_server_that_cannot_start_says_why_at_once() {
    let first = start(ServerKind::NodeWs);
    let port = first.address().port();
    let second =
        Server::start(ServerKind::NodeWs, ServerOptions { port, ..ServerOptions::default() });
    let error = second.unwrap_err().to_string();
    assert!(error.contains("ws ended with") && error.contains("EADDRINUSE"), "{error}");
}

/// Opens a WebSocket by hand and returns it after the upgrade.
fn upgrade(server: &Server) -> TcpStream {
    let mut socket = TcpStream::connect(server.address()).expect("it listens");
    socket.set_read_timeout(Some(SOON)).expect("not zero");
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    socket.write_all(request.as_bytes()).expect("it reads");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).expect("it answers");
        head.extend(byte);
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    socket
}
