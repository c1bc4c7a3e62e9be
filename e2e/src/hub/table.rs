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
    publishes(&mut text, report);
    replays(&mut text, report);
    cuts(&mut text, report);
    outages(&mut text, report);
    starts(&mut text, report);
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
        let name = if row.tls { format!("{name}, TLS") } else { name.to_owned() };
        let (down, both) = (row.after_down_kib, row.after_both_kib);
        line(text, format_args!("| {name} | {idle:.2} | {down:.2} | {both:.2} |"));
    }
    text.push('\n');
}

fn publishes(text: &mut String, report: &Report) {
    if report.publishes.is_empty() {
        return;
    }
    line(text, "| publishers | | p50 µs | p99 µs | messages/s | server's CPU µs a message |");
    line(text, "|--:|---|--:|--:|--:|--:|");
    for row in &report.publishes {
        let (publishers, what) = (row.publishers, row.what);
        let (p50, p99, rate, cpu) = (row.p50_us, row.p99_us, show(row.rate), row.cpu_us);
        line(
            text,
            format_args!("| {publishers} | {what} | {p50:.0} | {p99:.0} | {rate} | {cpu:.1} |"),
        );
    }
    text.push('\n');
}

fn replays(text: &mut String, report: &Report) {
    if report.replays.is_empty() {
        return;
    }
    let history = report.history;
    line(
        text,
        format_args!("| {history} messages to one client | messages/s | CPU µs a message |"),
    );
    line(text, "|---|--:|--:|");
    for row in &report.replays {
        let (what, rate, cpu) = (row.what, row.rate, show(row.cpu_us));
        line(text, format_args!("| {what} | {rate:.0} | {cpu} |"));
    }
    text.push('\n');
}

fn cuts(text: &mut String, report: &Report) {
    if report.cuts.is_empty() {
        return;
    }
    line(
        text,
        format_args!(
            "| under cuts | clients | cuts | messages | delivered | back p50 ms | p99 | level p50 ms | p99 | never |"
        ),
    );
    line(text, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for row in &report.cuts {
        let (name, clients, cuts) = (row.client.name(), row.clients, row.cuts);
        let (published, delivered) = (row.published, percent(row.delivered));
        let (back, slow) = (row.back_p50_ms, row.back_p99_ms);
        let (level, late, never) = (row.level_p50_ms, row.level_p99_ms, row.never_level);
        line(
            text,
            format_args!(
                "| {name} | {clients} | {cuts} | {published} | {delivered} | {back:.0} | {slow:.0} | {level:.0} | {late:.0} | {never} |"
            ),
        );
    }
    text.push('\n');
}

fn outages(text: &mut String, report: &Report) {
    if report.outages.is_empty() {
        return;
    }
    line(
        text,
        "| after a crash | server | clients | back | 50 % s | 99 % s | all s | attempts each | most in a second | delivered | faults |",
    );
    line(text, "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    let seconds =
        |time: Option<f64>| time.map_or_else(|| "never".to_owned(), |s| format!("{s:.1}"));
    for row in &report.outages {
        let (name, server, clients) = (row.client.name(), row.server.name(), row.clients);
        let came = &row.returned;
        let (half, most, all) = (seconds(came.half_s), seconds(came.most_s), seconds(came.all_s));
        let (back, attempts, peak) = (came.back, came.attempts_each, came.peak_second);
        let delivered = came.delivered.map_or_else(|| "–".to_owned(), percent);
        let faults = came.faults.map_or_else(|| "–".to_owned(), |faults| faults.to_string());
        line(
            text,
            format_args!(
                "| {name} | {server} | {clients} | {back} | {half} | {most} | {all} | {attempts:.2} | {peak} | {delivered} | {faults} |"
            ),
        );
    }
    text.push('\n');
}

fn starts(text: &mut String, report: &Report) {
    if report.starts.is_empty() {
        return;
    }
    line(text, "| start of socket.io-client | transports | starts | TCP connections each |");
    line(text, "|---|---|--:|--:|");
    for row in &report.starts {
        let (name, transports) = (row.server.name(), row.transports.name());
        let (starts, each) = (row.starts, row.tcp_each);
        line(text, format_args!("| {name} | {transports} | {starts} | {each:.1} |"));
    }
    text.push('\n');
}

/// Shows a share so that only a whole one looks like one.
fn percent(share: f64) -> String {
    if share == 1.0 { "100 %".to_owned() } else { format!("{:.2} %", (share * 1e4).floor() / 1e2) }
}

fn show(spread: Spread) -> String {
    format!("{:.2} ({:.2}–{:.2})", spread.median, spread.least, spread.most)
}

fn line(text: &mut String, line: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}
