//! A report as tables in Markdown.

use std::fmt::Write as _;

use super::report::Report;

pub(super) fn render(report: &Report) -> String {
    let mut text = String::new();
    let machine = &report.machine;
    line(
        &mut text,
        format_args!(
            "{}: {} CPUs ({}), Linux {}",
            report.date, machine.cpus, machine.cpu, machine.kernel
        ),
    );
    line(&mut text, format_args!("{} rounds of {} ms\n", report.rounds, report.round_ms));
    messages(&mut text, report);
    restore(&mut text, report);
    memory(&mut text, report);
    targets(&mut text, report);
    text
}

fn messages(text: &mut String, report: &Report) {
    if report.messages.is_empty() {
        return;
    }
    line(text, "| messages | client | messages/s | × bare | CPU µs a message | × bare, by CPU |");
    line(text, "|---|---|--:|--:|--:|--:|");
    for row in &report.messages {
        let (title, client) = (row.title(), row.client.name());
        let (rate, cpu) = (row.messages_per_second, row.cpu_us_per_message);
        let (by_rate, by_cpu) = (row.rate_ratio, row.cpu_ratio);
        line(
            text,
            format_args!(
                "| {title} | {client} | {rate:.0} | {by_rate:.2} | {cpu:.2} | {by_cpu:.2} |"
            ),
        );
    }
    text.push('\n');
}

fn restore(text: &mut String, report: &Report) {
    if report.restore.is_empty() {
        return;
    }
    line(text, "| time of | client | median µs | p99 µs | × bare | CPU µs | × bare |");
    line(text, "|---|---|--:|--:|--:|--:|--:|");
    for row in &report.restore {
        let (what, client) = (row.what, row.client.name());
        let (median, p99, cpu) = (row.median_us, row.p99_us, row.cpu_us);
        let (ratio, by_cpu) = (row.ratio, row.cpu_ratio);
        line(
            text,
            format_args!(
                "| {what} | {client} | {median:.0} | {p99:.0} | {ratio:.2} | {cpu:.0} | {by_cpu:.2} |"
            ),
        );
    }
    text.push('\n');
}

fn memory(text: &mut String, report: &Report) {
    let Some(first) = report.memory.first() else { return };
    line(
        text,
        format_args!(
            "| {} idle clients | KiB each | × bare | KiB after a message of 64 KiB | × bare |",
            first.clients
        ),
    );
    line(text, "|---|--:|--:|--:|--:|");
    for row in &report.memory {
        let (idle, after) = (row.bytes_idle / 1024.0, row.bytes_after_burst / 1024.0);
        let (client, ratio, ratio_after) = (row.client.name(), row.ratio, row.ratio_after_burst);
        line(
            text,
            format_args!("| {client} | {idle:.2} | {ratio:.2} | {after:.2} | {ratio_after:.2} |"),
        );
    }
    text.push('\n');
}

fn targets(text: &mut String, report: &Report) {
    if report.targets.is_empty() {
        return;
    }
    line(text, "| Everlink against the bare transport | is | wanted | |");
    line(text, "|---|--:|--:|---|");
    for target in &report.targets {
        let sign = if target.at_least { "≥" } else { "≤" };
        let met = if target.met { "met" } else { "missed" };
        let (what, value, limit) = (&target.what, target.value, target.limit);
        line(text, format_args!("| {what} | {value:.2} | {sign} {limit:.2} | {met} |"));
    }
}

fn line(text: &mut String, line: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}
