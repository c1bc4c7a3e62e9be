//! Disks that are full or must not be written. The real thing: a small tmpfs in a mount namespace
//! of its own, or a limit on the size of files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use everlink_server::log::{
    Append, Appended, Body, Follower, Head, Log, LogError, LogOptions, Record, RedbLog, RedbOptions,
};
use everlink_wire::Message;

use crate::support::{
    CHILD_PATH, WAIT, append, bounded, child_after, hand_over, message, open, records,
};

fn large(producer: &str, sequence: u64) -> Append {
    let body = Body::Message(Message::from(vec![sequence as u8; 64 * 1024]));
    Append { body, ..message("room", producer, sequence) }
}

/// Appends until the disk says no; returns how many were stored and the reason.
async fn fill(log: &dyn Log) -> (u64, String) {
    for sequence in 1.. {
        match append(log, large("ann", sequence)).await {
            Ok(outcome) => assert!(matches!(outcome, Appended::New { .. }), "{outcome:?}"),
            Err(LogError::Unavailable { reason, .. }) => return (sequence - 1, reason),
            Err(error) => panic!("{error:?}"),
        }
    }
    unreachable!("numbers do not end");
}

async fn sequences(log: &dyn Log) -> Vec<u64> {
    records(log, "room").await.iter().map(|record| record.sequence).collect()
}

/// Waits until the log says of itself that it works again, without a message that asks it to.
async fn recovers(log: &dyn Log) {
    let recovered = async {
        while log.status().fault.is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = tokio::time::timeout(WAIT, recovered).await;
    in_time.unwrap_or_else(|_| panic!("it stays broken: {:?}", log.status()));
}

fn in_runtime(test: impl AsyncFnOnce(&Path)) {
    let Some(path) = std::env::var_os(CHILD_PATH).map(PathBuf::from) else { return };
    tokio::runtime::Runtime::new().unwrap().block_on(test(&path));
}

#[track_caller]
fn assert_succeeds(mut command: Command) {
    let output = command.output().unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("1 passed"), "the child ran nothing: {out}\n{err}");
}

/// How this machine lets a test mount a file system, if it does.
fn mount_wrapper() -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] = [&["unshare", "-m"], &["unshare", "-r", "-m"]];
    let works = |way: &&&[&str]| {
        let mut command = Command::new(way[0]);
        command.args(&way[1..]).args(["mount", "-t", "tmpfs", "none", "/mnt"]);
        command.output().is_ok_and(|output| output.status.success())
    };
    WAYS.iter().find(works).copied()
}

#[test]
#[ignore = "a child of the test below"]
fn child_whose_file_must_not_grow() {
    in_runtime(async |path| {
        let log = open(path);
        let (stored, reason) = fill(&log).await;
        assert!(stored >= 4, "{stored}");
        assert!(reason.contains(&*path.to_string_lossy()), "{reason}");
        assert_eq!(
            sequences(&log).await,
            (1..=stored).collect::<Vec<_>>(),
            "what was stored stays"
        );
        let status = log.status();
        assert_eq!((status.records, status.pending), (stored, 0));
        assert!(status.fault.is_some(), "{status:?}");

        // Nothing of a batch that failed, and nothing behind it.
        let error = append(&log, large("ben", 1)).await.unwrap_err();
        assert!(matches!(error, LogError::Unavailable { .. }), "{error:?}");
        drop(log);
        assert_eq!(sequences(&open(path)).await, (1..=stored).collect::<Vec<_>>(), "and stays");
    });
}

#[test]
fn fault_58_a_file_that_must_not_grow_fails_the_append_and_keeps_what_was_stored() {
    let folder = tempfile::tempdir().unwrap();
    // The signal of the limit ignored, as a daemon has it: then the write fails instead. 2 MiB.
    let setup = "trap '' XFSZ && ulimit -f 4096";
    let path = folder.path().join("store");
    assert_succeeds(child_after(setup, &[], "disk::child_whose_file_must_not_grow", &path));
}

#[test]
#[ignore = "a child of the test below"]
fn child_on_a_disk_that_recovers() {
    in_runtime(async |path| {
        let ballast = path.with_extension("ballast");
        fs::write(&ballast, vec![0; 2 * 1024 * 1024]).unwrap();
        let log = open(path);
        let (stored, reason) = fill(&log).await;
        assert!(
            reason.contains("bytes left"),
            "it is noticed before anything is written: {reason}"
        );
        assert_eq!(sequences(&log).await, (1..=stored).collect::<Vec<_>>(), "it can still be read");
        let trimmed = bounded(log.trim("room", 3)).await.unwrap();
        assert_eq!(trimmed.first, 3, "and trimmed, which makes room");

        cover_read_only(path);
        let error = append(&log, message("room", "ben", 1)).await.unwrap_err();
        assert!(error.to_string().contains("read-only"), "{error}");
        assert_eq!(sequences(&log).await, (3..=stored).collect::<Vec<_>>());

        uncover(path);
        fs::remove_file(&ballast).unwrap();
        recovers(&log).await;
        let behind = append(&log, large("ben", 2)).await.unwrap();
        assert!(matches!(behind, Appended::Hole(_)), "ben's first has failed: {behind:?}");
        for (producer, sequence) in [("ben", 1), ("ben", 2), ("ann", stored + 1)] {
            let outcome = append(&log, large(producer, sequence)).await.unwrap();
            assert!(matches!(outcome, Appended::New { .. }), "{outcome:?}");
        }
    });
}

