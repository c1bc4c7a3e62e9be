//! What a log does not take, and what becomes of what it has taken when it ends.

use std::sync::mpsc;
use std::time::Duration;

use everlink_server::log::{
    Append, Appended, Body, Log, LogError, LogOptions, MemoryLog, NAME_BYTES_MAX, RedbLog,
    RedbOptions,
};
use everlink_wire::Message;

use crate::support::{WAIT, append, bounded, hand_over, message, open, records};

fn sized(producer: &str, bytes: usize) -> Append {
    let body = Body::Message(Message::from(vec![7; bytes]));
    Append { body, id: None, user: None, ..message("room", producer, 1) }
}

#[tokio::test]
async fn bytes_that_wait_are_bounded_and_one_large_message_fits_while_nothing_else_waits() {
    let options = LogOptions::default().pending_bytes_max(100);
    let log = MemoryLog::new(options).unwrap();
    // The log's thread is held up in an outcome, so that everything else waits.
    let (release, held) = mpsc::channel::<()>();
    let (entered, holds) = tokio::sync::oneshot::channel();
    let gate = Box::new(move |_| {
        let _ = entered.send(());
        let _ = held.recv_timeout(WAIT);
    });
    log.append(sized("gate", 1000), gate);
    bounded(holds).await.unwrap();
    // 60 bytes and the names "room" and "ann".
    let first = hand_over(&log, sized("ann", 60));
    let second = hand_over(&log, sized("ben", 60));
    let third = hand_over(&log, sized("cid", 10));
    drop(release);
    assert!(matches!(bounded(first).await.unwrap(), Ok(Appended::New { .. })));
    let refused = bounded(second).await.unwrap();
    let Err(LogError::Busy { bytes: 67, bytes_max: 100, pending: 1, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert!(matches!(bounded(third).await.unwrap(), Ok(Appended::New { .. })));
}

#[tokio::test]
async fn names_that_are_too_long_are_refused_at_the_edge() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(&folder.path().join("store"));
    let (fits, long) = ("n".repeat(NAME_BYTES_MAX), "n".repeat(NAME_BYTES_MAX + 1));
    assert!(append(&log, message(&fits, &fits, 1)).await.is_ok());
    let refused = [
        ("the channel's name", message(&long, "ann", 1)),
        ("the producer's name", message("room", &long, 1)),
        (
            "the message's name",
            Append { id: Some(long.as_str().into()), ..message("room", "a", 1) },
        ),
        ("the user's name", Append { user: Some(long.as_str().into()), ..message("room", "b", 1) }),
    ];
    for (whose, message) in refused {
        let error = append(&log, message).await.unwrap_err();
        assert!(error.to_string().starts_with(whose), "{error}");
        assert!(matches!(error, LogError::TooLong { bytes_max: NAME_BYTES_MAX, .. }), "{error:?}");
    }
    assert!(matches!(bounded(log.head(&long)).await, Err(LogError::TooLong { .. })));
    assert!(matches!(bounded(log.trim(&long, 1)).await, Err(LogError::TooLong { .. })));
    assert_eq!(records(&log, &fits).await.len(), 1);
    assert_eq!(log.status().channels, 1);
}

#[test]
fn a_setting_out_of_range_is_refused_with_the_range() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    for options in [
        RedbOptions::new(&path).cache_bytes(1000),
        RedbOptions::new(&path).log(LogOptions::default().pending_max(0)),
    ] {
        let error = RedbLog::open(options).unwrap_err();
        assert!(matches!(error, LogError::Setting { .. }), "{error:?}");
        assert!(error.to_string().contains("accepted: from"), "{error}");
    }
    assert!(!path.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_a_log_stores_what_is_in_line_and_tells_every_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    for round in 0..3 {
        let log = open(&path);
        let before = records(&log, "room").await.len() as u64;
        let handed: Vec<_> = (before + 1..=before + 2000)
            .map(|sequence| hand_over(&log, message("room", "ann", sequence)))
            .collect();
        drop(log);
        for (outcome, sequence) in handed.into_iter().zip(before + 1..) {
            let outcome = bounded(outcome).await.unwrap();
            let is_stored =
                matches!(outcome, Ok(Appended::New { offset, .. }) if offset == sequence);
            assert!(is_stored, "round {round}, {sequence}: {outcome:?}");
        }
    }
    assert_eq!(records(&open(&path), "room").await.len(), 6000);
}

#[test]
fn a_log_can_be_read_outside_of_a_runtime() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(&folder.path().join("store"));
    let (done, outcome) = mpsc::channel();
    log.append(message("room", "ann", 1), Box::new(move |outcome| done.send(outcome).unwrap()));
    outcome.recv_timeout(WAIT).unwrap().unwrap();
    let head = futures_util::FutureExt::now_or_never(log.head("room")).unwrap().unwrap();
    assert_eq!(head.head, 1);
}

#[tokio::test]
async fn a_channel_that_is_used_once_is_forgotten_when_all_of_it_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let options = || LogOptions::default().sweep_every(Duration::from_millis(1));
    let on_disk = RedbOptions::new(folder.path().join("store")).log(options());
    let logs: [Box<dyn Log>; 2] =
        [Box::new(MemoryLog::new(options()).unwrap()), Box::new(RedbLog::open(on_disk).unwrap())];
    for log in logs {
        for channel in ["\u{1}once", "\u{1}still used", "room"] {
            append(&*log, message(channel, "ann", 1)).await.unwrap();
        }
        for channel in ["\u{1}once", "room"] {
            log.trim(channel, u64::MAX).await.unwrap();
        }
        let forgotten = async {
            while log.channels(None, 10).await.unwrap().len() > 2 {
                tokio::task::yield_now().await;
            }
        };
        bounded(forgotten).await;
        let left = log.channels(None, 10).await.unwrap();
        assert_eq!(
            left.iter().map(|name| &**name).collect::<Vec<_>>(),
            ["\u{1}still used", "room"]
        );
        assert_eq!(log.head("room").await.unwrap().head, 1, "its numbers go on");
        assert!(append(&*log, message("\u{1}once", "ann", 2)).await.is_ok(), "it begins anew");
    }
}
