//! The return of all clients after a crash of their server.

use std::thread::sleep;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use super::delivery::Bed;
use super::job::{Job, Outcome, Returned};
use super::kind::{Place, ServerKind};
use super::options::Options;
use super::returner::now_ms;

/// How the clients of one kind came back.
#[derive(Debug, Serialize)]
pub(super) struct OutageRow {
    pub(super) client: &'static str,
    pub(super) returned: Returned,
}

pub(super) fn measure(options: &Options) -> Result<Vec<OutageRow>> {
    let kinds = [
        (ServerKind::Everlink, "everlink client and server"),
        (ServerKind::AxumBatched, "plain loop, 1 s, axum"),
    ];
    kinds.into_iter().map(|(kind, client)| one(kind, client, options)).collect()
}

fn one(kind: ServerKind, client: &'static str, options: &Options) -> Result<OutageRow> {
    let folder = options.folder()?;
    let path = folder.path().join("log");
    let store = (kind == ServerKind::Everlink).then_some(path.as_path());
    let mut bed = Bed::new(kind, &Place { store, port: 0 })?;
    let (addresses, speech, clients) = (bed.addresses.clone(), kind.speech(), options.herd());
    let port = addresses.first().and_then(|address| address.rsplit(':').next());
    let port: u16 = port.context("no address")?.parse()?;
    eprintln!("{clients} clients: {client}");
    bed.work(&Job::Herd { addresses, speech, clients })?;
    sleep(options.outage() / 5);
    eprintln!("the server is killed");
    bed.server.kill();
    sleep(options.outage());
    let (server, _) = kind.start(&Place { store, port })?;
    bed.server = server;
    let restarted_ms = now_ms();
    let Outcome::Returned(returned) = bed.ask(&Job::Return { restarted_ms })? else {
        bail!("it was not said how they came back")
    };
    Ok(OutageRow { client, returned })
}
