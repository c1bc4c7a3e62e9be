//! What an application sees in ordinary life.

use std::time::{Duration, SystemTime};

use everlink::outbox::{DurableOutbox, Entry, OutboxError, OutboxLimits, PayloadKind};
use everlink_engine::{Cursor, Epoch, MessageId, SendPolicy};

use crate::support::{assert_whole, bounded, entry, ids, open};

#[tokio::test]
async fn req_m06_messages_survive_the_program_in_order_and_numbers_go_on_above() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let outbox = open(&path);
    for id in 1..=20 {
        bounded(outbox.append(entry(id))).await.unwrap();
    }
    outbox.remove((11..=20).map(MessageId));
    bounded(outbox.close()).await.unwrap();

    let outbox = open(&path);
    let entries = bounded(outbox.load()).await.unwrap();
    entries.iter().for_each(assert_whole);
    assert_eq!(ids(&entries), Vec::from_iter(1..=10));
    assert_eq!(outbox.last_id(), 20, "a removed number is not used again");
    assert_eq!(outbox.bytes(), entries.iter().map(Entry::bytes).sum::<u64>());
}

#[tokio::test]
async fn req_m06_every_part_of_a_message_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let policies = [
        SendPolicy::Configured,
        SendPolicy::Wait,
        SendPolicy::Fail,
        SendPolicy::DropOldest,
        SendPolicy::Coalesce { key: u32::MAX },
    ];
    let made = |(id, policy)| {
        Entry::binary(MessageId(id), vec![0, 255, id as u8]).channel("ünï").policy(policy)
    };
    let mut expected: Vec<_> = (1..).zip(policies).map(made).collect();
    expected.push(Entry::text(MessageId(u64::MAX), ""));
    let outbox = open(&path);
    for entry in &expected {
        bounded(outbox.append(entry.clone())).await.unwrap();
    }
    drop(outbox);

    let mut loaded = bounded(open(&path).load()).await.unwrap();
    let whole = Duration::from_millis(1);
    for (loaded, expected) in loaded.iter_mut().zip(&expected) {
        let apart = expected.enqueued_at.duration_since(loaded.enqueued_at).unwrap();
        assert!(apart < whole, "the wall clock is kept in milliseconds");
        loaded.enqueued_at = expected.enqueued_at;
    }
    assert_eq!(loaded, expected);
    assert_eq!(loaded[0].kind, PayloadKind::Binary);
}

#[tokio::test]
async fn a_wall_clock_before_1970_is_no_problem() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let mut old = entry(1);
    old.enqueued_at = SystemTime::UNIX_EPOCH - Duration::from_secs(3600);
    let outbox = open(&path);
    bounded(outbox.append(old.clone())).await.unwrap();
    assert_eq!(bounded(outbox.load()).await.unwrap(), [old]);
}

#[tokio::test]
async fn fault_37_a_full_outbox_refuses_by_number_and_by_size_and_takes_again_after_a_removal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let outbox = DurableOutbox::open(&path, OutboxLimits::new(2, 100)).unwrap();
    let sized = |id, size| Entry::binary(MessageId(id), vec![0; size]);
    bounded(outbox.append(sized(1, 60))).await.unwrap();

    let error = bounded(outbox.append(sized(2, 41))).await.unwrap_err();
    let OutboxError::Full { messages: 1, bytes: 60, asked_bytes: 41, .. } = error else {
        panic!("{error:?}");
    };
    bounded(outbox.append(sized(2, 40))).await.unwrap();
    let error = bounded(outbox.append(sized(3, 0))).await.unwrap_err();
    let OutboxError::Full { messages: 2, messages_max: 2, .. } = error else { panic!("{error:?}") };
    assert!(error.to_string().contains("2 of 2 messages and 100 of 100 bytes"), "{error}");

    outbox.remove([MessageId(1), MessageId(77)]);
    bounded(outbox.append(sized(3, 60))).await.unwrap();
    assert_eq!(ids(&bounded(outbox.load()).await.unwrap()), [2, 3]);
}

#[tokio::test]
async fn limits_that_were_lowered_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let outbox = open(&path);
    for id in 1..=5 {
        bounded(outbox.append(entry(id))).await.unwrap();
    }
    bounded(outbox.close()).await.unwrap();
    let outbox = DurableOutbox::open(&path, OutboxLimits::new(2, 10)).unwrap();
    assert_eq!(bounded(outbox.load()).await.unwrap().len(), 5);
    let error = bounded(outbox.append(entry(6))).await.unwrap_err();
    assert!(matches!(error, OutboxError::Full { messages: 5, messages_max: 2, .. }), "{error:?}");
}

#[tokio::test]
async fn a_number_in_use_and_a_volatile_message_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(&folder.path().join("outbox"));
    bounded(outbox.append(entry(1))).await.unwrap();
    let error = bounded(outbox.append(entry(1))).await.unwrap_err();
    assert!(matches!(error, OutboxError::IdTaken { id: 1, .. }), "{error:?}");
    let error = bounded(outbox.append(entry(2).policy(SendPolicy::Volatile))).await.unwrap_err();
    assert!(matches!(error, OutboxError::NeverStored { id: 2, .. }), "{error:?}");
    assert_eq!(outbox.len(), 1);
}

