//! Files that are cut short or overwritten.

use std::fs;
use std::path::{Path, PathBuf};

use everlink_engine::Random;
use everlink_server::log::{Appended, Log, LogError, PageLimit, RedbLog, RedbOptions};

use crate::support::{append, assert_whole, bounded, message, open, records};

const COUNT: u64 = 60;

/// A file with messages, once closed in order and once as a crash would leave it.
async fn files(folder: &Path) -> [PathBuf; 2] {
    let (closed, crashed) = (folder.join("closed"), folder.join("crashed"));
    let log = open(&closed);
    for sequence in 1..=COUNT {
        append(&log, message("room", "ann", sequence)).await.unwrap();
    }
    fs::copy(&closed, &crashed).unwrap();
    bounded(log.close()).await;
    [closed, crashed]
}

/// It opens with whole messages only, or says in a typed error what is wrong, and never panics. A
/// damaged last commit cannot be told from one that a crash cut short.
async fn check(path: &Path, what: &str) {
    let log = match RedbLog::open(RedbOptions::new(path)) {
        Ok(log) => log,
        Err(error) => return assert_damage(&error, path, what),
    };
    match bounded(log.read("room", 0, ALL)).await {
        Ok(page) => {
            page.records.iter().for_each(|record| assert_whole("room", record));
            let last = page.records.last().map_or(0, |record| record.offset);
            assert_eq!(page.records.len() as u64, last, "{what}: some in between are missing");
        }
        Err(error) => assert_damage(&error, path, what),
    }
    match append(&log, message("room", "ben", 1)).await {
        Ok(outcome) => assert!(matches!(outcome, Appended::New { .. }), "{what}: {outcome:?}"),
        Err(error) => assert_damage(&error, path, what),
    }
}

#[track_caller]
fn assert_damage(error: &LogError, path: &Path, what: &str) {
    let text = error.to_string();
    assert!(
        matches!(error, LogError::Damaged { .. } | LogError::Unavailable { .. }),
        "{what}: {error:?}"
    );
    assert!(text.contains(&*path.to_string_lossy()), "{what}: {text}");
}

#[tokio::test]
async fn fault_59_a_file_cut_short_opens_or_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    for source in files(folder.path()).await {
        let bytes = fs::read(&source).unwrap();
        let steps = (0..=40).map(|step| bytes.len() * step / 40).chain(1..20);
        for length in steps.filter(|length| *length < bytes.len()) {
            let path = folder.path().join("cut");
            fs::write(&path, &bytes[..length]).unwrap();
            check(&path, &format!("{} cut to {length}", source.display())).await;
        }
    }
}

#[tokio::test]
async fn fault_59_a_torn_last_write_takes_back_at_most_what_was_not_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let mut random = Random::new(59);
    let log = open(&path);
    for sequence in 1..=COUNT {
        append(&log, message("room", "ann", sequence)).await.unwrap();
    }
    let before = fs::read(&path).unwrap();
    append(&log, message("room", "ann", COUNT + 1)).await.unwrap();
    let after = fs::read(&path).unwrap();
    drop(log);
    // Blocks of the last commit that reached the disk, and others that did not; never its header,
    // which is written behind a sync.
    let torn = folder.path().join("torn");
    for _ in 0..40 {
        let mut bytes = before.clone();
        bytes.resize(after.len(), 0);
        for block in (4096..after.len()).step_by(512) {
            if random.next_u32().is_multiple_of(2) {
                bytes[block..block + 512].copy_from_slice(&after[block..block + 512]);
            }
        }
        fs::write(&torn, &bytes).unwrap();
        let log = open(&torn);
        let stored = records(&log, "room").await;
        stored.iter().for_each(|record| assert_whole("room", record));
        assert_eq!(stored.len() as u64, COUNT, "what was acknowledged before is there");
        let again = append(&log, message("room", "ann", COUNT + 1)).await.unwrap();
        assert!(matches!(again, Appended::New { offset, .. } if offset == COUNT + 1), "{again:?}");
    }
}

#[tokio::test]
async fn fault_59_a_file_with_overwritten_bytes_never_ends_the_program_and_is_found_when_verified()
{
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("overwritten");
    let mut random = Random::new(59);
    let mut refused = 0;
    for source in files(folder.path()).await {
        let bytes = fs::read(&source).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        for round in 0..60 {
            let mut damaged = bytes.clone();
            let end = if round % 2 == 0 { 512 } else { used };
            let at = below(&mut random, end);
            let length = (1 + below(&mut random, 64)).min(bytes.len() - at);
            for byte in &mut damaged[at..at + length] {
                *byte = below(&mut random, 256) as u8;
            }
            fs::write(&path, &damaged).unwrap();
            if let Ok(log) = RedbLog::open(RedbOptions::new(&path)) {
                // What redb does not notice itself, nobody else can; but nothing hangs or dies.
                drop(bounded(log.read("room", 0, ALL)).await);
                drop(append(&log, message("room", "ben", 1)).await);
                drop(log.status());
            }
            fs::write(&path, &damaged).unwrap();
            let what = format!("{} at {at}, {length} bytes", source.display());
            match RedbLog::open(RedbOptions::new(&path).verify(true)) {
                Ok(log) => {
                    let stored = bounded(log.read("room", 0, ALL)).await.unwrap().records;
                    stored.iter().for_each(|record| assert_whole("room", record));
                    // After a crash a damaged last commit looks like one that the crash cut short.
                    let lost = COUNT - stored.len() as u64;
                    let may_lose = u64::from(what.contains("crashed"));
                    assert!(lost <= may_lose, "{what}: {lost} lost in silence");
                }
                Err(error) => {
                    refused += 1;
                    assert_damage(&error, &path, &what);
                }
            }
        }
    }
    assert!(refused > 10, "{refused}");
}

const ALL: PageLimit = PageLimit { records: usize::MAX, bytes: usize::MAX };

fn below(random: &mut Random, end: usize) -> usize {
    random.next_u32() as usize % end
}
