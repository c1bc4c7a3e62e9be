//! Rounds of everything, and what came of them.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::SystemTime;

use anyhow::Result;
use serde::Serialize;

use super::appenders::{self, Round};
use super::kind::Kind;
use super::{Options, replay};
use crate::bench::{Machine, machine, median, quantile};

#[derive(Debug, Serialize)]
struct Report {
    date: String,
    machine: Machine,
    rounds: u32,
    round_ms: u64,
    payload_bytes: u32,
    appends: Vec<AppendRow>,
    messages_read: u64,
    replay: Vec<ReplayRow>,
}

/// Ratios are against the bare file: of times above 1 is slower, of rates below 1.
#[derive(Debug, Serialize)]
struct AppendRow {
    appenders: u32,
    kind: Kind,
    p50_us: f64,
    p99_us: f64,
    rate: f64,
    cpu_us: f64,
    file_bytes_per_message: f64,
    p50_ratio: Spread,
    p99_ratio: Spread,
    rate_ratio: Spread,
}

#[derive(Debug, Serialize)]
struct ReplayRow {
    kind: Kind,
    rate: f64,
    cpu_us: f64,
    rate_ratio: Spread,
}

/// The median of the rounds, the least and the most.
#[derive(Clone, Copy, Debug, Serialize)]
struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

pub(super) async fn run(options: &Options) -> Result<()> {
    let mut report = Report {
        date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        machine: machine(),
        rounds: options.rounds(),
        round_ms: options.round_ms(),
        payload_bytes: options.size,
        appends: Vec::new(),
        messages_read: options.messages(),
        replay: Vec::new(),
    };
    for count in APPENDERS {
        eprintln!("{count} appenders");
        report.appends.extend(appends(options, count).await?);
    }
    eprintln!("replay of {} messages", options.messages());
    report.replay = replay(options).await?;
    let text = if options.json { serde_json::to_string_pretty(&report)? } else { render(&report) };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}

async fn appends(options: &Options, count: u32) -> Result<Vec<AppendRow>> {
    let folder = options.folder()?;
    let mut rounds: [Vec<Round>; Kind::ALL.len()] = Default::default();
    for number in 0..options.rounds() as usize {
        for turn in 0..Kind::ALL.len() {
            // Another one begins each time.
            let at = (number + turn) % Kind::ALL.len();
            let (size, millis) = (options.size, options.round_ms());
            let round = appenders::round(Kind::ALL[at], folder.path(), count, size, millis).await?;
            rounds[at].push(round);
        }
    }
    let bare = &rounds[0];
    let row = |(kind, rounds): (&Kind, &Vec<Round>)| {
        let all: Vec<f64> = rounds.iter().flat_map(|round| &round.latencies_us).copied().collect();
        let of = |pick: fn(&Round) -> f64| median(rounds.iter().map(pick));
        let ratio = |pick: fn(&Round) -> f64| {
            spread(bare.iter().zip(rounds).map(|(bare, own)| pick(own) / pick(bare)))
        };
        AppendRow {
            appenders: count,
            kind: *kind,
            p50_us: quantile(all.clone(), 0.5),
            p99_us: quantile(all, 0.99),
            rate: of(|round| round.rate),
            cpu_us: of(|round| round.cpu_us),
            file_bytes_per_message: of(|round| round.file_bytes),
            p50_ratio: ratio(|round| quantile(round.latencies_us.clone(), 0.5)),
            p99_ratio: ratio(|round| quantile(round.latencies_us.clone(), 0.99)),
            rate_ratio: ratio(|round| round.rate),
        }
    };
    Ok(Kind::ALL.iter().zip(&rounds).map(row).collect())
}

async fn replay(options: &Options) -> Result<Vec<ReplayRow>> {
    let folder = options.folder()?;
    let (messages, size) = (options.messages(), options.size);
    let mut stores = Vec::new();
    for kind in Kind::ALL {
        stores.push((kind, replay::filled(kind, folder.path(), messages, size).await?, Vec::new()));
    }
    for _ in 0..options.rounds() {
        for (_, store, rounds) in &mut stores {
            rounds.push(replay::round(store, messages, size).await?);
        }
    }
    let bare: Vec<(f64, f64)> = stores[0].2.clone();
    let row = |(kind, _, rounds): &(Kind, _, Vec<(f64, f64)>)| ReplayRow {
        kind: *kind,
        rate: median(rounds.iter().map(|(rate, _)| *rate)),
        cpu_us: median(rounds.iter().map(|(_, cpu_us)| *cpu_us)),
        rate_ratio: spread(bare.iter().zip(rounds).map(|(bare, own)| own.0 / bare.0)),
    };
    Ok(stores.iter().map(row).collect())
}

fn spread(ratios: impl Iterator<Item = f64>) -> Spread {
    let ratios: Vec<f64> = ratios.collect();
    Spread {
        median: median(ratios.iter().copied()),
        least: ratios.iter().copied().fold(f64::INFINITY, f64::min),
        most: ratios.iter().copied().fold(0.0, f64::max),
    }
}

fn render(report: &Report) -> String {
    let mut text = String::new();
    let Machine { cpus, cpu, kernel } = &report.machine;
    line(&mut text, format_args!("{}: {cpus} CPUs ({cpu}), Linux {kernel}", report.date));
    let (rounds, millis, bytes) = (report.rounds, report.round_ms, report.payload_bytes);
    line(&mut text, format_args!("{rounds} rounds of {millis} ms, payloads of {bytes} bytes\n"));
    line(
        &mut text,
        "| appenders | store | p50 µs | × bare | p99 µs | × bare | messages/s | × bare | CPU µs | file bytes |",
    );
    line(&mut text, "|--:|---|--:|---|--:|---|--:|---|--:|--:|");
    for row in &report.appends {
        let (count, name) = (row.appenders, row.kind.name());
        let (p50, p99, rate) = (row.p50_us, row.p99_us, row.rate);
        let (by50, by99, by) = (show(row.p50_ratio), show(row.p99_ratio), show(row.rate_ratio));
        let (cpu, file) = (row.cpu_us, row.file_bytes_per_message);
        line(
            &mut text,
            format_args!(
                "| {count} | {name} | {p50:.0} | {by50} | {p99:.0} | {by99} | {rate:.0} | {by} | \
                 {cpu:.1} | {file:.0} |"
            ),
        );
    }
    line(
        &mut text,
        format_args!(
            "\n| replay of {} messages | messages/s | × bare | CPU µs |",
            report.messages_read
        ),
    );
    line(&mut text, "|---|--:|---|--:|");
    for row in &report.replay {
        let (name, rate, by, cpu) = (row.kind.name(), row.rate, show(row.rate_ratio), row.cpu_us);
        line(&mut text, format_args!("| {name} | {rate:.0} | {by} | {cpu:.2} |"));
    }
    text
}

fn show(spread: Spread) -> String {
    format!("{:.2} ({:.2}–{:.2})", spread.median, spread.least, spread.most)
}

fn line(text: &mut String, line: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}

const APPENDERS: [u32; 3] = [1, 16, 256];
