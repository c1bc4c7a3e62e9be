//! Memory of an idle connection.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;
use everlink_server::listen::TlsFiles;
use serde::Serialize;

use super::costs::resident_bytes;
use super::delivery::Bed;
use super::job::Job;
use super::kind::{Place, ServerKind};
use super::options::Options;
use super::raw::SERVER_NAME;

/// Resident memory of the server for each connection, in KiB.
#[derive(Debug, Serialize)]
pub(super) struct MemoryRow {
    pub(super) server: ServerKind,
    pub(super) tls: bool,
    pub(super) connections: u32,
    pub(super) idle_kib: f64,
    /// After a message of 64 KiB to each.
    pub(super) after_down_kib: f64,
    /// After one from each, too.
    pub(super) after_both_kib: f64,
}

pub(super) fn measure(options: &Options) -> Result<Vec<MemoryRow>> {
    let servers = options.servers();
    let mut rows = Vec::new();
    for kind in &servers {
        rows.push(one(*kind, None, options)?);
    }
    let folder = options.folder()?;
    let pair = pair(folder.path())?;
    for kind in WITH_TLS.into_iter().filter(|kind| servers.contains(kind)) {
        rows.push(one(kind, Some(&pair), options)?);
    }
    Ok(rows)
}

/// Makes a certificate and its key.
fn pair(folder: &Path) -> Result<TlsFiles> {
    let key = rcgen::KeyPair::generate()?;
    let params = rcgen::CertificateParams::new(vec![SERVER_NAME.to_owned()])?;
    let files =
        TlsFiles { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
    std::fs::write(&files.certificate, params.self_signed(&key)?.pem())?;
    std::fs::write(&files.key, key.serialize_pem())?;
    Ok(files)
}

fn one(kind: ServerKind, tls: Option<&TlsFiles>, options: &Options) -> Result<MemoryRow> {
    let with = if tls.is_some() { " with TLS" } else { "" };
    eprintln!("{} idle connections of {}{with}", options.idle(), kind.name());
    let mut bed = Bed::new(kind, &Place { tls, ..Place::default() })?;
    // What the first ones allocate for good is not the connections'.
    bed.gather(FIRST)?;
    bed.work(&Job::Broadcast { messages: 10, in_flight: 1, size: 128 })?;
    let settle = Duration::from_millis(options.settle_ms());
    sleep(settle / 2);
    let before = resident_bytes(bed.server.id())?;
    let each = |bed: &Bed| {
        sleep(settle);
        let more = resident_bytes(bed.server.id())?.saturating_sub(before);
        Ok::<_, anyhow::Error>(more as f64 / 1024.0 / f64::from(options.idle()))
    };
    bed.gather(options.idle())?;
    let idle_kib = each(&bed)?;
    bed.work(&Job::Broadcast { messages: 1, in_flight: 1, size: LARGE })?;
    let after_down_kib = each(&bed)?;
    bed.work(&Job::Up { size: LARGE })?;
    let after_both_kib = each(&bed)?;
    Ok(MemoryRow {
        server: kind,
        tls: tls.is_some(),
        connections: options.idle(),
        idle_kib,
        after_down_kib,
        after_both_kib,
    })
}

/// The one that has it, and the one whose place is taken by the same code.
const WITH_TLS: [ServerKind; 2] = [ServerKind::Everlink, ServerKind::AxumBatched];

const FIRST: u32 = 100;
const LARGE: usize = 64 * 1024;
