//! `everlink chaos` between `everlink connect` and a server of others, driven by its control port.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use everlink_e2e::{Program, Server, ServerKind, ServerOptions};

use crate::{SOON, everlink};

/// Sends one request to the control port, and returns the answer.
fn order(control: &str, request: &str, body: &str) -> String {
    let address = control.trim_start_matches("http://").trim_end_matches('/');
    let mut socket = TcpStream::connect(address).unwrap();
    let length = body.len();
    let head = format!(
        "{request} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    socket.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{request}: {answer}");
    answer
}

fn connected_through(chaos: &Program) -> (Program, String) {
    let started = chaos.wait(0, SOON, |line| line.json()["event"] == "started").unwrap().json();
    let url = format!("ws://{}/", started["listen"].as_str().unwrap());
    let beat = ["--heartbeat-interval", "300ms", "--heartbeat-timeout", "300ms"];
    let quick = ["--return-window", "0s", "--backoff-min", "50ms", "--backoff-max", "200ms"];
    let stable = ["--stable-after", "0s", "--dials-per-minute", "none", "--dialect", "json"];
    let client = [&["connect", &url, "--json"][..], &beat, &quick, &stable].concat();
    (everlink(&client), started["control"].as_str().unwrap().to_owned())
}

#[test]
fn req_n07_faults_ordered_at_the_control_port_are_noticed_and_survived() {
    let server = Server::start(ServerKind::Aiohttp, ServerOptions::default()).unwrap();
    let to = server.address().to_string();
    let mut chaos = everlink(&["chaos", "--to", &to, "--control", "--json"]);
    let (client, control) = connected_through(&chaos);
    client.event(0, SOON, "connected").unwrap();
    for (request, body) in [
        ("POST /cut", ""),
        ("POST /reset", ""),
        ("POST /fault", r#"{"fault": "half-open=up", "for": "1s"}"#),
        ("POST /fault", r#"{"fault": "blackhole", "for": "1s"}"#),
    ] {
        let from = client.count();
        order(&control, request, body);
        let lost =
            |line: &everlink_e2e::Line| line.is_event("disconnected") || line.is_event("moved");
        client.wait(from, SOON, lost).unwrap();
        client.event(from, SOON, "reconnected").unwrap();
        let word = format!("after {request} {body}");
        client.say(&word).unwrap();
        client.wait(from, SOON, |line| !line.is_error && line.text == word).unwrap();
    }
    assert!(order(&control, "GET /status", "").contains("connections"));
    chaos.interrupt().unwrap();
    assert_eq!(chaos.ended(SOON).unwrap(), 0);
    let last = chaos.output().pop().unwrap();
    assert!(last.contains("\"ended\""), "{last}");
}
