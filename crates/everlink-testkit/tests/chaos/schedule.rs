//! Faults by the clock.

use crate::bed::{Bed, expect_rst};
use everlink_testkit::chaos::Schedule;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// What is in force at each of `seconds` after the start, in virtual time.
async fn seen(bed: &Bed, seconds: &[f64]) -> Vec<String> {
    let start = Instant::now();
    let mut seen = Vec::new();
    for second in seconds {
        sleep_until(start + Duration::from_secs_f64(*second)).await;
        let kinds = bed.proxy.in_force().into_iter().map(|entry| entry.fault.to_string());
        seen.push(kinds.collect::<Vec<_>>().join(" "));
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn req_n07_a_schedule_sets_and_ends_faults_at_their_times() {
    let bed = Bed::new().await;
    bed.proxy.play("2s:freeze:4s,1s:blackhole:2s,8s:stall".parse().unwrap()).unwrap();
    assert_eq!(
        seen(&bed, &[0.5, 1.5, 2.5, 3.5, 6.5, 8.5, 100.0]).await,
        ["", "blackhole", "blackhole freeze", "freeze", "", "stall", "stall"]
    );
}

#[tokio::test(start_paused = true)]
async fn req_n07_a_repeated_schedule_starts_again_after_its_last_item() {
    let bed = Bed::new().await;
    let schedule: Schedule = "0s:stall,1s:freeze:1s".parse().unwrap();
    bed.proxy.play(schedule.repeat(true).unwrap()).unwrap();
    assert_eq!(
        seen(&bed, &[0.5, 1.5, 2.5, 3.5, 200.5, 201.5]).await,
        ["stall", "stall freeze", "stall", "stall freeze", "stall", "stall freeze"]
    );
}

#[tokio::test(start_paused = true)]
async fn req_n07_a_scheduled_reset_without_length_acts_once() {
    let bed = Bed::new().await;
    let mut old = bed.pair().await;
    bed.proxy.play("5s:reset".parse().unwrap()).unwrap();
    let start = Instant::now();
    expect_rst(&mut old.0).await;
    assert_eq!(start.elapsed().as_secs(), 5);
    bed.pair().await;
    assert!(bed.proxy.in_force().is_empty());
}

#[test]
fn req_n07_a_bad_schedule_is_answered_with_item_value_and_what_is_accepted() {
    for (text, expected) in [
        ("", "schedule item 1: item is \"\"; accepted: AT:FAULT"),
        ("5s", "schedule item 1: item is \"5s\"; accepted: AT:FAULT or AT:FAULT:LENGTH"),
        ("5:reset", "schedule item 1: at is \"5\"; accepted: a time with its unit"),
        ("5s:reset,6s:rest", "schedule item 2: kind is \"rest\"; accepted: latency, "),
        ("5s:reset:x", "schedule item 1: for is \"x\"; accepted: a time with its unit"),
        ("5s:freeze:0s", "schedule item 1: for is \"0s\"; accepted: above 0s"),
        ("5s:freeze:3s:4s", "schedule item 1: for is \"3s:4s\"; accepted: a time"),
        ("5days:freeze", "schedule item 1: at is \"5days\"; accepted: 0s to 1day"),
        ("5s:corrupt=2", "schedule item 1: probability is \"2\"; accepted: 0.0 to 1.0"),
    ] {
        let error = text.parse::<Schedule>().unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
    let error = "0s:freeze".parse::<Schedule>().unwrap().repeat(true).unwrap_err();
    assert!(error.to_string().starts_with("schedule: repeat is \"true\"; accepted:"), "{error}");
}

#[test]
fn req_n07_text_and_json_mean_the_same() {
    let text: Schedule = "5s:blackhole:3s,12s:latency=50ms+direction=up".parse().unwrap();
    let json = json!([
        {"at": "12s", "fault": {"kind": "latency", "delay": "50ms", "direction": "up"}},
        {"at": "5s", "fault": "blackhole", "for": "3s"},
    ]);
    assert_eq!(Schedule::from_json(&json), Ok(text.clone()));
    assert_eq!(text.to_string().parse(), Ok(text.clone()));
    let repeated = json!({"repeat": true, "items": json});
    assert_eq!(Schedule::from_json(&repeated), text.repeat(true));
}

#[test]
fn req_n07_bad_json_is_answered_with_item_field_and_value() {
    for (json, expected) in [
        (json!(5), "schedule: value is \"5\"; accepted: a list"),
        (
            json!({"items": [], "loop": true}),
            "schedule: unknown field is \"loop\"; accepted: repeat",
        ),
        (json!({"repeat": 1, "items": []}), "schedule: repeat is \"1\"; accepted: true, false"),
        (json!({}), "schedule: items is \"missing\"; accepted: a list"),
        (json!([]), "schedule: items is \"0\"; accepted: 1 to 1024"),
        (json!([7]), "schedule item 1: value is \"7\"; accepted: an object"),
        (json!([{"at": "1s"}]), "schedule item 1: fault is \"missing\"; accepted: its text form"),
        (json!([{"fault": "drop"}]), "schedule item 1: at is \"missing\"; accepted: a time"),
        (
            json!([{"at": "1s", "fault": "drop", "fro": "2s"}]),
            "schedule item 1: unknown field is \"fro=2s\"; accepted: at, fault, for",
        ),
        (
            json!([{"at": "1s", "fault": {"kind": "latency", "delay": [1]}}]),
            "schedule item 1: delay is \"[1]\"; accepted: a string, a number or a bool",
        ),
    ] {
        let error = Schedule::from_json(&json).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{json}: {error}");
    }
}

#[tokio::test]
async fn req_n07_a_schedule_file_is_read_and_its_faults_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("faults.json");
    std::fs::write(&path, r#"[{"at": "1s", "fault": "freeze", "for": "2s"}]"#).unwrap();
    assert_eq!(Schedule::read(&path).await.unwrap(), "1s:freeze:2s".parse().unwrap());
    std::fs::write(&path, "[{").unwrap();
    let error = Schedule::read(&path).await.unwrap_err().to_string();
    assert!(error.contains("faults.json: JSON is \"EOF while parsing"), "{error}");
    let missing = Schedule::read(&dir.path().join("none")).await.unwrap_err().to_string();
    assert!(missing.starts_with("cannot read the schedule file "), "{missing}");
}
