//! A report as tables in Markdown.

use std::fmt::Write as _;

use super::delivery::Spread;
use super::report::Report;
use crate::bench::Machine;

pub(super) fn render(report: &Report) -> String {
    let mut text = String::new();
    let Machine { cpus, cpu, kernel } = &report.machine;
    line(&mut text, format_args!("{}: {cpus} CPUs ({cpu}), Linux {kernel}", report.date));
    line(&mut text, format_args!("{} rounds\n", report.rounds));
    deliveries(&mut text, report);
    memory(&mut text, report);
    text
}

fn deliveries(text: &mut String, report: &Report) {
    if report.deliveries.is_empty() {
        return;
    }
    let (subscribers, messages) = (report.subscribers, report.messages);
    line(
        text,
        format_args!(
            "| {subscribers} subscribers, {messages} messages of 128 B | in flight | CPU µs a delivery | × axum-batched | deliveries/s |"
        ),
    );
    line(text, "|---|--:|---|---|--:|");
    for row in &report.deliveries {
        let (name, in_flight, rate) = (row.server.name(), row.in_flight, row.per_second);
        let (cpu, ratio) = (show(row.cpu_us), row.ratio.map_or_else(String::new, show));
        line(text, format_args!("| {name} | {in_flight} | {cpu} | {ratio} | {rate:.0} |"));
    }
    text.push('\n');
}

fn memory(text: &mut String, report: &Report) {
    let Some(first) = report.memory.first() else { return };
    let connections = first.connections;
    line(
        text,
        format_args!(
            "| KiB of {connections} idle connections, each | idle | after 64 KiB to each | and from each |"
        ),
    );
    line(text, "|---|--:|--:|--:|");
    for row in &report.memory {
        let (name, idle) = (row.server.name(), row.idle_kib);
        let (down, both) = (row.after_down_kib, row.after_both_kib);
        line(text, format_args!("| {name} | {idle:.2} | {down:.2} | {both:.2} |"));
    }
    text.push('\n');
}

fn show(spread: Spread) -> String {
    format!("{:.2} ({:.2}–{:.2})", spread.median, spread.least, spread.most)
}

fn line(text: &mut String, line: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}
