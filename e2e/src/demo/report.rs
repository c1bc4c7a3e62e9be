//! What became of every message, for people and for programs.

use std::fmt::{self, Write as _};
use std::time::Duration;

use serde::Serialize;

use super::fault::FaultKind;
use super::idlers::millis;
use super::ledger::{Ledger, Totals, Turn};
use super::screen::span;
use super::{HEARTBEAT_INTERVAL, HEARTBEAT_TIMEOUT, MESSAGE_INTERVAL};
use crate::nginx::Nginx;

/// The whole result.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What the client was connected to.
    pub server: &'static str,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Heartbeat interval of the client, in milliseconds.
    pub heartbeat_interval_ms: u64,
    /// Longest wait for the answer to a heartbeat, in milliseconds.
    pub heartbeat_timeout_ms: u64,
    /// One row for each kind of fault, in the order in which they came.
    pub faults: Vec<FaultRow>,
    /// Messages that the client took.
    pub sent: u64,
    /// Messages whose echo came.
    pub echoed: u64,
    /// Messages whose echo never came.
    pub lost: u64,
    /// Of the lost ones those that the client had named as in doubt.
    pub lost_reported: u64,
    /// Of the lost ones those that it had not named: 0, or the demonstration has failed.
    pub lost_unreported: u64,
    /// Echoes that came more than once: 0, or the demonstration has failed.
    pub doubled: u64,
    /// Messages that the client did not take.
    pub refused: u64,
    /// How the idle clients behind nginx fared.
    pub idle: IdleReport,
}

/// One kind of fault, over all its turns.
#[derive(Clone, Debug, Serialize)]
pub struct FaultRow {
    /// What went wrong.
    pub fault: &'static str,
    /// How often.
    pub times: u32,
    /// From the fault to `Disconnected`: the shortest and the longest, in milliseconds.
    pub noticed_ms: [u64; 2],
    /// From the end of the fault to `Reconnected`: the shortest and the longest, in milliseconds.
    pub back_ms: [u64; 2],
    /// Attempts to reconnect, over all turns.
    pub attempts: u32,
    /// Messages sent from the fault to the next one.
    pub sent: u64,
    /// Of those, the ones whose echo came.
    pub echoed: u64,
    /// Of those, the ones whose echo never came.
    pub lost: u64,
    /// Of the lost, those that the client had named as in doubt.
    pub lost_reported: u64,
}

/// How idle clients fared behind an nginx that cuts what is silent for 5 s.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct IdleReport {
    /// How often the one with heartbeats was cut.
    pub cuts_with_heartbeat: u32,
    /// How often the one without was cut.
    pub cuts_without_heartbeat: u32,
    /// Its longest outage, in milliseconds.
    pub back_ms_max: u64,
}

impl Report {
    pub(crate) fn new(took: Duration, ledger: &Ledger, idle: IdleReport) -> Self {
        let totals = ledger.totals();
        Self {
            server: "Python websockets",
            seconds: took.as_secs_f64(),
            heartbeat_interval_ms: millis(HEARTBEAT_INTERVAL),
            heartbeat_timeout_ms: millis(HEARTBEAT_TIMEOUT),
            faults: rows(&ledger.turns()),
            sent: totals.sent,
            echoed: totals.echoed,
            lost: totals.lost,
            lost_reported: totals.reported,
            lost_unreported: totals.unreported(),
            doubled: totals.doubled,
            refused: totals.refused,
            idle,
        }
    }

    /// Reports whether nothing was lost in silence and nothing came twice.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.lost_unreported == 0 && self.doubled == 0
    }
}

fn rows(turns: &[Turn]) -> Vec<FaultRow> {
    let mut rows: Vec<FaultRow> = Vec::new();
    for turn in turns {
        let Some(kind) = turn.kind else { continue };
        let place = rows.iter().position(|row| row.fault == kind.name());
        match place {
            Some(place) => rows[place].add(turn),
            None => rows.push(FaultRow::new(kind, turn)),
        }
    }
    rows
}

impl FaultRow {
    fn new(kind: FaultKind, turn: &Turn) -> Self {
        let Totals { sent, echoed, lost, reported, .. } = turn.totals;
        Self {
            fault: kind.name(),
            times: 1,
            noticed_ms: [millis(turn.noticed); 2],
            back_ms: [millis(turn.back); 2],
            attempts: turn.attempts,
            sent,
            echoed,
            lost,
            lost_reported: reported,
        }
    }

