//! Which jobs are given to whom, and when: in each round every client has its turn, so that what
//! disturbs the machine meets all of them.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::child::Process;
use super::job::{ClientKind, Job, Outcome};
use super::options::Options;
use super::worker::JOB_MAX;

/// The processes of one run.
pub(super) struct Bed {
    // Dropped from the first to the last: the clients go before their server.
    workers: Vec<(ClientKind, Process)>,
    _server: Process,
    addresses: Vec<String>,
    rounds: u32,
}

/// What a client had in each round.
#[derive(Clone, Debug)]
pub(super) struct Rounds {
    pub(super) client: ClientKind,
    pub(super) outcomes: Vec<Outcome>,
}

impl Bed {
    pub(super) fn new(options: &Options) -> Result<Self> {
        let (server, addresses) = Process::server()?;
        let start = |kind| Ok((kind, Process::worker(kind)?));
        let workers = options.clients().into_iter().map(start).collect::<Result<_>>()?;
        Ok(Self { workers, _server: server, addresses, rounds: options.rounds() })
    }

    pub(super) fn url(&self, path: &str) -> String {
        self.addresses.first().map(|address| format!("ws://{address}/{path}")).unwrap_or_default()
    }

    pub(super) fn urls(&self, path: &str) -> Vec<String> {
        self.addresses.iter().map(|address| format!("ws://{address}/{path}")).collect()
    }

    /// Gives a job to each of the clients in each round; the first round is for warming up, unless
    /// it is the only one.
    pub(super) fn rounds(
        &mut self,
        job: &Job,
        takes: impl Fn(ClientKind) -> bool,
    ) -> Result<Vec<Rounds>> {
        let workers = self.workers.iter_mut().filter(|(kind, _)| takes(*kind));
        let mut workers: Vec<_> = workers.collect();
        let empty =
            |(kind, _): &&mut (ClientKind, Process)| Rounds { client: *kind, outcomes: Vec::new() };
        let mut results: Vec<Rounds> = workers.iter().map(empty).collect();
        let warm_up = u32::from(self.rounds > 1);
        for round in 0..self.rounds + warm_up {
            for at in 0..workers.len() {
                // Nobody is always first, or always after the same one.
                let at = (at + round as usize) % workers.len();
                let outcome = ask(workers[at].0, &mut workers[at].1, job)?;
                if round >= warm_up {
                    results[at].outcomes.push(outcome);
                }
            }
        }
        Ok(results)
    }

    /// Gives a job to each client once, in a process that has done nothing before.
    pub(super) fn once(
        &self,
        job: &Job,
        takes: impl Fn(ClientKind) -> bool,
    ) -> Result<Vec<Rounds>> {
        let kinds = self.workers.iter().map(|(kind, _)| *kind).filter(|kind| takes(*kind));
        let run = |client| {
            let outcome = ask(client, &mut Process::worker(client)?, job)?;
            Ok(Rounds { client, outcomes: vec![outcome] })
        };
        kinds.map(run).collect()
    }
}

fn ask(kind: ClientKind, worker: &mut Process, job: &Job) -> Result<Outcome> {
    let outcome = worker.ask(job, JOB_MAX + Duration::from_secs(5)).with_context(|| kind.name())?;
    if let Outcome::Failed { error } = outcome {
        bail!("{} failed at {job:?}: {error}", kind.name());
    }
    Ok(outcome)
}
