//! The return of all clients after a crash of their server.

use std::thread::sleep;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use super::clients::ClientKind;
use super::delivery::Bed;
use super::job::{Job, Outcome, Returned};
use super::kind::{Place, ServerKind};
use super::options::Options;
use super::returner::now_ms;

/// How the clients of one kind came back.
#[derive(Debug, Serialize)]
pub(super) struct OutageRow {
    pub(super) client: ClientKind,
    pub(super) server: ServerKind,
    pub(super) clients: u32,
    pub(super) returned: Returned,
}

pub(super) fn measure(options: &Options) -> Result<Vec<OutageRow>> {
    let kinds = ClientKind::ALL.into_iter().filter(|kind| options.returns(*kind));
    kinds.map(|kind| one(kind, options)).collect()
}

fn one(client: ClientKind, options: &Options) -> Result<OutageRow> {
    let folder = options.folder()?;
    let path = folder.path().join("log");
    let kind = client.server();
    let store = (kind == ServerKind::Everlink).then_some(path.as_path());
    let mut bed = Bed::with_clients(client, &Place { store, ..Place::default() })?;
    let (addresses, speech) = (bed.addresses.clone(), kind.speech());
    let clients = client.most(options.herd());
    let port = addresses.first().and_then(|address| address.rsplit(':').next());
    let port: u16 = port.context("no address")?.parse()?;
    eprintln!("{clients} clients: {}", client.name());
    bed.work(&Job::Herd { addresses, speech, clients })?;
    sleep(options.outage() / 5);
    eprintln!("the server is killed");
    bed.server.kill();
    sleep(options.outage());
    let (server, _) = kind.start(&Place { store, port, tls: None })?;
    bed.server = server;
    let restarted_ms = now_ms();
    let Outcome::Returned(returned) = bed.ask(&Job::Return { restarted_ms })? else {
        bail!("it was not said how they came back")
    };
    Ok(OutageRow { client, server: kind, clients, returned })
}
