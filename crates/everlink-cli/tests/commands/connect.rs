//! `everlink connect` over losses: what it says, and what it still delivers.

use everlink_testkit::chaos::{ChaosProxy, End};
use everlink_testkit::server::{Script, ScriptedServer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{SOON, complaints, connect};

#[tokio::test(flavor = "multi_thread")]
async fn req_x01_req_x08_a_killed_server_is_told_step_by_step_and_what_was_said_meanwhile_arrives()
{
    let server = ScriptedServer::builder().build().await.unwrap();
    let mut program = connect(&[&server.url(), "--exit-after", "3"]);
    program.say("before").unwrap();
    program.wait(0, SOON, |line| line.text == "before").unwrap();
    server.stop().await.unwrap();
    program.event(0, SOON, "attempt_failed").unwrap();
    program.say("while down 1").unwrap();
    program.say("while down 2").unwrap();
    server.start().await.unwrap();
    assert_eq!(program.ended(SOON).unwrap(), 0);
    assert_eq!(program.output(), ["before", "while down 1", "while down 2"]);
    let second = server.connections().pop().unwrap();
    assert_eq!(second.texts(2).await.unwrap(), ["while down 1", "while down 2"]);
    assert_eq!(
        states(&program),
        ["connecting", "connected", "disconnected", "reconnecting", "connected", "closed"]
    );
}

/// Returns the states that the events of a run tell, each of which must be JSON.
fn states(program: &everlink_e2e::Program) -> Vec<String> {
    let told = program.lines().into_iter().filter(|line| line.is_error).map(|line| {
        let json = line.json();
        assert!(json["event"].is_string(), "no event: {}", line.text);
        json
    });
    let changes = told.filter(|json| json["event"] == "state_changed");
    changes.map(|json| json["to"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn req_x02_a_server_that_drops_everyone_at_once_is_not_stormed() {
    let server = ScriptedServer::builder().otherwise(Script::new().accept().close_without_frame());
    let server = server.build().await.unwrap();
    let mut program = connect(&[
        &server.url(),
        "--stable-after",
        "5s",
        "--backoff-min",
        "100ms",
        "--backoff-max",
        "10s",
        "--timeout",
        "2s",
    ]);
    assert_eq!(program.ended(SOON).unwrap(), 5);
    // 0.1, 0.2, 0.4 and 0.8 s fit into two seconds, behind the first dial and a return at once.
    let count = server.connection_count();
    assert!((3..=7).contains(&count), "{count} connections in 2 s");
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_05_the_next_url_is_tried_when_the_first_refuses() {
    let server = ScriptedServer::builder().build().await.unwrap();
    let dead = ScriptedServer::builder().build().await.unwrap();
    dead.stop().await.unwrap();
    let mut program = connect(&[&dead.url(), &server.url(), "--exit-after", "1"]);
    program.say("hello").unwrap();
    assert_eq!(program.ended(SOON).unwrap(), 0);
    assert_eq!(program.output(), ["hello"]);
    assert!(complaints(&program).contains("attempt_failed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_asked_for_carries_every_connection() {
    let server = ScriptedServer::builder().build().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let first = tunnel(&listener).await;
        let second = tunnel(&listener).await;
        [first, second]
    });
    let mut program = connect(&[&server.url(), "--proxy", &url]);
    program.event(0, SOON, "connected").unwrap();
    server.kill();
    program.event(0, SOON, "reconnected").unwrap();
    let expected = format!("CONNECT {} HTTP/1.1", server.local_addr());
    assert_eq!(asked.await.unwrap(), [expected.clone(), expected]);
    program.interrupt().unwrap();
    assert_eq!(program.ended(SOON).unwrap(), 130);
}

/// Serves one CONNECT in the background, and returns its request line.
async fn tunnel(listener: &TcpListener) -> String {
    let (mut client, _) = listener.accept().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let line = head.lines().next().unwrap().to_owned();
    let target = line.split(' ').nth(1).unwrap();
    let mut upstream = TcpStream::connect(target).await.unwrap();
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    tokio::spawn(async move { copy_bidirectional(&mut client, &mut upstream).await });
    line
}

#[tokio::test(flavor = "multi_thread")]
async fn req_f03_channels_are_subscribed_again_after_each_cut() {
    let server = ScriptedServer::builder().build().await.unwrap();
    let proxy = ChaosProxy::builder().upstream(server.local_addr()).build().await.unwrap();
    let url = format!("ws://{}/", proxy.local_addr());
    let dialect = ["--dialect", "exchange", "--subscribe", "a@trade", "--subscribe", "b@depth"];
    let program = connect(&[&[url.as_str()][..], &dialect].concat());
    for round in 1..=3 {
        let connection = server.connection(round).await.unwrap();
        connection.subscribed("a@trade").await.unwrap();
        connection.subscribed("b@depth").await.unwrap();
        assert_eq!(connection.texts(1).await.unwrap().len(), 1, "one batch");
        proxy.cut(End::Reset);
    }
    drop(program);
}
