//! CPU time of a delivery in a room.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use serde::Serialize;

use super::clients::ClientKind;
use super::costs::cpu_ns;
use super::job::{Job, Outcome};
use super::kind::{Place, ServerKind, generator};
use super::options::Options;
use crate::bench::{Process, median};

/// What a message to one subscriber costs. Ratios are against axum with writes in batches, taken round by
/// round; above 1 is dearer.
#[derive(Debug, Serialize)]
pub(super) struct DeliveryRow {
    pub(super) server: ServerKind,
    pub(super) in_flight: u32,
    pub(super) cpu_us: Spread,
    pub(super) per_second: f64,
    pub(super) ratio: Option<Spread>,
}

/// The median of the rounds, the least and the most.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) least: f64,
    pub(super) most: f64,
}

impl Spread {
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.collect();
        Self {
            median: median(values.iter().copied()),
            least: values.iter().copied().fold(f64::INFINITY, f64::min),
            most: values.iter().copied().fold(0.0, f64::max),
        }
    }
}

/// A server with the generator of its load.
#[derive(Debug)]
pub(super) struct Bed {
    pub(super) kind: ServerKind,
    pub(super) server: Process,
    pub(super) addresses: Vec<String>,
    /// With TLS.
    certificate: Option<PathBuf>,
    generator: Process,
}

impl Bed {
    pub(super) fn new(kind: ServerKind, place: &Place<'_>) -> Result<Self> {
        Self::start(kind, place, generator()?)
    }

    /// Starts such clients as come back, and the server that they usually have.
    pub(super) fn with_clients(clients: ClientKind, place: &Place<'_>) -> Result<Self> {
        Self::start(clients.server(), place, clients.start()?)
    }

    fn start(kind: ServerKind, place: &Place<'_>, generator: Process) -> Result<Self> {
        let (server, addresses) = kind.start(place)?;
        let certificate = place.tls.map(|tls| tls.certificate.clone());
        Ok(Self { kind, server, addresses, certificate, generator })
    }

    pub(super) fn gather(&mut self, clients: u32) -> Result<()> {
        let addresses = self.addresses.clone();
        let (speech, certificate) = (self.kind.speech(), self.certificate.clone());
        self.work(&Job::Gather { addresses, speech, clients, certificate }).map(drop)
    }

    /// Returns how long it took, in nanoseconds.
    pub(super) fn work(&mut self, job: &Job) -> Result<u64> {
        let outcome = self.ask(job)?;
        let Outcome::Done { elapsed_ns } = outcome else {
            bail!("{}: {job:?}: {outcome:?}", self.kind.name());
        };
        Ok(elapsed_ns)
    }

    pub(super) fn ask(&mut self, job: &Job) -> Result<Outcome> {
        let outcome = self.generator.ask(job, ANSWER_MAX)?;
        if let Outcome::Failed { why } = &outcome {
            bail!("{}: {job:?}: {why}", self.kind.name());
        }
        Ok(outcome)
    }
}

/// One round of one server.
#[derive(Clone, Copy, Debug)]
struct Round {
    cpu_us: f64,
    per_second: f64,
}

pub(super) fn measure(options: &Options) -> Result<Vec<DeliveryRow>> {
    let mut beds = Vec::new();
    for kind in options.servers() {
        eprintln!("{} subscribers of {}", options.subscribers(), kind.name());
        let mut bed = Bed::new(kind, &Place::default())?;
        bed.gather(options.subscribers())?;
        bed.work(&broadcast(options, 8))?;
        beds.push(bed);
    }
    let mut rows = Vec::new();
    for in_flight in IN_FLIGHT {
        let mut rounds = vec![Vec::new(); beds.len()];
        for number in 0..options.rounds() as usize {
            eprintln!("deliveries, {in_flight} in flight, round {}", number + 1);
            for turn in 0..beds.len() {
                // Another one begins each time.
                let at = (number + turn) % beds.len();
                rounds[at].push(round(&mut beds[at], options, in_flight)?);
            }
        }
        rows.extend(report(&beds, &rounds, in_flight));
    }
    Ok(rows)
}

fn round(bed: &mut Bed, options: &Options, in_flight: u32) -> Result<Round> {
    let before = cpu_ns(bed.server.id())?;
    let elapsed_ns = bed.work(&broadcast(options, in_flight))?;
    let cpu = cpu_ns(bed.server.id())?.saturating_sub(before);
    let deliveries = f64::from(options.subscribers()) * f64::from(options.messages());
    Ok(Round {
        cpu_us: cpu as f64 / 1e3 / deliveries,
        per_second: deliveries / (elapsed_ns as f64 / 1e9),
    })
}

fn report(beds: &[Bed], rounds: &[Vec<Round>], in_flight: u32) -> Vec<DeliveryRow> {
    let yardstick = beds.iter().position(|bed| bed.kind == ServerKind::AxumBatched);
    let row = |(bed, own): (&Bed, &Vec<Round>)| DeliveryRow {
        server: bed.kind,
        in_flight,
        cpu_us: Spread::of(own.iter().map(|round| round.cpu_us)),
        per_second: median(own.iter().map(|round| round.per_second)),
        ratio: yardstick.map(|at| {
            let pairs = rounds[at].iter().zip(own);
            Spread::of(pairs.map(|(yardstick, own)| own.cpu_us / yardstick.cpu_us))
        }),
    };
    beds.iter().zip(rounds).map(row).collect()
}

fn broadcast(options: &Options, in_flight: u32) -> Job {
    Job::Broadcast { messages: options.messages(), in_flight, size: SIZE }
}

const IN_FLIGHT: [u32; 2] = [1, 8];
pub(super) const SIZE: usize = 128;
const ANSWER_MAX: Duration = Duration::from_secs(190);
