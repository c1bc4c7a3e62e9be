//! What was stored comes back, whole and in order.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use everlink_wire::Message;

use super::probe::{append, bounded, head, message, offsets, read, skip, store};
use super::{BEGIN_MILLIS, Setup, Subject};
use crate::log::{Append, Body, PageLimit};

/// Every part of a message comes back as it was handed over, text or bytes, empty or large.
pub async fn reading_returns_what_was_stored(subject: &mut dyn Subject) {
    let log = subject.open(&Setup::standard());
    let payloads = [
        Message::from("{\"text\":\"grüß dich\"}"),
        Message::from(""),
        Message::from(vec![0, 255, 10, 13]),
        Message::from(Vec::new()),
        Message::from("x".repeat(300_000)),
    ];
    let appended = (1..).zip(&payloads).map(|(sequence, payload)| Append {
        id: (sequence % 2 == 0).then(|| format!("id {sequence}").into()),
        user: (sequence % 3 != 0).then(|| "Ünï".into()),
        body: Body::Message(payload.clone()),
        ..message("a room / with: spaces", "ann@home", sequence)
    });
    let appended: Vec<_> = appended.collect();
    for one in &appended {
        store(&*log, one.clone()).await;
    }
    let page = read(&*log, "a room / with: spaces", 0).await;
    assert_eq!((page.head.first, page.head.head), (1, 5));
    assert_eq!(page.records.len(), appended.len());
    for ((one, record), payload) in appended.iter().zip(&page.records).zip(&payloads) {
        assert_eq!(record.offset, one.sequence);
        assert_eq!((&record.producer, record.sequence), (&one.producer, one.sequence));
        assert_eq!((&record.id, &record.user), (&one.id, &one.user));
        assert!(record.payload == *payload, "the payload of {}", one.sequence);
        assert_eq!(record.at, BEGIN_MILLIS);
    }
}

/// Channels that have begun are listed in the order of their names, page by page.
pub async fn channels_are_listed(subject: &mut dyn Subject) {
    let log = subject.open(&Setup::standard());
    assert_eq!(bounded(log.channels(None, 10)).await, Ok(Vec::new()));
    for name in ["b", "a", "ä", "c"] {
        store(&*log, message(name, "ann", 1)).await;
    }
    read(&*log, "asked about only", 0).await;
    let listed = |names: &[&str]| Ok(names.iter().map(|name| Arc::from(*name)).collect::<Vec<_>>());
    assert_eq!(bounded(log.channels(None, 3)).await, listed(&["a", "b", "c"]));
    assert_eq!(bounded(log.channels(Some("c"), 3)).await, listed(&["ä"]));
    assert_eq!(bounded(log.channels(Some("a"), 1)).await, listed(&["b"]));
    assert_eq!(bounded(log.channels(Some("ä"), 3)).await, Ok(Vec::new()));
}

/// A page ends at its limits, begins behind the offset that was asked for, and may be empty.
pub async fn pages_have_limits(subject: &mut dyn Subject) {
    let log = subject.open(&Setup::standard());
    for sequence in 1..=10 {
        let body = Body::Message(Message::from("12345"));
        store(&*log, Append { body, ..message("room", "ann", sequence) }).await;
    }
    let read = async |after, records, bytes| {
        let page = bounded(log.read("room", after, PageLimit { records, bytes })).await;
        let page = page.expect("a channel can be read");
        assert_eq!((page.head.first, page.head.head), (1, 10));
        offsets(&page.records)
    };
    let all = usize::MAX;
    assert_eq!(read(0, 3, all).await, [1, 2, 3], "so many messages");
    assert_eq!(read(3, 3, all).await, [4, 5, 6], "what follows");
    assert_eq!(read(0, all, 12).await, [1, 2, 3], "it ends after so many bytes");
    assert_eq!(read(8, all, 0).await, [9], "at least one");
    assert_eq!(read(4, 0, all).await, [0; 0], "unless none is asked for");
    assert_eq!(read(10, all, all).await, [0; 0], "nothing follows the last one");
    assert_eq!(read(99, all, all).await, [0; 0], "nor what is not there yet");
    assert_eq!(read(u64::MAX, all, all).await, [0; 0]);

    let page = log.read("never used", 0, PageLimit { records: all, bytes: all });
    let page = bounded(page).await.expect("a channel that was never used can be read");
    assert!(page.records.is_empty());
    assert_eq!((page.head.epoch.0, page.head.first, page.head.head), (0, 1, 0));
    assert_eq!(log.status().channels, 1, "reading begins no log");
}

/// The time of a message is never before that of the one before it, whatever the clock does.
pub async fn times_never_go_back(subject: &mut dyn Subject) {
    let setup = Setup::standard();
    let log = subject.open(&setup);
    store(&*log, message("room", "ann", 1)).await;
    setup.pass(Duration::from_secs(5));
    store(&*log, message("room", "ann", 2)).await;
    setup.millis.store(BEGIN_MILLIS - 60_000, Ordering::Release);
    store(&*log, message("room", "ann", 3)).await;
    append(&*log, skip("room", "ann", 4)).await.expect("a skip is noted");
    store(&*log, message("room", "ann", 5)).await;
    store(&*log, message("hall", "ann", 1)).await;
    let times =
        |page: crate::log::Page| page.records.iter().map(|record| record.at).collect::<Vec<_>>();
    let later = BEGIN_MILLIS + 5000;
    assert_eq!(times(read(&*log, "room", 0).await), [BEGIN_MILLIS, later, later, later]);
    assert_eq!(
        times(read(&*log, "hall", 0).await),
        [BEGIN_MILLIS - 60_000],
        "each channel by itself"
    );
    assert_eq!(head(&*log, "room").await.head, 4);
}
