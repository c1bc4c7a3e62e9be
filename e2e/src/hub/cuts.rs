//! Delivery while every client is cut off again and again.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use super::clients::ClientKind;
use super::delivery::Bed;
use super::job::{Heard, Job, Outcome};
use super::kind::{Place, cables};
use super::options::Options;
use super::relay::{CableJob, Comeback};
use crate::bench::quantile;

/// What came in spite of the cuts.
#[derive(Debug, Serialize)]
pub(super) struct CutsRow {
    pub(super) client: ClientKind,
    pub(super) clients: u32,
    pub(super) published: usize,
    pub(super) cuts: usize,
    /// Of all that every client should have.
    pub(super) delivered: f64,
    /// From the cable's being whole to the client's connection, in milliseconds.
    pub(super) back_p50_ms: f64,
    pub(super) back_p99_ms: f64,
    /// From that connection until the client has all that was published before it.
    pub(super) level_p50_ms: f64,
    pub(super) level_p99_ms: f64,
    /// Comebacks after which it never had the last of them.
    pub(super) never_level: usize,
}

pub(super) fn measure(options: &Options) -> Result<Vec<CutsRow>> {
    let kinds = [ClientKind::Everlink, ClientKind::SocketIo];
    let wanted = kinds.into_iter().filter(|kind| options.returns(*kind));
    wanted.map(|kind| one(kind, options)).collect()
}

fn one(kind: ClientKind, options: &Options) -> Result<CutsRow> {
    let clients = options.subscribers();
    eprintln!("{clients} clients under cuts: {}", kind.name());
    let mut bed = Bed::with_clients(kind, &Place::default())?;
    let server = bed.addresses.first().context("no address")?.clone();
    let mut cables = cables()?;
    let lay = CableJob::Lay { server: server.clone(), cables: clients };
    let addresses: Vec<String> = cables.ask(&lay, ANSWER_MAX)?;
    bed.work(&Job::Attend { addresses, publisher: server })?;
    let plan = options.cuts();
    let (every_ms, gone_ms, millis) = (plan.every_ms, plan.gone_ms, plan.millis);
    cables.ask::<_, ()>(&CableJob::Cut { every_ms, gone_ms, millis }, ANSWER_MAX)?;
    let talk = Job::Talk { millis: millis + plan.after_ms, every_ms: plan.publish_every_ms };
    let Outcome::Heard(heard) = bed.ask(&talk)? else { bail!("it was not said what came") };
    let comebacks: Vec<Comeback> = cables.ask(&CableJob::Tell, ANSWER_MAX)?;
    Ok(row(kind, clients, &heard, &comebacks))
}

fn row(kind: ClientKind, clients: u32, heard: &Heard, comebacks: &[Comeback]) -> CutsRow {
    let arrivals = heard.arrived_ms.iter().flatten().flatten().count();
    let wanted = heard.published_ms.len() * clients as usize;
    let back: Vec<f64> =
        comebacks.iter().map(|come| come.dialled_ms.saturating_sub(come.whole_ms) as f64).collect();
    let level: Vec<f64> = comebacks.iter().filter_map(|come| levelled(heard, come)).collect();
    CutsRow {
        client: kind,
        clients,
        published: heard.published_ms.len(),
        cuts: comebacks.len(),
        delivered: arrivals as f64 / wanted as f64,
        back_p50_ms: quantile(back.clone(), 0.5),
        back_p99_ms: quantile(back, 0.99),
        level_p50_ms: quantile(level.clone(), 0.5),
        level_p99_ms: quantile(level.clone(), 0.99),
        never_level: comebacks.len() - level.len(),
    }
}

/// Returns how long after its connection a client had the last of all that was published before.
fn levelled(heard: &Heard, come: &Comeback) -> Option<f64> {
    let dialled_ms = come.dialled_ms.saturating_sub(heard.began_ms);
    let before = heard.published_ms.partition_point(|published| *published <= dialled_ms);
    let Some(last) = before.checked_sub(1) else { return Some(0.0) };
    let arrived = heard.arrived_ms.get(come.cable)?.get(last).copied().flatten()?;
    Some(arrived.saturating_sub(dialled_ms) as f64)
}

const ANSWER_MAX: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_level_when_it_has_the_last_message_from_before_its_connection() {
        let heard = Heard {
            began_ms: 1000,
            published_ms: vec![0, 100, 200, 300],
            arrived_ms: vec![vec![Some(1), Some(260), Some(270), None]],
        };
        let come = |dialled_ms| Comeback { cable: 0, whole_ms: 1000, dialled_ms };
        assert_eq!(levelled(&heard, &come(1250)), Some(20.0), "messages 0 to 2 were before it");
        assert_eq!(levelled(&heard, &come(1150)), Some(110.0));
        assert_eq!(levelled(&heard, &come(1310)), None, "message 3 never came");
        let row = row(ClientKind::Everlink, 1, &heard, &[come(1250), come(1310)]);
        assert_eq!((row.delivered, row.cuts, row.never_level), (0.75, 2, 1));
        assert_eq!((row.back_p50_ms, row.level_p99_ms), (310.0, 20.0));
    }
}
