//! Health, metrics, status and CORS.

use std::sync::Arc;
use std::time::Duration;

use everlink_server::Server;
use everlink_server::log::{LogOptions, MemoryLog};
use hyper::Method;
use serde_json::json;

use crate::support::site;

#[tokio::test]
async fn req_r07_health_says_that_the_server_is_well() {
    let site = site(Server::builder().node("n1")).await;
    for path in ["/health", "/health/ready"] {
        let answer = site.get(path).await;
        let health = answer.json();
        assert_eq!((answer.status.as_u16(), &health["status"]), (200, &json!("ok")), "{path}");
        assert_eq!(health["node"], "n1");
        assert_eq!(health["checks"][0], json!({"name": "store", "ok": true}));
    }
    assert_eq!(site.get("/health/live").await.json()["status"], "ok");
}

#[tokio::test]
async fn req_r07_health_names_the_fault_of_the_store_and_stays_alive() {
    let log = Arc::new(MemoryLog::new(LogOptions::default()).unwrap());
    let site = site(Server::builder().log(Arc::clone(&log) as _)).await;
    log.close().await;
    let answer = site.get("/health").await;
    let health = answer.json();
    assert_eq!((answer.status.as_u16(), &health["ready"]), (503, &json!(false)));
    assert_eq!(health["checks"][0], json!({"name": "store", "ok": false, "why": "log is closed"}));
    let post = site.post("/conversations/room/messages", &json!({"plaintext": "x"})).await;
    assert_eq!(post.status, 503, "{}", post.body);
    assert!(!post.header("retry-after").is_empty());
    assert_eq!(site.get("/health/live").await.status, 200);
}

#[tokio::test]
async fn req_r07_a_server_that_drains_is_not_ready() {
    let site = site(Server::builder()).await;
    let mut socket = site.open("/ws?conversation_id=room&events=away").await;
    socket.until_pong().await;
    let server = site.server.clone();
    let drain = tokio::spawn(async move { server.drain(Duration::from_millis(1)).await });
    socket.next_of("away").await;
    let answer = site.get("/health/ready").await;
    assert_eq!(answer.status, 503);
    assert_eq!(
        (&answer.json()["checks"][1]["name"], &answer.json()["checks"][1]["ok"]),
        (&json!("drain"), &json!(false))
    );
    assert_eq!(site.dial("/ws?conversation_id=room", &[]).await.err().unwrap().as_u16(), 503);
    drop(socket);
    crate::support::soon(drain).await.unwrap();
}

#[tokio::test]
async fn req_r08_req_x12_metrics_are_there_whoever_records_elsewhere() {
    let site = site(Server::builder()).await;
    let mut socket = site.open("/ws?conversation_id=room&user_id=ann").await;
    socket.say(&json!({"type": "message", "plaintext": "x"})).await;
    socket.next_of("message").await;
    let _ =
        site.dial("/ws?conversation_id=room", &[("sec-websocket-protocol", "other")]).await.err();
    let mut back =
        site.dial("/ws", &[("sec-websocket-protocol", "everlink.v1.json")]).await.unwrap();
    let last = json!({"code": 1006, "up_ms": 61_000, "try": 3});
    back.say(&json!({
        "t": "hello", "v": 1, "client": "c", "producer": "p", "subs": [], "last": last,
    }))
    .await;
    back.next_of("welcome").await;
    let answer = site.get("/metrics").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        "everlink_server_connections 2",
        "everlink_server_accepted_total 2",
        "everlink_server_reconnects_total 1",
        "everlink_server_returned_total{code=\"1006\"} 1",
        "everlink_server_return_attempts_total 3",
        "everlink_server_returned_uptime_seconds_sum 61",
        "everlink_server_messages_in_total 1",
        "everlink_server_refused_total{why=\"subprotocol\"} 1",
        "# TYPE everlink_server_store_seconds histogram",
    ] {
        assert!(answer.body.lines().any(|found| found == line), "{line}\n{}", answer.body);
    }
    assert!(answer.body.contains("# HELP everlink_server_connections Connections that stand now."));

    let status = site.get("/api/status").await.json();
    assert_eq!((&status["connections"], &status["totals"]["messages_in"]), (&json!(2), &json!(1)));
    assert_eq!(status["store"]["kind"], "memory");
    assert!(status["quality"]["return_window_ms"].is_number());
}

#[tokio::test]
async fn req_r07_pages_of_accepted_origins_may_read_answers_and_open_sockets_and_others_may_not() {
    let site = site(Server::builder().origins(["https://app.example"])).await;
    let preflight = |origin: &'static str| {
        let asked = [("origin", origin), ("access-control-request-method", "POST")];
        let site = &site;
        async move { site.ask(Method::OPTIONS, "/conversations/room/messages", &asked, "").await }
    };
    let accepted = preflight("https://app.example").await;
    assert_eq!(accepted.header("access-control-allow-origin"), "https://app.example");
    assert_eq!(accepted.header("access-control-allow-methods"), "GET,POST");
    assert!(accepted.header("access-control-allow-headers").contains("authorization"));
    assert_eq!(preflight("https://evil.example").await.header("access-control-allow-origin"), "");
    let path = "/ws?conversation_id=room";
    assert!(site.dial(path, &[("origin", "https://app.example")]).await.is_ok());
    let refused = site.dial(path, &[("origin", "https://evil.example")]).await.err();
    assert_eq!(refused.unwrap().as_u16(), 403);
    for wrong in ["https://app.example/", "app.example", "https://", "*"] {
        assert!(Server::builder().origins([wrong]).build().is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn req_r07_a_server_that_asks_nobody_for_credentials_is_for_pages_of_this_machine() {
    let open = site(Server::builder()).await;
    let told = site(Server::builder().allow_anonymous(true)).await;
    let path = "/ws?conversation_id=room";
    for (origin, local) in [
        ("http://localhost:5173", true),
        ("http://127.0.0.1", true),
        ("http://[::1]:3000", true),
        ("https://evil.example", false),
        ("http://localhost.evil.example", false),
        ("null", false),
    ] {
        let headers = [("origin", origin)];
        assert_eq!(open.dial(path, &headers).await.is_ok(), local, "{origin}");
        let answer = open.ask(Method::GET, "/health", &headers, "").await;
        assert_eq!(answer.header("access-control-allow-origin") == origin, local, "{origin}");
        assert!(told.dial(path, &headers).await.is_ok(), "{origin}");
    }
}
