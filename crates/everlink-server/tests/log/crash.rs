//! A server's process that is killed at any moment, and what the next one finds.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write, stdout};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use everlink_server::log::{
    Appended, Log, LogOptions, RedbLog, RedbOptions, Retention, RetentionPolicy,
};

use crate::support::{
    CHILD_PATH, WAIT, append, assert_whole, bounded, child, message, open, records,
};

const APPENDERS: u64 = 24;

/// Appends as fast as it can and says what is acknowledged, until it is killed. Each appender goes
/// on behind what is stored of it, and hands the last one over twice.
#[test]
#[ignore = "a child of the tests below"]
fn child_that_appends() {
    let Some(path) = std::env::var_os(CHILD_PATH) else { return };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let log: Arc<dyn Log> = Arc::new(open_with_retention(Path::new(&path)));
        let appenders =
            (0..APPENDERS).map(|appender| tokio::spawn(keep_appending(log.clone(), appender)));
        for appender in appenders.collect::<Vec<_>>() {
            appender.await.unwrap();
        }
    });
}

async fn keep_appending(log: Arc<dyn Log>, appender: u64) {
    let (channel, producer) = (channel(appender), format!("producer-{appender}"));
    let stored = records(&*log, channel).await;
    let last = stored.iter().rfind(|record| *record.producer == producer);
    for sequence in last.map_or(1, |last| last.sequence).. {
        match append(&*log, message(channel, &producer, sequence)).await.unwrap() {
            Appended::New { epoch, offset, .. } => {
                say(&format!("acked {channel} {} {offset} {producer} {sequence}", epoch.0));
            }
            Appended::Known { .. } => assert!(last.is_some(), "only what an earlier run stored"),
            Appended::Refused { code } => panic!("{producer}: {sequence} was refused: {code}"),
            Appended::Hole(last) => panic!("{producer}: {sequence} is a hole behind {last:?}"),
        }
    }
}

fn channel(appender: u64) -> &'static str {
    ["one", "two", "short"][(appender % 3) as usize]
}

fn open_with_retention(path: &Path) -> RedbLog {
    let policies = [RetentionPolicy::new("short", Retention::ALL.max_records(100))];
    let options = LogOptions::default().retention(policies).sweep_every(Duration::from_millis(5));
    RedbLog::open(RedbOptions::new(path).log(options)).unwrap()
}

/// One line in one write, so that a kill cannot leave half of it; the test harness may have begun one.
fn say(what: &str) {
    stdout().lock().write_all(format!("\n{what}\n").as_bytes()).unwrap();
}

/// What the killed children had said: each channel's life, and what is stored where.
#[derive(Default)]
struct Said {
    epochs: BTreeMap<String, u64>,
    acked: BTreeMap<(String, u64), (String, u64)>,
}

impl Said {
    fn hear(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let ["acked", channel, epoch, offset, producer, sequence] = words[..] else { return };
        let epoch = epoch.parse().unwrap();
        let known = *self.epochs.entry(channel.to_owned()).or_insert(epoch);
        assert_eq!(known, epoch, "{channel} lives on");
        let (offset, sequence) = (offset.parse().unwrap(), sequence.parse().unwrap());
        let origin = (producer.to_owned(), sequence);
        let before = self.acked.insert((channel.to_owned(), offset), origin);
        assert_eq!(before, None, "offset {offset} of {channel} was given twice");
    }

    /// Listens until `count` more are acknowledged, kills, and listens to what is still in the pipe.
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

    /// What is acknowledged is there, at its offset, and everything is there once and in order.
    async fn check(&self, path: &Path) {
        let log = open(path);
        for channel in ["one", "two", "short"] {
            let head = bounded(log.head(channel)).await.unwrap();
            let stored = records(&log, channel).await;
            let offsets: Vec<_> = stored.iter().map(|record| record.offset).collect();
            assert_eq!(offsets, (head.first..=head.head).collect::<Vec<_>>(), "{channel}");
            if channel != "short" {
                assert_eq!(head.first, 1, "{channel}");
            }
            let mut origins = BTreeSet::new();
            let mut last = BTreeMap::new();
            for record in &stored {
                assert_whole(channel, record);
                let origin = (record.producer.to_string(), record.sequence);
                let before = last.insert(origin.0.clone(), origin.1);
                assert!(before.is_none_or(|before| before + 1 == origin.1), "{origin:?} in order");
                let acked = self.acked.get(&(channel.to_owned(), record.offset));
                assert!(acked.is_none_or(|acked| *acked == origin), "{acked:?} is {origin:?} now");
                assert!(origins.insert(origin), "twice in {channel}");
            }
            let acked = self.acked.keys().filter(|(name, _)| name == channel);
            let highest = acked.map(|(_, offset)| *offset).max().unwrap_or(0);
            assert!(head.head >= highest, "{channel}: acknowledged {highest}, found {}", head.head);
        }
        bounded(log.close()).await;
    }
}

fn start(path: &Path) -> Child {
    let mut command = child("crash::child_that_appends", path);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

#[tokio::test]
async fn fault_32_fault_59_after_kill_9_in_mid_append_everything_acknowledged_is_there_in_order_once()
 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let mut said = Said::default();
    for round in 0..8 {
        said.until_killed(start(&path), 100 + 200 * round);
        said.check(&path).await;
    }
    assert!(said.acked.len() >= 8 * 100, "the child was faster than its killer each time");
}

#[tokio::test]
async fn fault_59_kill_9_while_the_file_is_made_leaves_a_file_that_opens() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..30u32 {
        let home = folder.path().join(round.to_string());
        std::fs::create_dir(&home).unwrap();
        let path = home.join("store");
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
        Said::default().check(&path).await;
    }
}
