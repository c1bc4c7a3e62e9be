//! What the tests of the logs share.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use everlink_engine::server::Refusals;
use everlink_server::log::contract::{Setup, Subject};
use everlink_server::log::{
    Append, Appended, Body, Log, LogError, MemoryLog, PageLimit, Record, RedbLog, RedbOptions,
};
use everlink_wire::Message;
use tokio::sync::oneshot;

/// Longest wait for anything in these tests.
pub(crate) const WAIT: Duration = Duration::from_secs(60);

/// The variable that tells a child which file to use.
pub(crate) const CHILD_PATH: &str = "LOG_TEST_PATH";

/// Logs in memory.
#[derive(Debug)]
pub(crate) struct InMemory;

impl Subject for InMemory {
    fn open(&mut self, setup: &Setup) -> Arc<dyn Log> {
        Arc::new(MemoryLog::new(setup.options()).unwrap())
    }

    fn is_durable(&self) -> bool {
        false
    }
}

/// Logs on disk, in a folder of their own.
#[derive(Debug)]
pub(crate) struct OnDisk {
    folder: tempfile::TempDir,
}

impl OnDisk {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("store")
    }
}

impl Subject for OnDisk {
    fn open(&mut self, setup: &Setup) -> Arc<dyn Log> {
        let options = RedbOptions::new(self.path()).log(setup.options());
        Arc::new(RedbLog::open(options).unwrap())
    }

    fn is_durable(&self) -> bool {
        true
    }
}

pub(crate) fn open(path: &Path) -> RedbLog {
    RedbLog::open(RedbOptions::new(path)).unwrap()
}

/// A message whose every part follows from its channel, its producer and its number.
pub(crate) fn message(channel: &str, producer: &str, sequence: u64) -> Append {
    let text = format!("message {sequence} ").repeat(1 + (sequence % 40) as usize);
    Append {
        channel: channel.into(),
        producer: producer.into(),
        sequence,
        before: sequence - 1,
        id: sequence.is_multiple_of(3).then(|| format!("id {sequence}").into()),
        first: false,
        refused: Refusals::new(),
        user: sequence.is_multiple_of(2).then(|| format!("user of {producer}").into()),
        body: Body::Message(Message::from(text)),
    }
}

/// Whether a record is whole: all it holds follows from its channel, producer and number.
#[track_caller]
pub(crate) fn assert_whole(channel: &str, record: &Record) {
    let expected = message(channel, &record.producer, record.sequence);
    assert_eq!((&record.id, &record.user), (&expected.id, &expected.user));
    assert_eq!(Body::Message(record.payload.clone()), expected.body);
}

pub(crate) fn hand_over(
    log: &dyn Log,
    append: Append,
) -> oneshot::Receiver<Result<Appended, LogError>> {
    let (done, outcome) = oneshot::channel();
    log.append(append, Box::new(|outcome| drop(done.send(outcome))));
    outcome
}

pub(crate) async fn append(log: &dyn Log, append: Append) -> Result<Appended, LogError> {
    bounded(hand_over(log, append)).await.unwrap()
}

pub(crate) async fn records(log: &dyn Log, channel: &str) -> Vec<Arc<Record>> {
    let limit = PageLimit { records: usize::MAX, bytes: usize::MAX };
    bounded(log.read(channel, 0, limit)).await.unwrap().records
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
