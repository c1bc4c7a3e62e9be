//! The stores, behind what the benchmark does with them.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use everlink_engine::server::Refusals;
use everlink_server::log::{
    Append, Appended, Body, Log, LogOptions, MemoryLog, PageLimit, RedbLog, RedbOptions,
};
use everlink_wire::Message;
use tokio::sync::oneshot;

use super::bare::Bare;

/// What is measured. The first is what all are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Bare,
    Redb,
    Memory,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Bare, Self::Redb, Self::Memory];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare redb",
            Self::Redb => "everlink redb",
            Self::Memory => "everlink memory",
        }
    }

    pub(super) fn open(self, path: &Path) -> Result<Store> {
        let options = LogOptions::default();
        Ok(match self {
            Self::Bare => Store::Bare(Arc::new(Bare::open(path)?)),
            Self::Redb => Store::Log(Arc::new(RedbLog::open(RedbOptions::new(path).log(options))?)),
            Self::Memory => Store::Log(Arc::new(MemoryLog::new(options)?)),
        })
    }
}

#[derive(Clone, Debug)]
pub(super) enum Store {
    Bare(Arc<Bare>),
    Log(Arc<dyn Log>),
}

impl Store {
    /// Stores a message; resolves when it is acknowledged.
    pub(super) async fn append(&self, appender: &Appender, sequence: u64) -> Result<()> {
        let (done, acknowledged) = oneshot::channel();
        match self {
            Self::Bare(bare) => bare.append(appender.payload.clone(), done)?,
            Self::Log(log) => {
                let append = appender.message(sequence);
                let tell = move |outcome| {
                    let stored = match outcome {
                        Ok(Appended::New { .. }) => Ok(()),
                        other => Err(anyhow!("an append came to {other:?}")),
                    };
                    // Whoever waits for it may have failed otherwise.
                    let _ = done.send(stored);
                };
                log.append(append, Box::new(tell));
            }
        }
        acknowledged.await.context("an append was never answered")?
    }

    /// Reads everything, page by page; returns how many messages and bytes there were.
    pub(super) async fn read(&self) -> Result<(u64, u64)> {
        match self {
            Self::Bare(bare) => {
                let bare = Arc::clone(bare);
                tokio::task::spawn_blocking(move || bare.read()).await?
            }
            Self::Log(log) => read_pages(&**log).await,
        }
    }
}

async fn read_pages(log: &dyn Log) -> Result<(u64, u64)> {
    let (mut messages, mut bytes, mut after) = (0, 0, 0);
    loop {
        let page = log.read(CHANNEL, after, PAGE).await?;
        let Some(last) = page.records.last() else { break };
        if last.offset != after + page.records.len() as u64 {
            bail!("after {after} came {} messages up to {}", page.records.len(), last.offset);
        }
        after = last.offset;
        messages += page.records.len() as u64;
        bytes += page.records.iter().map(|record| record.payload.len() as u64).sum::<u64>();
    }
    Ok((messages, bytes))
}

/// One who publishes, under a name of its own.
#[derive(Clone, Debug)]
pub(super) struct Appender {
    channel: Arc<str>,
    producer: Arc<str>,
    payload: Message,
}

impl Appender {
    pub(super) fn new(number: u32, size: u32) -> Self {
        let producer = format!("01JD3ZQ{number:019}").into();
        let payload = Message::from("x".repeat(size as usize));
        Self { channel: CHANNEL.into(), producer, payload }
    }

    fn message(&self, sequence: u64) -> Append {
        Append {
            channel: Arc::clone(&self.channel),
            producer: Arc::clone(&self.producer),
            sequence,
            before: sequence - 1,
            id: None,
            user: None,
            first: false,
            refused: Refusals::new(),
            body: Body::Message(self.payload.clone()),
        }
    }
}

const CHANNEL: &str = "conversation:1";

/// As a session reads history for a client that comes back.
pub(super) const PAGE: PageLimit = PageLimit { records: 1000, bytes: 256 * 1024 };
