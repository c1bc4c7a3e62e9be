//! The HTTP control port, spoken to with plain bytes.

use crate::bed::{Bed, bounded, expect_fin, expect_rst};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn bed() -> Bed {
    Bed::with(|builder| builder.control("127.0.0.1:0")).await
}

/// Sends one request; returns the status and the body.
async fn call(bed: &Bed, head: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(bed.proxy.control_addr().unwrap()).await.unwrap();
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nHost: control\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let mut answer = String::new();
    bounded(async {
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.read_to_string(&mut answer).await.unwrap();
    })
    .await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

async fn call_json(bed: &Bed, head: &str, body: &Value) -> (u16, Value) {
    let (status, body) = call(bed, head, &body.to_string()).await;
    (status, serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn req_n07_the_control_port_sets_shows_and_clears_faults() {
    let bed = bed().await;
    let latency = json!({"fault": "latency=50ms+jitter=20ms", "scope": "new"});
    assert_eq!(call_json(&bed, "POST /fault", &latency).await, (200, json!({"id": 1})));
    let frozen = json!({"fault": {"kind": "freeze"}, "for": "1h"});
    assert_eq!(call_json(&bed, "POST /fault", &frozen).await, (200, json!({"id": 2})));

    let (_, status) = call_json(&bed, "GET /status", &json!({})).await;
    assert_eq!(status["counters"]["faults_applied"], 2);
    assert_eq!(status["upstream"], bed.upstream.local_addr().unwrap().to_string());
    let expected =
        json!({"kind": "latency", "delay": "50ms", "jitter": "20ms", "direction": "both"});
    assert_eq!(status["faults"][0]["fault"], expected);
    assert_eq!(status["faults"][0]["scope"], "new");
    assert!(status["faults"][1]["ends_in_seconds"].as_f64().unwrap() > 3_500.0);

    let (code, left) = call_json(&bed, "DELETE /fault/1", &json!({})).await;
    assert_eq!((code, left.as_array().unwrap().len()), (200, 1));
    assert_eq!(call_json(&bed, "DELETE /fault", &json!({})).await, (200, json!([])));
    assert!(bed.proxy.in_force().is_empty());
}

#[tokio::test]
async fn req_n07_the_control_port_cuts_and_resets_now() {
    let bed = bed().await;
    let mut pair = bed.pair().await;
    assert_eq!(call_json(&bed, "POST /cut", &json!({})).await, (200, json!({"connections": 1})));
    expect_fin(&mut pair.0).await;
    let mut pair = bed.pair().await;
    call(&bed, "POST /reset", "").await;
    expect_rst(&mut pair.0).await;
}

#[tokio::test]
async fn req_n07_the_control_port_plays_schedules() {
    let bed = bed().await;
    let mut pair = bed.pair().await;
    let schedule = json!([{"at": "0s", "fault": "reset"}]);
    let (code, answer) = call_json(&bed, "POST /schedule", &schedule).await;
    assert_eq!((code, answer), (200, json!({"items": 1, "repeat": false})));
    expect_rst(&mut pair.0).await;
}

#[tokio::test]
async fn req_n07_bad_requests_are_answered_with_field_value_and_what_is_accepted() {
    let bed = bed().await;
    for (body, field, value) in [
        ("{", "JSON", "EOF while parsing an object at line 1 column 1"),
        ("[]", "value", "[]"),
        ("{}", "fault", "missing"),
        (r#"{"fault": "slow"}"#, "kind", "slow"),
        (r#"{"fault": "latency=1"}"#, "delay", "1"),
        (r#"{"fault": "freeze", "scope": "some"}"#, "scope", "some"),
        (r#"{"fault": "freeze", "scope": 0}"#, "scope", "0"),
        (r#"{"fault": "freeze", "for": "ever"}"#, "for", "ever"),
        (r#"{"fault": "freeze", "until": "1s"}"#, "unknown field", "until=1s"),
        (r#"{"fault": {"kind": "freeze", "delay": "1s"}}"#, "unknown field", "delay=1s"),
    ] {
        let (code, answer) = call(&bed, "POST /fault", body).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!((code, &answer["field"], &answer["value"]), (400, &field.into(), &value.into()));
        assert!(!answer["accepted"].as_str().unwrap().is_empty());
    }
    let huge = format!("{{\"fault\": \"{}\"}}", "x".repeat(70_000));
    assert_eq!(call(&bed, "POST /fault", &huge).await.0, 400);
    assert!(bed.proxy.in_force().is_empty());
}

#[tokio::test]
async fn req_n07_unknown_paths_methods_and_web_pages_are_turned_away() {
    let bed = bed().await;
    assert_eq!(call(&bed, "GET /statu", "").await.0, 404);
    assert_eq!(call(&bed, "PUT /fault", "").await.0, 405);
    assert_eq!(call(&bed, "DELETE /fault/9", "").await.0, 404);
    let pair = bed.pair().await;
    let from_page = "POST /cut HTTP/1.1\r\nOrigin: http://evil.example\r\nX: ";
    assert_eq!(call(&bed, from_page, "").await.0, 403);
    assert_eq!(bed.proxy.counters().connections_open, 1);
    drop(pair);
    let (code, help) = call(&bed, "GET /", "").await;
    assert!(code == 200 && help.contains("POST   /fault"), "{help}");
}
