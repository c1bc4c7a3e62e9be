//! The log through the whole server: publishes that wait for the disk, and a long history.

use std::path::Path;

use anyhow::{Result, bail};
use serde::Serialize;

use super::costs::cpu_ns;
use super::delivery::{Bed, Spread};
use super::job::{Job, Outcome, Speech};
use super::kind::{Place, ServerKind};
use super::options::Options;
use crate::bench::{median, quantile};
use crate::store::{Kind, round};

/// Times from publish to acknowledgement, on disk.
#[derive(Debug, Serialize)]
pub(super) struct PublishRow {
    pub(super) publishers: u32,
    /// The server, or the same disk without it.
    pub(super) what: &'static str,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    pub(super) rate: Spread,
    pub(super) cpu_us: f64,
}

/// How fast one client gets many messages.
#[derive(Debug, Serialize)]
pub(super) struct ReplayRow {
    pub(super) what: &'static str,
    pub(super) rate: f64,
    pub(super) cpu_us: Spread,
}

#[derive(Debug, Default)]
struct Rounds {
    us: Vec<f64>,
    rates: Vec<f64>,
    cpu_us: Vec<f64>,
}

impl Rounds {
    fn row(self, publishers: u32, what: &'static str) -> PublishRow {
        PublishRow {
            publishers,
            what,
            p50_us: quantile(self.us.clone(), 0.5),
            p99_us: quantile(self.us, 0.99),
            rate: Spread::of(self.rates.into_iter()),
            cpu_us: median(self.cpu_us.into_iter()),
        }
    }
}

pub(super) fn publishes(options: &Options) -> Result<Vec<PublishRow>> {
    let folder = options.folder()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build()?;
    let millis = options.publish_ms();
    let mut rows = Vec::new();
    for publishers in PUBLISHERS {
        let (mut bare, mut whole) = (Rounds::default(), Rounds::default());
        for number in 0..options.rounds() {
            eprintln!("{publishers} publishers, round {}", number + 1);
            let size = u32::try_from(SIZE)?;
            let alone = round(Kind::Bare, folder.path(), publishers, size, millis);
            let alone = runtime.block_on(alone)?;
            bare.rates.push(alone.rate);
            bare.cpu_us.push(alone.cpu_us);
            bare.us.extend(alone.latencies_us);
            let path = folder.path().join(format!("log-{publishers}-{number}"));
            let mut bed = Bed::new(ServerKind::Everlink, &on_disk(&path))?;
            publish(&mut bed, publishers, millis, &mut whole)?;
            drop(bed);
            std::fs::remove_file(&path)?;
        }
        rows.push(bare.row(publishers, "bare redb, no server"));
        rows.push(whole.row(publishers, "everlink"));
    }
    Ok(rows)
}

fn publish(bed: &mut Bed, publishers: u32, millis: u64, rounds: &mut Rounds) -> Result<()> {
    let before = cpu_ns(bed.server.id())?;
    let addresses = bed.addresses.clone();
    let job = Job::Publish { addresses, publishers, size: SIZE, millis };
    let Outcome::Published { us } = bed.ask(&job)? else { bail!("no times came") };
    let cpu = cpu_ns(bed.server.id())?.saturating_sub(before);
    let messages = us.len() as f64;
    rounds.rates.push(messages / (millis as f64 / 1e3));
    rounds.cpu_us.push(cpu as f64 / 1e3 / messages);
    rounds.us.extend(us);
    Ok(())
}

pub(super) fn replays(options: &Options) -> Result<Vec<ReplayRow>> {
    let folder = options.folder()?;
    let path = folder.path().join("history");
    let messages = options.history();
    let mut disk = Bed::new(ServerKind::Everlink, &on_disk(&path))?;
    let mut memory = Bed::new(ServerKind::Everlink, &Place::default())?;
    let mut bare = Bed::new(ServerKind::AxumBatched, &Place::default())?;
    for bed in [&mut disk, &mut memory] {
        let addresses = bed.addresses.clone();
        bed.work(&Job::Fill { addresses, messages, size: SIZE })?;
    }
    let mut rounds: [Vec<(f64, f64)>; 3] = Default::default();
    for number in 0..options.rounds() {
        eprintln!("replay of {messages} messages, round {}", number + 1);
        for (at, bed) in [&mut disk, &mut memory, &mut bare].into_iter().enumerate() {
            let addresses = bed.addresses.clone();
            let job = match bed.kind.speech() {
                Speech::Everlink => {
                    Job::Replay { addresses, messages, client: format!("reader{number}") }
                }
                Speech::Plain | Speech::SocketIo => {
                    Job::Stream { addresses, messages, size: FRAME }
                }
            };
            let before = cpu_ns(bed.server.id())?;
            let elapsed_ns = bed.work(&job)?;
            let cpu = cpu_ns(bed.server.id())?.saturating_sub(before);
            let count = messages as f64;
            rounds[at].push((count / (elapsed_ns as f64 / 1e9), cpu as f64 / 1e3 / count));
        }
    }
    let names = ["everlink, from disk", "everlink, from memory", "axum-batched, one text repeated"];
    let row = |(what, rounds): (&'static str, &Vec<(f64, f64)>)| ReplayRow {
        what,
        rate: median(rounds.iter().map(|(rate, _)| *rate)),
        cpu_us: Spread::of(rounds.iter().map(|(_, cpu)| *cpu)),
    };
    Ok(names.into_iter().zip(&rounds).map(row).collect())
}

fn on_disk(path: &Path) -> Place<'_> {
    Place { store: Some(path), ..Place::default() }
}

const PUBLISHERS: [u32; 3] = [1, 16, 256];
const SIZE: usize = 200;

/// What such a message is on the wire, with its channel, place, producer and time.
const FRAME: usize = 290;
