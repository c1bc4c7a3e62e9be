//! How connections end, and what the official clients are told of it.

use std::time::Duration;

use everlink_e2e::{Library, Store};
use serde_json::json;

use crate::support::{Bed, LIBRARIES, connect, hear, join, joined, say};

#[tokio::test(flavor = "multi_thread")]
async fn req_r05_who_disconnects_is_gone_for_good_and_may_come_again_as_somebody_new() {
    let bed = Bed::new(Store::Memory, &[]).await;
    let (ann, bob) = (
        joined(Library::JavaScript, &bed.direct(), "ann"),
        joined(Library::JavaScript, &bed.direct(), "bob"),
    );
    say(&ann, "before");
    hear(&bob, 1);
    let from = bob.mark();
    bob.tell("disconnect", json!({})).unwrap();
    let end = bob.event(from, "disconnected").unwrap();
    assert_eq!(
        (&end["reason"], &end["returns"]),
        (&json!("io client disconnect"), &json!(false)),
        "{end}"
    );
    say(&ann, "while gone");
    bob.tell("connect", json!({})).unwrap();
    let now = bob.event(from, "connected").unwrap();
    assert_eq!(now["recovered"], false, "it had said that it leaves: {now}");
    // Its rooms were left with it.
    say(&ann, "not in the room");
    join(&bob, json!({ "room": crate::support::ROOM }));
    say(&ann, "in the room");
    assert_eq!(hear(&bob, 2), ["before", "in the room"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r05_the_end_of_the_server_is_one_from_which_clients_return() {
    for library in LIBRARIES {
        let mut bed = Bed::new(Store::Disk, &[]).await;
        let bob = joined(library, &bed.direct(), "bob");
        let from = bob.mark();
        bed.server.kill().unwrap();
        let end = bob.event(from, "disconnected").unwrap();
        let reasons = ["transport close", "transport error"];
        assert!(reasons.contains(&end["reason"].as_str().unwrap()), "{library:?}: {end}");
        bed.server.restart().unwrap();
        bob.event(from, "connected").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r05_fault_51_a_server_that_is_asked_to_end_lets_its_clients_return_to_the_next() {
    for library in LIBRARIES {
        let mut bed = Bed::new(Store::Disk, &["--drain-window", "200ms"]).await;
        let bob = joined(library, &bed.direct(), "bob");
        let from = bob.mark();
        assert_eq!(bed.server.stop(STOP_MAX).unwrap(), 0);
        let end = bob.event(from, "disconnected").unwrap();
        // After a word of the server itself the official client would stay away.
        assert_ne!(end["reason"], "io server disconnect", "{library:?}: {end}");
        bed.server.restart().unwrap();
        let now = bob.event(from, "connected").unwrap();
        assert_eq!(now["recovered"], library == Library::JavaScript, "{now}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r05_without_a_valid_token_a_client_is_told_why_and_does_not_try_again() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, "a secret that is long enough for a signature").unwrap();
    let bed = Bed::new(Store::Memory, &["--jwt-key", key.to_str().unwrap()]).await;
    for token in [json!({}), json!({ "token": "not.a.token" })] {
        let client = everlink_e2e::OfficialClient::start(Library::JavaScript).unwrap();
        let eve = client.socket("eve");
        eve.open(&bed.direct(), json!({ "auth": token })).unwrap();
        let refused = eve.event(0, "refused").unwrap();
        assert_eq!(refused["returns"], false, "{refused}");
        assert!(refused["message"].as_str().is_some_and(|why| !why.is_empty()), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r07_the_path_can_be_chosen_and_the_usual_one_is_nobody_then() {
    let bed = Bed::new(Store::Memory, &["--socket-io-path", "/api/socket"]).await;
    for library in LIBRARIES {
        let client = everlink_e2e::OfficialClient::start(library).unwrap();
        let bob = client.socket("bob");
        connect(&bob, &bed.direct(), "bob", &json!({ "path": "/api/socket" }));
        join(&bob, json!({ "room": crate::support::ROOM }));
        say(&bob, "here");
        hear(&bob, 1);
        let lost = client.socket("lost");
        lost.open(&bed.direct(), json!({})).unwrap();
        lost.event(0, "refused").unwrap();
    }
}

/// Longest time in which a server ends that has nobody left to wait for.
const STOP_MAX: Duration = Duration::from_secs(20);
