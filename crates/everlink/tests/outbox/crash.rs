//! A process that is killed at any moment, and what the next one finds.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write, stdout};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use everlink_engine::{Cursor, Epoch, MessageId};

use crate::support::{CHILD_PATH, WAIT, assert_whole, bounded, child, entry, ids, open};

const SENDERS: u64 = 24;

/// Appends as fast as it can and says which appends and removals are on disk, until it is killed.
#[test]
#[ignore = "a child of the tests below"]
fn child_that_appends() {
    let Some(path) = std::env::var_os(CHILD_PATH) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let outbox = open(Path::new(&path));
        let first = outbox.last_id() + 1;
        let senders = (0..SENDERS).map(|sender| {
            let outbox = outbox.clone();
            tokio::spawn(async move {
                for id in (first + sender..).step_by(SENDERS as usize) {
                    outbox.append(entry(id)).await.unwrap();
                    say("acked", id);
                    if id % 3 == 0 {
                        outbox.remove([MessageId(id)]);
                        outbox.flush().await.unwrap();
                        say("removed", id);
                    }
                }
            })
        });
        for sender in senders.collect::<Vec<_>>() {
            sender.await.unwrap();
        }
    });
}

/// One line in one write, so that a kill cannot leave half of it; the test harness may have begun one.
fn say(what: &str, id: u64) {
    stdout().lock().write_all(format!("\n{what} {id}\n").as_bytes()).unwrap();
}

/// What a killed child had said.
#[derive(Default)]
struct Said {
    acked: BTreeSet<u64>,
    removed: BTreeSet<u64>,
}

impl Said {
    fn hear(&mut self, line: &str) {
        let mut words = line.split(' ');
        let (what, id) = (words.next(), words.next().and_then(|id| id.parse().ok()));
        match (what, id) {
            (Some("acked"), Some(id)) => drop(self.acked.insert(id)),
            (Some("removed"), Some(id)) => drop(self.removed.insert(id)),
            _ => {}
        }
    }

    /// Listens until `count` appends are on disk, kills, and listens to what is still in the pipe.
    fn until_killed(&mut self, mut child: Child, count: usize) {
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let before = self.acked.len();
        while self.acked.len() < before + count {
            self.hear(&lines.next().expect("the child ended by itself").unwrap());
        }
        child.kill().unwrap();
        lines.map_while(Result::ok).for_each(|line| self.hear(&line));
        child.wait().unwrap();
    }
}

fn start(path: &Path) -> Child {
    let mut command = child("crash::child_that_appends", path);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

async fn stored(path: &Path) -> BTreeSet<u64> {
    let outbox = open(path);
    let entries = bounded(outbox.load()).await.unwrap();
    entries.iter().for_each(assert_whole);
    let found = ids(&entries);
    assert!(found.is_sorted(), "loaded in order");
    assert!(outbox.last_id() >= *found.last().unwrap_or(&0));
    bounded(outbox.close()).await.unwrap();
    found.into_iter().collect()
}

#[tokio::test]
async fn req_m06_fault_59_after_kill_9_in_mid_append_everything_acknowledged_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let mut said = Said::default();
    for round in 0..6 {
        said.until_killed(start(&path), 100 + 150 * round);
        let stored = stored(&path).await;
        let missing: Vec<_> = said.acked.difference(&stored).filter(|id| *id % 3 != 0).collect();
        assert!(missing.is_empty(), "round {round}: acknowledged and lost: {missing:?}");
        let revived: Vec<_> = said.removed.intersection(&stored).collect();
        assert!(revived.is_empty(), "round {round}: removed on disk and back: {revived:?}");
    }
    assert!(said.acked.len() >= 6 * 100, "the child was faster than its killer each time");
}

#[tokio::test]
async fn fault_59_kill_9_while_the_file_is_made_leaves_a_file_that_opens() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..30u32 {
        let home = folder.path().join(round.to_string());
        std::fs::create_dir(&home).unwrap();
        let path = home.join("outbox");
        let mut child = start(&path);
        // Something appears, a draft at first; from there on, a little later each round.
        let deadline = Instant::now() + WAIT;
        while std::fs::read_dir(&home).unwrap().next().is_none() {
            assert!(Instant::now() < deadline, "the child never began");
        }
        let until = Instant::now() + Duration::from_micros(200) * (round % 10);
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        stored(&path).await;
    }
}

/// What a client does between the delivery of a message and its acknowledgement, and no further.
#[test]
#[ignore = "a child of the test below"]
fn child_that_delivers_and_dies() {
    let Some(path) = std::env::var_os(CHILD_PATH) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let outbox = open(Path::new(&path));
        outbox.append(entry(1)).await.unwrap();
        outbox.append(entry(2)).await.unwrap();
        // Message 1 was acknowledged by the server; the handler finished with offset 4, not with 5.
        outbox.remove([MessageId(1)]);
        outbox.keep_cursor("news", Some(Cursor { epoch: Epoch(7), offset: 4 })).unwrap();
        outbox.flush().await.unwrap();
        say("acked", 2);
        std::thread::sleep(WAIT);
    });
}

#[tokio::test]
async fn fault_54_a_crash_before_the_acknowledgement_repeats_the_message_with_its_id_and_offset() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let mut command = child("crash::child_that_delivers_and_dies", &path);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    Said::default().until_killed(child, 1);

    let outbox = open(&path);
    let again = bounded(outbox.load()).await.unwrap();
    assert_eq!(ids(&again), [2], "the one without an acknowledgement, under its old number");
    assert_eq!(again[0].origin, entry(2).origin, "a server knows it again");
    let cursors = bounded(outbox.cursors()).await.unwrap();
    let read_until = Cursor { epoch: Epoch(7), offset: 4 };
    assert_eq!(cursors, [("news".to_owned(), read_until)], "offset 5 is asked for again");
}