#[test]
fn fault_58_the_same_log_goes_on_when_the_disk_has_room_again() {
    let Some(wrapper) = mount_wrapper() else { return skipped() };
    let folder = tempfile::tempdir().unwrap();
    let setup = format!("mount -t tmpfs -o size=6m none {}", folder.path().display());
    let path = folder.path().join("store");
    assert_succeeds(child_after(&setup, wrapper, "disk::child_on_a_disk_that_recovers", &path));
}

/// Follows what is stored, and that nothing comes twice or is left out.
#[derive(Debug, Default)]
struct Told(Mutex<Vec<u64>>);

impl Follower for Told {
    fn stored(&self, _: &Arc<str>, _: Head, records: &[Arc<Record>]) {
        self.0.lock().unwrap().extend(records.iter().map(|record| record.offset));
    }
}

/// The file may grow a little further each round, so that writes fail at ever other places.
#[test]
#[ignore = "a child of the test below"]
fn child_whose_limit_moves() {
    in_runtime(async |path| {
        let log: Arc<dyn Log> = Arc::new(open(path));
        let told = Arc::new(Told::default());
        log.follow(Arc::downgrade(&told) as Weak<dyn Follower>);
        let (mut next, mut acknowledged) = (1, 0);
        for round in 0..6u64 {
            limit(Some(fs::metadata(path).unwrap().len() + 24 * 1024 * round));
            let mut failed = false;
            while !failed {
                let handed: Vec<_> =
                    (next..next + 5).map(|next| hand_over(&*log, large("ann", next))).collect();
                for outcome in handed {
                    match bounded(outcome).await.unwrap() {
                        Ok(Appended::New { offset, .. }) => {
                            assert!(!failed, "{offset} was stored behind one that failed");
                            (acknowledged, next) = (acknowledged + 1, next + 1);
                            assert_eq!(offset, acknowledged);
                        }
                        Ok(Appended::Hole(_)) => assert!(failed),
                        Err(LogError::Unavailable { .. }) => failed = true,
                        other => panic!("{other:?}"),
                    }
                }
            }
            let stored = records(&*log, "room").await;
            assert!(stored.len() as u64 >= acknowledged, "what was acknowledged can still be read");
            limit(None);
            recovers(&*log).await;
            // What failed may have been stored all the same; then it is known, and was told.
            let outcome = append(&*log, large("ann", next)).await.unwrap();
            if let Appended::Known { last, .. } = outcome {
                next = last.sequence;
            }
            (acknowledged, next) = (next, next + 1);
            let stored = records(&*log, "room").await;
            let offsets: Vec<_> = stored.iter().map(|record| record.offset).collect();
            assert_eq!(*told.0.lock().unwrap(), offsets, "followers know all of it, once");
            assert_eq!(offsets, (1..=acknowledged).collect::<Vec<_>>());
            assert!(stored.iter().all(|record| record.sequence == record.offset));
        }
    });
}

fn limit(bytes: Option<u64>) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    setrlimit(Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
}

#[test]
fn fault_58_a_write_that_fails_anywhere_costs_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    assert_succeeds(child_after("trap '' XFSZ", &[], "disk::child_whose_limit_moves", &path));
}

#[test]
#[ignore = "a child of the test below"]
fn child_on_a_read_only_disk() {
    in_runtime(async |path| {
        let log = open(path);
        append(&log, message("room", "ann", 1)).await.unwrap();
        bounded(log.close()).await;

        remount(path, "ro");
        for refused in [path.to_owned(), path.with_extension("other")] {
            let error = RedbLog::open(RedbOptions::new(&refused)).unwrap_err();
            assert!(matches!(error, LogError::Open { .. }), "{error:?}");
            let text = error.to_string();
            let names_it = text.contains(&*refused.to_string_lossy());
            assert!(names_it && text.contains("mount it writable"), "{text}");
        }
        remount(path, "rw");
        assert_eq!(sequences(&open(path)).await, [1]);
    });
}

#[test]
fn fault_58_a_read_only_disk_is_refused_with_advice() {
    let Some(wrapper) = mount_wrapper() else { return skipped() };
    let folder = tempfile::tempdir().unwrap();
    let setup = format!("mount -t tmpfs none {}", folder.path().display());
    let path = folder.path().join("store");
    assert_succeeds(child_after(&setup, wrapper, "disk::child_on_a_read_only_disk", &path));
}

#[tokio::test]
async fn fault_58_a_log_in_memory_has_no_disk_to_fill() {
    let log = everlink_server::log::MemoryLog::new(LogOptions::default()).unwrap();
    append(&log, large("ann", 1)).await.unwrap();
    assert_eq!(log.status().fault, None);
}

fn remount(path: &Path, how: &str) {
    run(&format!("mount -o remount,bind,{how}"), path);
}

/// Nobody may make a disk read-only under an open file, except the system after a fault; to whoever
/// asks for the path, the same disk mounted again over itself looks like that.
fn cover_read_only(path: &Path) {
    let folder = path.parent().unwrap().display();
    run(&format!("mount --bind {folder}"), path);
    remount(path, "ro");
}

fn uncover(path: &Path) {
    run("umount", path);
}

/// Runs a command with the folder behind it.
fn run(command: &str, path: &Path) {
    let mut words = command.split(' ');
    let mut program = Command::new(words.next().unwrap());
    let status = program.args(words).arg(path.parent().unwrap()).status().unwrap();
    assert!(status.success(), "{command}");
}

fn skipped() {
    eprintln!("skipped: this machine lets nobody mount a file system in a namespace of his own");
}
