//! What the tests of the outbox share: entries that can be told from half-written ones, and
//! this test program run again as a child.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use everlink::outbox::{DurableOutbox, Entry, EntryOrigin, OutboxLimits};
use everlink_engine::MessageId;

/// Longest wait for anything in these tests.
pub(crate) const WAIT: Duration = Duration::from_secs(60);

/// The variable that tells a child which file to use.
pub(crate) const CHILD_PATH: &str = "OUTBOX_TEST_PATH";

pub(crate) fn open(path: &Path) -> DurableOutbox {
    DurableOutbox::open(path, OutboxLimits::default()).unwrap()
}

/// An entry whose every part follows from its number.
pub(crate) fn entry(id: u64) -> Entry {
    let origin =
        EntryOrigin { producer: format!("producer-{}", id % 3), sequence: id, before: None };
    let text = format!("message {id} ").repeat(1 + (id % 40) as usize);
    Entry::text(MessageId(id), text).channel(format!("channel-{}", id % 5)).origin(origin)
}

/// Whether an entry is whole: all it holds follows from its number.
#[track_caller]
pub(crate) fn assert_whole(loaded: &Entry) {
    let mut expected = entry(loaded.id.0);
    expected.enqueued_at = loaded.enqueued_at;
    assert_eq!(*loaded, expected);
}

pub(crate) fn ids(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.id.0).collect()
}

/// Waits for a future, but not for ever.
pub(crate) async fn bounded<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(WAIT, future).await.expect("this should not take so long")
}

/// This test program again, running one ignored test as a child that uses the file `path`.
pub(crate) fn child(test: &str, path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    child_arguments(&mut command, test, path);
    command
}

/// The same through a shell that first runs `setup`.
pub(crate) fn child_after(setup: &str, wrapper: &[&str], test: &str, path: &Path) -> Command {
    let mut shell = wrapper.to_vec();
    shell.extend(["sh", "-c"]);
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg(format!("{setup} && exec \"$0\" \"$@\""));
    command.arg(std::env::current_exe().expect("this program has a path"));
    child_arguments(&mut command, test, path);
    command
}

fn child_arguments(command: &mut Command, test: &str, path: &Path) {
    command.args(["--ignored", "--exact", test, "--nocapture", "--test-threads", "1"]);
    command.env(CHILD_PATH, path);
}
