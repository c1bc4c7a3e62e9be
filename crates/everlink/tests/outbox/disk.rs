//! Disks that are full or must not be written. The real thing: a small tmpfs in a mount namespace
//! of its own, or a limit on the size of files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;
use everlink::outbox::{DurableOutbox, Entry, Operation, OutboxError, OutboxLimits};
use everlink_engine::MessageId;

use crate::support::{CHILD_PATH, bounded, child_after, ids, open};

fn large(id: u64) -> Entry {
    Entry::binary(MessageId(id), Bytes::from(vec![id as u8; 64 * 1024]))
}

/// Appends until the disk says no; returns the numbers that were accepted and the refusal.
async fn fill(outbox: &DurableOutbox) -> (Vec<u64>, OutboxError) {
    let mut accepted = Vec::new();
    for id in outbox.last_id() + 1.. {
        match bounded(outbox.append(large(id))).await {
            Ok(()) => accepted.push(id),
            Err(error) => return (accepted, error),
        }
    }
    unreachable!("numbers do not end");
}

fn path_of_child() -> Option<PathBuf> {
    std::env::var_os(CHILD_PATH).map(PathBuf::from)
}

fn in_runtime(test: impl AsyncFnOnce(&Path)) {
    let Some(path) = path_of_child() else { return };
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
#[ignore = "a child of the tests below"]
fn child_on_a_disk_that_fills_up() {
    in_runtime(async |path| {
        let outbox = open(path);
        let (accepted, error) = fill(&outbox).await;
        let OutboxError::DiskFull { operation: Operation::Write, .. } = &error else {
            panic!("{error:?}");
        };
        let text = error.to_string();
        assert!(text.contains("make room") && text.contains(&*path.to_string_lossy()), "{text}");
        assert!(accepted.len() >= 4, "{accepted:?}");
        assert_eq!(outbox.len(), accepted.len(), "what failed counts for nothing");
        assert_eq!(
            ids(&bounded(outbox.load()).await.unwrap()),
            accepted,
            "what was accepted stays"
        );

        let again = bounded(outbox.append(large(9_999))).await.unwrap_err();
        assert!(matches!(again, OutboxError::DiskFull { .. }), "{again:?}");
        drop(outbox);
        assert_eq!(ids(&bounded(open(path).load()).await.unwrap()), accepted, "and stays");
    });
}

#[test]
fn fault_58_a_file_that_must_not_grow_fails_the_send_and_keeps_what_was_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    // The signal of the limit ignored, as a daemon has it: then the write fails instead. 2 MiB.
    let setup = "trap '' XFSZ && ulimit -f 4096";
    assert_succeeds(child_after(setup, &[], "disk::child_on_a_disk_that_fills_up", &path));
}

#[test]
fn fault_58_a_full_disk_fails_the_send_and_keeps_what_was_accepted() {
    let Some(wrapper) = mount_wrapper() else { return skipped() };
    let folder = tempfile::tempdir().unwrap();
    let setup = format!("mount -t tmpfs -o size=2560k none {}", folder.path().display());
    let path = folder.path().join("outbox");
    assert_succeeds(child_after(&setup, wrapper, "disk::child_on_a_disk_that_fills_up", &path));
}

#[test]
#[ignore = "a child of the test below"]
fn child_on_a_disk_that_recovers() {
    in_runtime(async |path| {
        let ballast = path.with_extension("ballast");
        fs::write(&ballast, vec![0; 1024 * 1024]).unwrap();
        let outbox = open(path);
        let (mut accepted, error) = fill(&outbox).await;
        assert!(matches!(error, OutboxError::DiskFull { .. }), "{error:?}");

        remount(path, "ro");
        let error = bounded(outbox.append(large(1_000))).await.unwrap_err();
        assert!(matches!(error, OutboxError::ReadOnly { .. }), "{error:?}");
        assert!(error.to_string().contains("mount it writable"), "{error}");

        remount(path, "rw");
        fs::remove_file(&ballast).unwrap();
        bounded(outbox.append(large(1_001))).await.unwrap();
        accepted.push(1_001);
        assert_eq!(ids(&bounded(outbox.load()).await.unwrap()), accepted);

        outbox.remove([MessageId(1_001)]);
        bounded(outbox.close()).await.unwrap();
        accepted.pop();
        assert_eq!(ids(&bounded(open(path).load()).await.unwrap()), accepted);
    });
}

#[test]
fn fault_58_the_same_outbox_goes_on_when_the_disk_has_room_again() {
    let Some(wrapper) = mount_wrapper() else { return skipped() };
    let folder = tempfile::tempdir().unwrap();
    let setup = format!("mount -t tmpfs -o size=4m none {}", folder.path().display());
    let path = folder.path().join("outbox");
    assert_succeeds(child_after(&setup, wrapper, "disk::child_on_a_disk_that_recovers", &path));
}

#[test]
#[ignore = "a child of the test below"]
fn child_on_a_read_only_disk() {
    in_runtime(async |path| {
        let outbox = open(path);
        bounded(outbox.append(large(1))).await.unwrap();
        bounded(outbox.close()).await.unwrap();

        remount(path, "ro");
        for refused in [path.to_owned(), path.with_extension("other")] {
            let error = DurableOutbox::open(&refused, OutboxLimits::default()).unwrap_err();
            let OutboxError::ReadOnly { operation: Operation::Open, .. } = &error else {
                panic!("{error:?}");
            };
            assert!(error.to_string().contains(&*refused.to_string_lossy()), "{error}");
        }
        remount(path, "rw");
        assert_eq!(ids(&bounded(open(path).load()).await.unwrap()), [1]);
    });
}

#[test]
fn fault_58_a_read_only_disk_is_refused_and_keeps_what_was_accepted() {
    let Some(wrapper) = mount_wrapper() else { return skipped() };
    let folder = tempfile::tempdir().unwrap();
    let setup = format!("mount -t tmpfs none {}", folder.path().display());
    let path = folder.path().join("outbox");
    assert_succeeds(child_after(&setup, wrapper, "disk::child_on_a_read_only_disk", &path));
}

fn remount(path: &Path, how: &str) {
    let folder = path.parent().unwrap();
    let status =
        Command::new("mount").args(["-o", &format!("remount,bind,{how}")]).arg(folder).status();
    assert!(status.unwrap().success(), "remount {how}");
}

fn skipped() {
    eprintln!("skipped: this machine lets nobody mount a file system in a namespace of his own");
}
