//! The life of a channel's log, and how it loses its oldest messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;

use super::probe::{append, bounded, head, message, offsets, read, settled, store, trim};
use super::{Setup, Subject};
use crate::log::{Appended, Log, LogError, Retention};

/// A log has an epoch from 1 to 2^48 - 1 from its beginning on; another one has another.
pub async fn a_life_has_one_number(subject: &mut dyn Subject) {
    let log = subject.open(&Setup::standard());
    let begun = head(&*log, "room").await;
    assert!((1..1 << 48).contains(&begun.epoch.0), "epoch {}", begun.epoch.0);
    assert_eq!((begun.first, begun.head), (1, 0));
    assert_eq!(head(&*log, "room").await, begun, "it begins once");
    match append(&*log, message("room", "ann", 1)).await {
        Ok(Appended::New { epoch, offset: 1, .. }) => assert_eq!(epoch, begun.epoch),
        other => panic!("the first message came to {other:?}"),
    }
    assert_ne!(head(&*log, "hall").await.epoch, begun.epoch, "a channel, a life");

    let is_durable = subject.is_durable();
    drop(log);
    let log = subject.open(&Setup::standard());
    let later = head(&*log, "room").await;
    assert_eq!(later.epoch == begun.epoch, is_durable, "history that is lost changes the epoch");
    assert_eq!(later.head, u64::from(is_durable));
}

/// Trimming moves the first offset, for good; numbers and producers go on.
pub async fn trimming_drops_what_lies_before(subject: &mut dyn Subject) {
    let log = subject.open(&Setup::standard());
    assert_eq!(trim(&*log, "room", 9).await.epoch.0, 0, "trimming begins no log");
    for sequence in 1..=10 {
        store(&*log, message("room", "ann", sequence)).await;
    }
    let begun = head(&*log, "room").await;
    let trimmed = trim(&*log, "room", 4).await;
    assert_eq!((trimmed.epoch, trimmed.first, trimmed.head), (begun.epoch, 4, 10));
    assert_eq!(offsets(&read(&*log, "room", 0).await.records), [4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(trim(&*log, "room", 2).await.first, 4, "nothing comes back");
    settled(&*log, |status| status.records == 7).await;

    let trimmed = trim(&*log, "room", u64::MAX).await;
    assert_eq!((trimmed.first, trimmed.head), (11, 10), "an empty log keeps its place");
    settled(&*log, |status| status.records == 0 && status.bytes == 0).await;
    let page = read(&*log, "room", 0).await;
    assert_eq!((page.head, page.records.len()), (trimmed, 0));
    match append(&*log, message("room", "ann", 10)).await {
        Ok(Appended::Known { epoch, last }) => {
            assert_eq!((epoch, last.sequence, last.offset), (begun.epoch, 10, 10));
        }
        other => panic!("a trimmed message that came again came to {other:?}"),
    }
    assert_eq!(store(&*log, message("room", "ann", 11)).await, 11, "numbering goes on");
    assert_eq!(offsets(&read(&*log, "room", 2).await.records), [11]);
}

/// The oldest messages go when they are too many, too large or too old; producers stay known.
pub async fn retention_removes_the_oldest(subject: &mut dyn Subject) {
    let minute = Duration::from_secs(60);
    let mut setup = Setup::standard();
    setup.retention = vec![
        ("few:*", Retention::ALL.max_records(3)),
        ("small:*", Retention::ALL.max_bytes(60)),
        ("young:*", Retention::ALL.max_age(minute)),
    ];
    let log = subject.open(&setup);
    for sequence in 1..=6 {
        for channel in ["few:1", "small:1", "young:1", "kept"] {
            store(&*log, message(channel, "ann", sequence)).await;
        }
        setup.pass(Duration::from_secs(15));
    }
    // Of each: "few:1/ann/6" 11 bytes and "ann", 14; "small:1/ann/6" and "ann", 16 bytes.
    first_becomes(&*log, "few:1", 4).await;
    first_becomes(&*log, "small:1", 4).await;
    first_becomes(&*log, "young:1", 3).await;
    assert_eq!(head(&*log, "kept").await.first, 1, "without a policy everything is kept");
    setup.pass(minute);
    first_becomes(&*log, "young:1", 7).await;
    settled(&*log, |status| status.records == 3 + 3 + 6).await;
    for channel in ["few:1", "small:1", "young:1"] {
        let known = append(&*log, message(channel, "ann", 1)).await;
        assert!(matches!(known, Ok(Appended::Known { .. })), "{channel}: {known:?}");
        assert_eq!(store(&*log, message(channel, "ann", 7)).await, 7);
    }
}

/// Old messages go and producers are forgotten although the log is never idle.
pub async fn retention_holds_under_load(subject: &mut dyn Subject) {
    let mut setup = Setup::standard();
    setup.retention = vec![("young:*", Retention::ALL.max_age(setup.origin_ttl))];
    setup.producers_max = 2;
    let log = subject.open(&setup);
    store(&*log, message("young:1", "ann", 1)).await;
    let load = Arc::new(Load { log: Arc::clone(&log), goes_on: AtomicBool::new(true) });
    let (ends, ended) = oneshot::channel();
    load.append(1, ends);
    setup.pass(setup.origin_ttl + Duration::from_secs(1));
    first_becomes(&*log, "young:1", 2).await;
    let takes_a_new_one =
        async { while append(&*log, message("young:1", "ben", 1)).await.is_err() {} };
    bounded(takes_a_new_one).await;
    load.goes_on.store(false, Ordering::Release);
    bounded(ended).await.expect("the load ends when it is told to");
}

/// Appends one message after another, each from the outcome of the one before, so that one always waits.
struct Load {
    log: Arc<dyn Log>,
    goes_on: AtomicBool,
}

impl Load {
    fn append(self: &Arc<Self>, sequence: u64, ends: oneshot::Sender<()>) {
        let load = Arc::clone(self);
        let next = move |outcome: Result<Appended, LogError>| {
            assert!(outcome.is_ok(), "{outcome:?}");
            if load.goes_on.load(Ordering::Acquire) {
                load.append(sequence + 1, ends);
            } else {
                // Whoever waits for it may have given up.
                let _ = ends.send(());
            }
        };
        self.log.append(message("busy", "load", sequence), Box::new(next));
    }
}

async fn first_becomes(log: &dyn Log, channel: &str, first: u64) {
    let moves = async {
        while head(log, channel).await.first != first {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let in_time = tokio::time::timeout(super::WAIT, moves).await;
    let is = head(log, channel).await;
    in_time.unwrap_or_else(|_| panic!("{channel}: the first offset is {is:?}, not {first}"));
    let page = read(log, channel, 0).await;
    assert_eq!(offsets(&page.records), (first..=page.head.head).collect::<Vec<_>>());
}
