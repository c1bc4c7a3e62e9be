//! What came of a run, as numbers that can be compared.

use std::io::Write as _;
use std::time::SystemTime;

use anyhow::{Result, ensure};
use serde::Serialize;

use super::figures::{MemoryRow, MessageRow, RestoreRow};
use super::job::{ClientKind, Job};
use super::options::{Options, Part};
use super::plan::Bed;
use super::table;

/// Everything that a run has measured.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) date: String,
    pub(super) machine: Machine,
    pub(super) quick: bool,
    pub(super) rounds: u32,
    pub(super) round_ms: u64,
    pub(super) messages: Vec<MessageRow>,
    pub(super) restore: Vec<RestoreRow>,
    pub(super) memory: Vec<MemoryRow>,
    pub(super) targets: Vec<Target>,
}

/// Where it was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) cpus: usize,
    pub(crate) cpu: String,
    pub(crate) kernel: String,
}

/// What Everlink may cost beside the bare transport.
#[derive(Debug, Serialize)]
pub(super) struct Target {
    pub(super) what: String,
    pub(super) value: f64,
    pub(super) limit: f64,
    /// Whether the limit is the least or the most that is allowed.
    pub(super) at_least: bool,
    pub(super) met: bool,
}

pub(super) fn run(options: &Options) -> Result<()> {
    let mut bed = Bed::new(options)?;
    let mut report = Report {
        date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        machine: machine(),
        quick: options.quick,
        rounds: options.rounds(),
        round_ms: options.round_ms(),
        messages: Vec::new(),
        restore: Vec::new(),
        memory: Vec::new(),
        targets: Vec::new(),
    };
    if options.measures(Part::Messages) {
        report.messages = messages(&mut bed, options)?;
    }
    if options.measures(Part::Restore) {
        report.restore = restore(&mut bed, options)?;
    }
    if options.measures(Part::Memory) {
        report.memory = memory(&bed, options)?;
    }
    drop(bed);
    report.targets = targets(&report);
    let text = match options.json {
        true => serde_json::to_string_pretty(&report)?,
        false => table::render(&report),
    };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}

fn messages(bed: &mut Bed, options: &Options) -> Result<Vec<MessageRow>> {
    let millis = options.round_ms();
    let mut rows = Vec::new();
    for (size, in_flight) in SIZES {
        for in_flight in in_flight {
            eprintln!("echo, {size} B, {in_flight} in flight");
            let job = Job::Echo { url: bed.url("echo"), size, in_flight, millis };
            rows.extend(MessageRow::all("echo", size, in_flight, &bed.rounds(&job, |_| true)?)?);
        }
        eprintln!("one way, {size} B");
        let up = Job::Up { url: bed.url("up"), size, millis };
        rows.extend(MessageRow::all("up", size, 0, &bed.rounds(&up, |_| true)?)?);
        let url = bed.url(&format!("down?size={size}&millis={millis}"));
        let down = Job::Down { url, size, millis };
        rows.extend(MessageRow::all("down", size, 0, &bed.rounds(&down, |_| true)?)?);
    }
    Ok(rows)
}

fn restore(bed: &mut Bed, options: &Options) -> Result<Vec<RestoreRow>> {
    eprintln!("dial and restore");
    let times = options.cuts();
    let dial = Job::Dial { url: bed.url("cut"), times };
    let mut rows = RestoreRow::all("dial", &bed.rounds(&dial, |_| true)?)?;
    let cut = Job::Restore { url: bed.url("cut"), times };
    rows.extend(RestoreRow::all("restore", &bed.rounds(&cut, |_| true)?)?);
    Ok(rows)
}

fn memory(bed: &Bed, options: &Options) -> Result<Vec<MemoryRow>> {
    let clients = options.idle();
    let limit = super::usage::raise_open_files()?;
    ensure!(
        u64::from(clients) + FILES_BESIDE <= limit,
        "{clients} idle clients need more than the {limit} open files that are allowed here"
    );
    eprintln!("{clients} idle clients");
    let settle_ms = options.settle_ms();
    let (urls, burst_url) = (bed.urls("idle"), bed.url("burst"));
    let job = Job::Idle { urls, burst_url, clients, settle_ms };
    // Python is left out: an interpreter with 5,000 tasks says nothing about a Rust client.
    MemoryRow::all(clients, &bed.once(&job, |kind| kind != ClientKind::Python)?)
}

fn targets(report: &Report) -> Vec<Target> {
    let ours = |client: ClientKind| client == ClientKind::Everlink;
    let mut targets = Vec::new();
    for row in report.messages.iter().filter(|row| ours(row.client)) {
        let value = row.cpu_ratio;
        let what = format!("throughput by CPU, {}", row.title());
        targets.push(Target { what, value, limit: 0.95, at_least: true, met: value >= 0.95 });
    }
    for row in report.restore.iter().filter(|row| ours(row.client) && row.what == "restore") {
        let (value, what) = (row.ratio, "time until restored, median".to_owned());
        targets.push(Target { what, value, limit: 1.2, at_least: false, met: value <= 1.2 });
    }
    for row in report.memory.iter().filter(|row| ours(row.client)) {
        let (value, what) = (row.ratio, "memory of an idle client".to_owned());
        targets.push(Target { what, value, limit: 1.3, at_least: false, met: value <= 1.3 });
    }
    targets
}

pub(crate) fn machine() -> Machine {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name"));
    Machine {
        cpus: std::thread::available_parallelism().map_or(0, usize::from),
        cpu: model.unwrap_or_default().trim_start_matches(['\t', ' ', ':']).to_owned(),
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
    }
}

/// Sizes of a message in bytes, each with how many of them are on their way.
const SIZES: [(usize, [usize; 3]); 3] =
    [(32, [1, 16, 64]), (1024, [1, 16, 64]), (64 * 1024, [1, 4, 16])];

/// Open files of a process besides its clients' sockets.
const FILES_BESIDE: u64 = 100;
