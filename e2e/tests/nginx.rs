//! nginx forwards a WebSocket, and cuts one without traffic.

use std::time::{Duration, Instant};

use everlink_e2e::{EventKind, Nginx, Probe, Server, ServerKind, ServerOptions};

#[test]
fn nginx_forwards_and_cuts_what_is_idle() {
    let server = Server::start(ServerKind::PythonWebsockets, ServerOptions::default()).unwrap();
    let nginx = Nginx::in_front_of(server.address()).unwrap();
    assert_eq!(Probe::new(nginx.url()).ask(&["hello"]).unwrap(), ["hello"]);

    // A client without pings of its own that says nothing, until somebody ends the connection.
    let idle = Probe::new(nginx.url()).limit(Nginx::IDLE_MAX * 4);
    let started = Instant::now();
    idle.idle().unwrap();
    let lived = started.elapsed();
    assert!(lived >= Nginx::IDLE_MAX, "cut after {lived:?}");
    assert!(lived < Nginx::IDLE_MAX * 3, "cut only after {lived:?}");
    let code = server.wait(Duration::from_secs(10), |events| {
        events.iter().rev().find_map(|event| match event.kind {
            EventKind::Close { connection: 2, code } => Some(code),
            EventKind::Listening { .. }
            | EventKind::Open { .. }
            | EventKind::Message { .. }
            | EventKind::Ping { .. }
            | EventKind::Subscribe { .. }
            | EventKind::Unsubscribe { .. }
            | EventKind::Close { .. }
            | EventKind::Entered { .. }
            | EventKind::Left { .. } => None,
        })
    });
    assert_ne!(code.unwrap(), Some(1000), "the proxy says no farewell");
}

#[test]
fn nginx_without_a_server_answers_502_and_works_again_once_there_is_one() {
    let mut server = Server::start(ServerKind::NodeWs, ServerOptions::default()).unwrap();
    let mut nginx = Nginx::in_front_of(server.address()).unwrap();
    server.kill().unwrap();
    let error = Probe::new(nginx.url()).ask(&["hello"]).unwrap_err().to_string();
    assert!(error.contains("502"), "{error}");
    server.restart().unwrap();
    nginx.restart().unwrap();
    assert_eq!(Probe::new(nginx.url()).ask(&["hello"]).unwrap(), ["hello"]);
}

#[test]
fn a_killed_or_frozen_nginx_forwards_nothing() {
    let server = Server::start(ServerKind::Aiohttp, ServerOptions::default()).unwrap();
    let mut nginx = Nginx::in_front_of(server.address()).unwrap();
    let probe = Probe::new(nginx.url());
    nginx.freeze().unwrap();
    let silent = probe.clone().limit(Duration::from_secs(1)).ask(&["hello"]).unwrap_err();
    assert!(silent.to_string().contains("Timeout"), "{silent}");
    nginx.thaw().unwrap();
    assert_eq!(probe.ask(&["hello"]).unwrap(), ["hello"]);
    nginx.kill().unwrap();
    let refused = probe.ask(&["hello"]).unwrap_err();
    assert!(refused.to_string().contains("Refused"), "{refused}");
}
