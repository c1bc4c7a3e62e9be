//! A bare redb file: a number and a payload in one table, one thread, the same groups, and no more.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use everlink_server::log::{BATCH_RECORDS_MAX, BATCH_WAIT_MAX};
use everlink_wire::Message;
use redb::{Database, ReadableDatabase as _, TableDefinition};
use tokio::sync::oneshot;

type Done = oneshot::Sender<Result<()>>;

#[derive(Debug)]
pub(super) struct Bare {
    line: Sender<(Message, Done)>,
    database: Arc<Database>,
}

impl Bare {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let database = Database::builder().set_cache_size(CACHE_BYTES).create(path)?;
        let database = Arc::new(database);
        let (line, waiting) = channel();
        let writer = Arc::clone(&database);
        thread::Builder::new().name("bare".to_owned()).spawn(move || write(&writer, &waiting))?;
        Ok(Self { line, database })
    }

    pub(super) fn append(&self, payload: Message, done: Done) -> Result<()> {
        self.line.send((payload, done)).context("the bare store has ended")
    }

    pub(super) fn read(&self) -> Result<(u64, u64)> {
        let (mut messages, mut bytes) = (0, 0);
        let mut after = 0;
        loop {
            let table = self.database.begin_read()?.open_table(TABLE)?;
            let mut page = Vec::new();
            for row in table.range(after + 1..)?.take(super::kind::PAGE.records) {
                let (number, payload) = row?;
                after = number.value();
                page.push(payload.value().to_vec());
            }
            if page.is_empty() {
                return Ok((messages, bytes));
            }
            messages += page.len() as u64;
            bytes += page.iter().map(|payload| payload.len() as u64).sum::<u64>();
        }
    }
}

/// Commits what came together, until nobody is left who could send.
fn write(database: &Database, line: &Receiver<(Message, Done)>) {
    let (mut number, mut expected, mut took) = (0, 0, Duration::ZERO);
    while let Ok(first) = line.recv() {
        let mut group = vec![first];
        let until = Instant::now() + took.min(BATCH_WAIT_MAX);
        while group.len() < BATCH_RECORDS_MAX {
            let left = until.saturating_duration_since(Instant::now());
            let wait = if group.len() < expected { left } else { Duration::ZERO };
            let Ok(next) = line.recv_timeout(wait) else { break };
            group.push(next);
        }
        expected = group.len();
        let began = Instant::now();
        let committed = commit(database, &mut number, &group).map_err(|error| error.to_string());
        took = began.elapsed();
        for (_, done) in group {
            // Whoever waits for it may have failed otherwise.
            let _ = done.send(committed.clone().map_err(anyhow::Error::msg));
        }
    }
}

fn commit(database: &Database, number: &mut u64, group: &[(Message, Done)]) -> Result<()> {
    let write = database.begin_write()?;
    {
        let mut table = write.open_table(TABLE)?;
        for (payload, _) in group {
            *number += 1;
            table.insert(*number, payload.as_bytes())?;
        }
    }
    write.commit()?;
    Ok(())
}

const TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("messages");

/// As much as the log's store has.
const CACHE_BYTES: usize = 64 * 1024 * 1024;
