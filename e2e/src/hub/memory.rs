//! Memory of an idle connection.

use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::costs::resident_bytes;
use super::delivery::Bed;
use super::job::Job;
use super::kind::{Place, ServerKind};
use super::options::Options;

/// Resident memory of the server for each connection, in KiB.
#[derive(Debug, Serialize)]
pub(super) struct MemoryRow {
    pub(super) server: ServerKind,
    pub(super) connections: u32,
    pub(super) idle_kib: f64,
    /// After a message of 64 KiB to each.
    pub(super) after_down_kib: f64,
    /// After one from each, too.
    pub(super) after_both_kib: f64,
}

pub(super) fn measure(options: &Options) -> Result<Vec<MemoryRow>> {
    let rows = options.servers().into_iter().map(|kind| {
        eprintln!("{} idle connections of {}", options.idle(), kind.name());
        one(kind, options)
    });
    rows.collect()
}

fn one(kind: ServerKind, options: &Options) -> Result<MemoryRow> {
    let mut bed = Bed::new(kind, &Place::default())?;
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
        connections: options.idle(),
        idle_kib,
        after_down_kib,
        after_both_kib,
    })
}

const FIRST: u32 = 100;
const LARGE: usize = 64 * 1024;