    fn add(&mut self, turn: &Turn) {
        self.times += 1;
        widen(&mut self.noticed_ms, millis(turn.noticed));
        widen(&mut self.back_ms, millis(turn.back));
        self.attempts += turn.attempts;
        self.sent += turn.totals.sent;
        self.echoed += turn.totals.echoed;
        self.lost += turn.totals.lost;
        self.lost_reported += turn.totals.reported;
    }
}

fn widen([least, most]: &mut [u64; 2], value: u64) {
    *least = value.min(*least);
    *most = value.max(*most);
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = 1.0 / MESSAGE_INTERVAL.as_secs_f64();
        let (server, seconds) = (self.server, self.seconds);
        writeln!(
            f,
            "One client against {server} for {seconds:.0} s, {rate:.0} messages a second, each echoed.\n"
        )?;
        self.table(f)?;
        self.notes(f)?;
        self.idle(f)?;
        self.verdict(f)
    }
}

impl Report {
    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head =
            ["noticed after", "back after", "attempts", "sent", "echoed", "lost", "in doubt"];
        line(f, "fault", &head.map(str::to_owned))?;
        for row in &self.faults {
            let counts = [row.sent, row.echoed, row.lost, row.lost_reported].map(|n| n.to_string());
            let [sent, echoed, lost, reported] = counts;
            let times = [range(row.noticed_ms), range(row.back_ms), row.attempts.to_string()];
            let [noticed, back, attempts] = times;
            let name = match row.times {
                1 => row.fault.to_owned(),
                times => format!("{} ×{times}", row.fault),
            };
            line(f, &name, &[noticed, back, attempts, sent, echoed, lost, reported])?;
        }
        let counts = [self.sent, self.echoed, self.lost, self.lost_reported].map(|n| n.to_string());
        let [sent, echoed, lost, reported] = counts;
        let attempts: u32 = self.faults.iter().map(|row| row.attempts).sum();
        let blank = String::new();
        line(f, "all", &[blank.clone(), blank, attempts.to_string(), sent, echoed, lost, reported])
    }

    fn notes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let notice = span(HEARTBEAT_INTERVAL + HEARTBEAT_TIMEOUT);
        write!(
            f,
            "
noticed after  from the fault to `disconnected`. Nobody is told of a silent fault: a heartbeat each
               {} with {} for the answer finds it within {notice}.
back after     from the end of the fault to `reconnected`.
lost           sent, and its echo never came. This server acknowledges nothing, so nobody can know
               whether such a message arrived; the client says so and sends none of them twice.
in doubt       the lost ones that the client had named. All others it kept, and sent after its return.
",
            span(HEARTBEAT_INTERVAL),
            span(HEARTBEAT_TIMEOUT),
        )
    }

    fn idle(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let IdleReport { cuts_with_heartbeat, cuts_without_heartbeat, back_ms_max } = self.idle;
        let limit = span(Nginx::IDLE_MAX);
        writeln!(
            f,
            "\nMeanwhile two idle clients sat behind an nginx that cuts what is silent for {limit}:"
        )?;
        write!(
            f,
            "with heartbeats {}; without {}",
            times(cuts_with_heartbeat),
            times(cuts_without_heartbeat)
        )?;
        if cuts_without_heartbeat > 0 {
            let back = span(Duration::from_millis(back_ms_max));
            write!(f, ", back within {back} each time")?;
        }
        writeln!(f, ".\n")
    }

    fn verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.is_good() { "GOOD" } else { "BAD" };
        let (unreported, doubled) = (self.lost_unreported, self.doubled);
        write!(f, "{word}: {unreported} lost without a report, {doubled} doubled")
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, cells: &[String; 7]) -> fmt::Result {
    let widths = [15, 15, 9, 7, 7, 6, 9];
    let mut text = format!("{name:<29}");
    for (cell, width) in cells.iter().zip(widths) {
        write!(text, "{cell:>width$}")?;
    }
    writeln!(f, "{text}")
}

fn range([least, most]: [u64; 2]) -> String {
    let text = |ms| span(Duration::from_millis(ms));
    if text(least) == text(most) {
        text(least)
    } else {
        format!("{}–{}", text(least), text(most))
    }
}

fn times(count: u32) -> String {
    match count {
        0 => "never cut".to_owned(),
        1 => "cut once".to_owned(),
        many => format!("cut {many} times"),
    }
}
