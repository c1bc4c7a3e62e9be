//! What came of a run.

use std::io::Write as _;
use std::time::SystemTime;

use anyhow::Result;
use serde::Serialize;

use super::cuts::{self, CutsRow};
use super::delivery::{self, DeliveryRow};
use super::memory::{self, MemoryRow};
use super::options::{Options, Part};
use super::outage::{self, OutageRow};
use super::starts::{self, StartRow};
use super::store::{self, PublishRow, ReplayRow};
use super::table;
use crate::bench::{Machine, machine};

/// Everything that a run has measured.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) date: String,
    pub(super) machine: Machine,
    pub(super) quick: bool,
    pub(super) rounds: u32,
    pub(super) subscribers: u32,
    pub(super) messages: u32,
    pub(super) deliveries: Vec<DeliveryRow>,
    pub(super) memory: Vec<MemoryRow>,
    pub(super) publishes: Vec<PublishRow>,
    pub(super) history: u64,
    pub(super) replays: Vec<ReplayRow>,
    pub(super) cuts: Vec<CutsRow>,
    pub(super) outages: Vec<OutageRow>,
    pub(super) starts: Vec<StartRow>,
}

pub(super) fn run(options: &Options) -> Result<()> {
    let mut report = Report {
        date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        machine: machine(),
        quick: options.quick,
        rounds: options.rounds(),
        subscribers: options.subscribers(),
        messages: options.messages(),
        deliveries: Vec::new(),
        memory: Vec::new(),
        publishes: Vec::new(),
        history: options.history(),
        replays: Vec::new(),
        cuts: Vec::new(),
        outages: Vec::new(),
        starts: Vec::new(),
    };
    if options.measures(Part::Delivery) {
        report.deliveries = delivery::measure(options)?;
    }
    if options.measures(Part::Memory) {
        report.memory = memory::measure(options)?;
    }
    if options.measures(Part::Publish) {
        report.publishes = store::publishes(options)?;
    }
    if options.measures(Part::Replay) {
        report.replays = store::replays(options)?;
    }
    if options.measures(Part::Cuts) {
        report.cuts = cuts::measure(options)?;
    }
    if options.measures(Part::Outage) {
        report.outages = outage::measure(options)?;
    }
    if options.measures(Part::Start) {
        report.starts = starts::measure(options)?;
    }
    let text = match options.json {
        true => serde_json::to_string_pretty(&report)?,
        false => table::render(&report),
    };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}
