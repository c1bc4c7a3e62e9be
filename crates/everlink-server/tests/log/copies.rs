//! Copies that are made while a log works, and what is put back from them.

use std::sync::Arc;

use everlink_server::log::{Appended, Log, LogError, RedbLog};

use crate::support::{append, assert_whole, bounded, message, open, records};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_made_while_messages_are_stored_is_a_whole_log_of_some_moment() {
    let folder = tempfile::tempdir().unwrap();
    let log = Arc::new(open(&folder.path().join("store")));
    let publisher = {
        let log = Arc::clone(&log);
        tokio::spawn(async move {
            for sequence in 1..=600 {
                append(&*log, message("room", "ann", sequence)).await.unwrap();
            }
        })
    };
    let mut least = 0;
    for number in 0.. {
        let path = folder.path().join(format!("copy-{number}"));
        bounded(log.copy_to(&path)).await.unwrap();
        let copy = open(&path);
        let stored = records(&copy, "room").await;
        stored.iter().for_each(|record| assert_whole("room", record));
        assert_eq!(stored.last().map_or(0, |last| last.offset), stored.len() as u64);
        assert!(stored.len() >= least, "a later copy has no less");
        assert_eq!(copy.status().records, stored.len() as u64);
        least = stored.len();
        if least > 0 {
            let again = append(&copy, message("room", "ann", 1)).await.unwrap();
            assert!(matches!(again, Appended::Known { .. }), "producers are copied: {again:?}");
            let live = bounded(log.head("room")).await.unwrap();
            assert_eq!(bounded(copy.head("room")).await.unwrap().epoch, live.epoch);
        }
        if publisher.is_finished() {
            break;
        }
    }
    bounded(publisher).await.unwrap();
    let error = bounded(log.copy_to(folder.path().join("copy-0"))).await.unwrap_err();
    assert!(matches!(error, LogError::Exists { .. }), "{error:?}");
}

#[tokio::test]
async fn a_file_that_is_put_back_gets_new_epochs_and_keeps_its_messages() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let log = open(&path);
    append(&log, message("room", "ann", 1)).await.unwrap();
    append(&log, message("hall", "ann", 1)).await.unwrap();
    let before = bounded(log.head("room")).await.unwrap();
    let in_use = RedbLog::renew_epochs(&path).unwrap_err();
    assert!(matches!(in_use, LogError::Locked { .. }), "{in_use:?}");
    bounded(log.close()).await;

    assert_eq!(RedbLog::renew_epochs(&path), Ok(2));
    let log = open(&path);
    let after = bounded(log.head("room")).await.unwrap();
    assert_ne!(after.epoch, before.epoch);
    assert_eq!((after.first, after.head), (before.first, before.head));
    assert_eq!(records(&log, "room").await.len(), 1);
    let known = append(&log, message("room", "ann", 1)).await.unwrap();
    assert!(matches!(known, Appended::Known { epoch, .. } if epoch == after.epoch), "{known:?}");

    let missing = folder.path().join("missing");
    assert!(matches!(RedbLog::renew_epochs(&missing), Err(LogError::Open { .. })));
    assert!(!missing.exists(), "nothing is made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn room_of_removed_messages_is_used_again_and_a_copy_is_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let log = Arc::new(open(&path));
    let mut sizes = Vec::new();
    let mut next = 1;
    for _ in 0..4 {
        let handed: Vec<_> = (next..next + 4000)
            .map(|sequence| crate::support::hand_over(&*log, message("room", "ann", sequence)))
            .collect();
        for outcome in handed {
            bounded(outcome).await.unwrap().unwrap();
        }
        next += 4000;
        bounded(log.trim("room", u64::MAX)).await.unwrap();
        while log.status().records > 0 {
            tokio::task::yield_now().await;
        }
        sizes.push(std::fs::metadata(&path).unwrap().len());
    }
    assert!(sizes[3] <= sizes[0] * 2, "the file does not grow with what was removed: {sizes:?}");
    let copy = folder.path().join("copy");
    bounded(log.copy_to(&copy)).await.unwrap();
    let copied = std::fs::metadata(&copy).unwrap().len();
    eprintln!("file sizes {sizes:?}, copy {copied}");
    assert!(copied <= sizes[3], "{copied} after {sizes:?}");
}
