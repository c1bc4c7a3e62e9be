//! What came of a run.
#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use super::breaker::Counts;
use super::judge::Totals;

/// What came of a run.
#[derive(Debug, serde::Serialize)]
pub(super) struct Report {
    pub(super) seed: u32,
    pub(super) seconds: f64,
    #[serde(flatten)]
    pub(super) totals: Totals,
    #[serde(flatten)]
    pub(super) counts: Counts,
    /// What went wrong, in words.
    pub(super) findings: Vec<String>,
    /// The files of all processes, if something went wrong.
    pub(super) kept: Option<PathBuf>,
}

/// Prints a report; the code says whether all is well.
pub(super) fn conclude(report: &Report, json: bool) -> Result<ExitCode> {
    if json {
        println!("{}", serde_json::to_string(report)?);
    } else {
        println!("{}", report.table());
    }
    Ok(if report.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Report {
    /// Whether every message came once and in order; a run without any shows nothing.
    pub(super) fn is_whole(&self) -> bool {
        let Totals { taken, delivered, lost, doubled, reordered, foreign, odd, .. } = self.totals;
        let wrong = lost + doubled + reordered + foreign + odd;
        taken > 0 && delivered > 0 && wrong == 0 && self.findings.is_empty()
    }

    fn table(&self) -> String {
        let mut text = String::from("fault                         times\n");
        for (fault, times) in &self.counts.faults {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{fault:<28} {times:>6}");
        }
        let Counts { publishers_killed, subscribers_killed, server_killed, .. } = &self.counts;
        let totals = &self.totals;
        let _ = write!(
            text,
            "\nkilled with -9: publishers {publishers_killed} times, subscribers {subscribers_killed}, \
             server {server_killed}\n\
             taken {}, cut short by a kill {} ({} of them stored), not taken {}\n\
             delivered {}, again after a crash with the same offset {}\n\
             lost {}, doubled {}, out of order {}, never published {}, gaps and refusals {}\n\
             {:.0} s, seed {}",
            totals.taken,
            totals.interrupted,
            totals.interrupted_and_stored,
            totals.not_taken,
            totals.delivered,
            totals.delivered_again,
            totals.lost,
            totals.doubled,
            totals.reordered,
            totals.foreign,
            totals.odd,
            self.seconds,
            self.seed,
        );
        for finding in &self.findings {
            let _ = write!(text, "\n- {finding}");
        }
        if let Some(kept) = &self.kept {
            let _ = write!(text, "\nthe files of all processes are in {}", kept.display());
        }
        let end = if self.is_whole() {
            "every message came, once and in order"
        } else {
            "NOT every message came, once and in order"
        };
        let _ = write!(text, "\n{end}");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(totals: Totals, findings: &[&str]) -> Report {
        let findings = findings.iter().map(|text| (*text).to_owned()).collect();
        let counts = Counts::default();
        Report { seed: 1, seconds: 1.0, totals, counts, findings, kept: None }
    }

    #[test]
    fn a_run_is_whole_only_when_messages_came_and_nothing_is_wrong() {
        let good = Totals { taken: 2, delivered: 4, delivered_again: 1, ..Totals::default() };
        assert!(report(good.clone(), &[]).is_whole());
        assert!(!report(Totals::default(), &[]).is_whole());
        assert!(!report(good.clone(), &["Publisher 1 ended by itself"]).is_whole());
        for wrong in [
            Totals { lost: 1, ..good.clone() },
            Totals { doubled: 1, ..good.clone() },
            Totals { reordered: 1, ..good.clone() },
            Totals { foreign: 1, ..good.clone() },
            Totals { odd: 1, ..good.clone() },
        ] {
            assert!(!report(wrong.clone(), &[]).is_whole(), "{wrong:?}");
        }
    }
}