#[tokio::test]
async fn fault_48_a_second_owner_of_the_file_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let first = open(&path);
    let error = DurableOutbox::open(&path, OutboxLimits::default()).unwrap_err();
    assert!(matches!(error, OutboxError::Locked { .. }), "{error:?}");
    assert!(error.to_string().contains("another process has it open"), "{error}");
    drop(first);
    open(&path);
}

#[test]
fn fault_48_of_many_who_make_the_file_at_once_one_owns_it_and_the_others_are_told() {
    const CROWD: usize = 8;
    let folder = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let path = folder.path().join(format!("outbox-{round}"));
        let start = std::sync::Barrier::new(CROWD);
        let try_open = || {
            start.wait();
            DurableOutbox::open(&path, OutboxLimits::default())
        };
        let results: Vec<_> = std::thread::scope(|scope| {
            let crowd: Vec<_> = (0..CROWD).map(|_| scope.spawn(try_open)).collect();
            crowd.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let owners = results.iter().filter(|result| result.is_ok()).count();
        assert!(owners <= 1, "round {round}: {owners} owners");
        for error in results.into_iter().filter_map(Result::err) {
            assert!(matches!(error, OutboxError::Locked { .. }), "round {round}: {error:?}");
        }
        open(&path);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    open(&path);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_folder_that_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nowhere").join("outbox");
    let error = DurableOutbox::open(&path, OutboxLimits::default()).unwrap_err();
    assert!(matches!(error, OutboxError::Io { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("nowhere") && text.contains("check that the folder exists"), "{text}");
}

#[tokio::test]
async fn a_cancelled_append_is_withdrawn_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let outbox = open(&path);
    let kept: Vec<_> = (1..=200).filter(|id| id % 2 == 0).collect();
    let mut waiting = Vec::new();
    for id in 1..=200 {
        let append = outbox.append(entry(id));
        if id % 2 == 0 { waiting.push(append) } else { drop(append) }
    }
    for append in waiting {
        bounded(append).await.unwrap();
    }
    bounded(outbox.flush()).await.unwrap();
    bounded(outbox.flush()).await.unwrap();
    assert_eq!(outbox.len(), kept.len());
    assert_eq!(ids(&bounded(outbox.load()).await.unwrap()), kept);
    bounded(outbox.close()).await.unwrap();
    assert_eq!(ids(&bounded(open(&path).load()).await.unwrap()), kept);
}

#[tokio::test]
async fn a_removal_overtakes_its_append() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(&folder.path().join("outbox"));
    let appends: Vec<_> = (1..=300).map(|id| outbox.append(entry(id))).collect();
    outbox.remove((1..=300).map(MessageId));
    for append in appends {
        bounded(append).await.unwrap();
    }
    bounded(outbox.flush()).await.unwrap();
    assert!(outbox.is_empty());
    assert_eq!(bounded(outbox.load()).await.unwrap(), []);
}

#[tokio::test]
async fn dropping_the_last_handle_writes_what_is_in_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let outbox = open(&path);
    let other = outbox.clone();
    let appends: Vec<_> = (1..=500).map(|id| outbox.append(entry(id))).collect();
    drop(outbox);
    bounded(other.append(entry(501))).await.unwrap();
    drop(other);
    for append in appends {
        bounded(append).await.unwrap();
    }
    assert_eq!(bounded(open(&path).load()).await.unwrap().len(), 501);
}

#[tokio::test]
async fn a_closed_outbox_says_so_to_its_clones() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(&folder.path().join("outbox"));
    let clone = outbox.clone();
    bounded(outbox.close()).await.unwrap();
    let closed = |error: OutboxError| matches!(error, OutboxError::Closed { .. });
    assert!(closed(bounded(clone.append(entry(1))).await.unwrap_err()));
    assert!(closed(bounded(clone.load()).await.unwrap_err()));
    assert!(closed(bounded(clone.flush()).await.unwrap_err()));
    assert!(closed(clone.keep_cursor("news", None).unwrap_err()));
    bounded(clone.close()).await.unwrap();
}

#[tokio::test]
async fn removals_and_cursors_reach_the_disk_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let outbox = open(&path);
    bounded(outbox.append(entry(1))).await.unwrap();
    let at = |offset| Some(Cursor { epoch: Epoch(1), offset });
    outbox.remove([MessageId(1)]);
    outbox.keep_cursor("news", at(1)).unwrap();
    outbox.keep_cursor("news", at(2)).unwrap();
    outbox.keep_cursor("old", at(9)).unwrap();
    outbox.keep_cursor("old", None).unwrap();
    drop(outbox);
    let outbox = open(&path);
    assert!(outbox.is_empty());
    let cursors = bounded(outbox.cursors()).await.unwrap();
    assert_eq!(cursors, [("news".to_owned(), Cursor { epoch: Epoch(1), offset: 2 })]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_senders_shares_commits() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(&folder.path().join("outbox"));
    let started = std::time::Instant::now();
    let senders: Vec<_> = (0..128u64)
        .map(|sender| {
            let outbox = outbox.clone();
            tokio::spawn(async move {
                for turn in 0..20 {
                    outbox.append(entry(1 + sender + 128 * turn)).await.unwrap();
                }
            })
        })
        .collect();
    for sender in senders {
        bounded(sender).await.unwrap();
    }
    eprintln!("2560 appends of 128 senders: {:?}", started.elapsed());
    assert_eq!(outbox.len(), 2560);
    assert_eq!(ids(&bounded(outbox.load()).await.unwrap()), Vec::from_iter(1..=2560));
}
