//! `everlink status` against a real server in this process, and against none.

use std::net::SocketAddr;
use std::time::Duration;

use everlink_e2e::Program;
use everlink_server::Server;
use everlink_server::listen::Listener;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::support::{SOON, complaints, everlink};

/// A server of our own; returns its address.
async fn serving() -> SocketAddr {
    let server = Server::builder().node("watched").build().unwrap();
    let listener = Listener::bind(&[SocketAddr::from(([127, 0, 0, 1], 0))]).unwrap();
    let address = listener.local_addrs()[0];
    tokio::spawn(listener.serve(server.router(), std::future::pending()));
    address
}

fn status(url: &str, arguments: &[&str]) -> Program {
    Program::start(everlink(&["status", url]).args(arguments)).unwrap()
}

/// An address where nobody listens, whatever others on this machine bind meanwhile.
async fn nobody() -> (SocketAddr, tokio::net::TcpSocket) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    (socket.local_addr().unwrap(), socket)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_a_server_is_a_table_for_people() {
    let address = serving().await;
    let mut program = status(&format!("http://{address}"), &[]);
    assert_eq!(program.ended(SOON).unwrap(), 0, "{}", complaints(&program));
    let output = program.output();
    for (at, name) in [
        "node",
        "connections",
        "rooms",
        "last second",
        "messages",
        "reconnects",
        "quality",
        "store",
    ]
    .into_iter()
    .enumerate()
    {
        assert!(output[at].starts_with(&format!("{name:<12} ")), "{output:#?}");
    }
    assert!(output[0].contains("watched, up"), "{output:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_what_the_server_says_and_nothing_else() {
    let address = serving().await;
    let mut program = status(&format!("http://{address}/"), &["--json"]);
    assert_eq!(program.ended(SOON).unwrap(), 0, "{}", complaints(&program));
    let object: Value = serde_json::from_str(&program.output().join("\n")).unwrap();
    assert_eq!(object["node"], "watched");
    assert_eq!(object["connections"], 0);
    assert!(object["rates"]["messages_in"].is_u64(), "{object:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_named() {
    let (address, _held) = nobody().await;
    let mut program = status(&format!("http://{address}"), &[]);
    assert_eq!(program.ended(SOON).unwrap(), 1);
    let text = complaints(&program);
    assert!(text.contains(&format!("http://{address}/api/status: no answer")), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_answers_is_given_up_after_the_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut program = status(&format!("http://{address}"), &["--timeout", "200ms"]);
    assert_eq!(program.ended(SOON).unwrap(), 1);
    assert!(complaints(&program).contains("timeout"), "{}", complaints(&program));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_is_not_taken_for_one_of_ours() {
    let address = serving().await;
    let mut program = status(&format!("http://{address}/elsewhere"), &[]);
    assert_eq!(program.ended(SOON).unwrap(), 1);
    let text = complaints(&program);
    assert!(text.contains("404") && text.contains("Everlink"), "{text}");
}

#[test]
fn a_wrong_url_is_wrong_usage() {
    let mut program = status("ws://127.0.0.1:8400", &[]);
    assert_eq!(program.ended(SOON).unwrap(), 2);
    let text = complaints(&program);
    assert!(text.contains("ws://127.0.0.1:8400") && text.contains("accepted: http://"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_without_a_terminal_prints_lines_and_survives_the_absence_of_the_server() {
    let (address, held) = nobody().await;
    let program = status(&format!("http://{address}"), &["--watch", "--json", "--every", "100ms"]);
    program.wait(0, SOON, |line| line.is_error && line.text.contains("unreachable since")).unwrap();
    drop(held);
    let address = address.to_string();
    let mut serve = everlink(&["serve", "--memory", "--node", "late", "--listen", &address]);
    let mut server = Program::start(&mut serve).unwrap();
    for _ in 0..2 {
        let line = program.wait(program.count(), SOON, |line| !line.is_error).unwrap();
        assert_eq!(line.json()["node"], "late");
    }
    server.kill().unwrap();
    program
        .wait(program.count(), SOON, |line| line.is_error && line.text.contains("trying again"))
        .unwrap();
    let mut program = program;
    program.interrupt().unwrap();
    assert_eq!(program.ended(SOON).unwrap(), 130);
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_without_a_terminal_prints_a_line_for_people_each_time() {
    let address = serving().await;
    let program = status(&format!("http://{address}"), &["--watch", "--every", "100ms"]);
    let line = program.wait(0, SOON, |line| !line.is_error).unwrap();
    assert!(line.text.starts_with("watched: 0 connections, "), "{}", line.text);
    program.wait(program.count(), Duration::from_secs(20), |line| !line.is_error).unwrap();
}
