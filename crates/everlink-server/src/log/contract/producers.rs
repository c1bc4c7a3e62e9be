//! How long producers are remembered, and by what.

use std::time::Duration;

use everlink_engine::server::LastStored;

use super::probe::{append, head, message, offsets, read, settled, store};
use super::{Setup, Subject};
use crate::log::Appended;

/// A producer is remembered for `origin_ttl` after its last message, and may then begin anew.
pub async fn producers_are_forgotten_after_their_time(subject: &mut dyn Subject) {
    let setup = Setup::standard();
    let log = subject.open(&setup);
    assert_eq!(log.origin_ttl(), setup.origin_ttl);
    store(&*log, message("room", "ann", 1)).await;
    setup.pass(setup.origin_ttl / 2);
    store(&*log, message("room", "ann", 2)).await;
    setup.pass(setup.origin_ttl - Duration::from_secs(1));
    let known = append(&*log, message("room", "ann", 1)).await;
    assert!(matches!(known, Ok(Appended::Known { .. })), "just before its time: {known:?}");
    setup.pass(Duration::from_secs(2));
    assert_eq!(store(&*log, message("room", "ann", 9)).await, 3, "it may begin anywhere again");
}

/// A log that was closed and opened again is the same one, if it promises to be.
pub async fn what_was_stored_outlives_the_log(subject: &mut dyn Subject) {
    let setup = Setup::standard();
    let log = subject.open(&setup);
    for sequence in 1..=20 {
        store(&*log, message("room", "ann", sequence)).await;
    }
    log.trim("room", 6).await.expect("a channel can be trimmed");
    settled(&*log, |status| status.records == 15).await;
    let (before, records, status) =
        (head(&*log, "room").await, read(&*log, "room", 0).await.records, log.status());
    drop(log);

    let log = subject.open(&setup);
    if !subject.is_durable() {
        assert_eq!(log.status().channels, 0, "a new log is empty");
        return;
    }
    assert_eq!(head(&*log, "room").await, before);
    assert_eq!(read(&*log, "room", 0).await.records, records);
    let now = log.status();
    assert_eq!(
        (now.channels, now.records, now.bytes),
        (status.channels, status.records, status.bytes)
    );
    let last = LastStored { sequence: 20, offset: 20 };
    let known = append(&*log, message("room", "ann", 20)).await;
    assert_eq!(
        known,
        Ok(Appended::Known { epoch: before.epoch, last }),
        "producers are remembered"
    );
    let hole = append(&*log, message("room", "ann", 22)).await;
    assert_eq!(hole, Ok(Appended::Hole(last)));
    assert_eq!(store(&*log, message("room", "ann", 21)).await, 21);
    assert_eq!(offsets(&read(&*log, "room", 19).await.records), [20, 21]);
}
