//! Requests that are refused, and those of pages.

use std::num::NonZeroU32;

use everlink_server::engineio::EngineIo;
use everlink_server::{BuildError, Limits, Quotas, Server};
use hyper::Method;
use serde_json::json;

use crate::support::{Socket, ask, echo, echo_of, millis};

#[tokio::test]
async fn what_is_asked_for_wrongly_is_refused_in_the_words_of_the_official_server() {
    let site = echo(EngineIo::new()).await;
    let sid = site.poll().await.sid;
    let known = format!("EIO=4&transport=websocket&sid={sid}");
    let put = format!("EIO=4&transport=polling&sid={sid}");
    let cases = [
        (Method::GET, "EIO=4", 0, "Transport unknown"),
        (Method::GET, "EIO=4&transport=abc", 0, "Transport unknown"),
        (Method::GET, "EIO=4&transport=polling&sid=abc", 1, "Session ID unknown"),
        (Method::POST, "EIO=4&transport=polling&sid=abc", 1, "Session ID unknown"),
        (Method::POST, "EIO=4&transport=polling", 2, "Bad handshake method"),
        (Method::PUT, "EIO=4&transport=polling", 2, "Bad handshake method"),
        (Method::PUT, &put, 3, "Bad request"),
        (Method::GET, "EIO=4&transport=websocket", 3, "Bad request"),
        (Method::GET, &known, 3, "Bad request"),
        (Method::GET, "transport=polling", 5, "Unsupported protocol version"),
        (Method::GET, "EIO=abc&transport=polling", 5, "Unsupported protocol version"),
        (Method::GET, "EIO=3&transport=polling", 5, "Unsupported protocol version"),
    ];
    for (method, query, code, message) in cases {
        let answer = ask(site.address, method.clone(), query, &[], "").await;
        assert_eq!(answer.status, 400, "{method} {query}");
        assert_eq!(answer.json(), json!({"code": code, "message": message}), "{method} {query}");
        assert_eq!(answer.header("content-type"), "application/json");
    }
    for (query, code) in [
        ("transport=websocket", 5),
        ("EIO=4&transport=abc", 0),
        ("EIO=4&transport=polling", 3),
        ("EIO=4&transport=websocket&sid=abc", 1),
    ] {
        let (status, body) = Socket::open(site.address, query).await.err().unwrap();
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &body["code"]), (400, &json!(code)), "{query}");
    }
}

#[tokio::test]
async fn pages_of_accepted_origins_may_poll_and_others_may_not() {
    let builder = Server::builder().origins(["https://page.example"]);
    let site = echo_of(builder, EngineIo::new()).await;
    let query = "EIO=4&transport=polling";
    let ours = [("origin", "https://page.example")];
    let answer = ask(site.address, Method::GET, query, &ours, "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "https://page.example");

    let asks = [
        ("origin", "https://page.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "x-mine"),
    ];
    let answer = ask(site.address, Method::OPTIONS, query, &asks, "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-methods"), "GET,POST");
    assert_eq!(answer.header("access-control-allow-headers"), "x-mine");

    let others = [("origin", "https://other.example")];
    let answer = ask(site.address, Method::GET, query, &others, "").await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json(), json!({"code": 4, "message": "Forbidden"}));
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn an_address_has_no_more_sessions_than_it_may() {
    let by_address = Quotas { connections: NonZeroU32::new(2), ..Quotas::default() };
    let limits = Limits { by_address, ..Limits::default() };
    let mut site = echo_of(Server::builder().limits(limits), EngineIo::new()).await;
    let polling = site.poll().await;
    let (socket, _) = Socket::begin(site.address).await;
    let answer = ask(site.address, Method::GET, "EIO=4&transport=polling", &[], "").await;
    assert_eq!(answer.status, 429);
    assert!(!answer.header("retry-after").is_empty());
    let refused = Socket::open(site.address, "EIO=4&transport=websocket").await;
    assert_eq!(refused.err().unwrap().0, 429);
    // Its own requests are not counted.
    polling.say("4x").await;
    assert_eq!(polling.hear().await, "4x");
    drop(socket);
    site.closed().await;
    site.poll().await;
}

#[tokio::test]
async fn no_more_sessions_poll_than_may_and_one_with_a_websocket_is_none_of_them() {
    let mut site = echo(EngineIo::new().polling_max(2)).await;
    let (first, second) = (site.poll().await, site.poll().await);
    let query = "EIO=4&transport=polling";
    let answer = ask(site.address, Method::GET, query, &[], "").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "5"));
    first.say("1").await;
    site.closed().await;
    let third = site.poll().await;
    let mut socket = second.websocket().await;
    socket.say("2probe").await;
    socket.say("5").await;
    socket.say("4over").await;
    assert_eq!(socket.hear().await, "3probe");
    assert_eq!(socket.hear_message().await, "4over");
    site.poll().await;
    third.say("4x").await;
    assert_eq!(third.hear().await, "4x");
}

#[tokio::test]
async fn settings_out_of_their_range_are_named() {
    let server = Server::builder().build().unwrap();
    #[derive(Debug)]
    struct Deaf;
    impl everlink_server::engineio::Handler for Deaf {
        fn on_message(&self, _: &everlink_server::engineio::Link, _: everlink_wire::Message) {}
    }
    let cases = [
        ("ping_interval", EngineIo::new().ping_interval(millis(99))),
        ("ping_timeout", EngineIo::new().ping_timeout(millis(3_600_001))),
        ("upgrade_timeout", EngineIo::new().upgrade_timeout(millis(0))),
        ("connect_timeout", EngineIo::new().connect_timeout(millis(1))),
        ("polling_max", EngineIo::new().polling_max(0)),
        ("max_payload", EngineIo::new().max_payload(1023)),
    ];
    for (name, settings) in cases {
        let error = server.engine_io_handler("/engine.io", &settings, Deaf).unwrap_err();
        assert!(matches!(error, BuildError::OutOfRange { setting, .. } if setting == name));
    }
    for path in ["", "/", "engine.io", "/a b"] {
        let error = server.engine_io_handler(path, &EngineIo::new(), Deaf).unwrap_err();
        assert!(matches!(error, BuildError::Path { .. }), "{path}: {error}");
    }
    assert!(server.engine_io_handler("/engine.io/", &EngineIo::new(), Deaf).is_ok());
}
