//! What came of a demonstration.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::book::Totals;

/// What came of it.
#[derive(Clone, Debug)]
pub(super) struct Report {
    totals: Totals,
    server_kills: u64,
    faults: BTreeMap<&'static str, u64>,
}

impl Report {
    pub(super) fn new(
        totals: &Totals,
        server_kills: u64,
        faults: &BTreeMap<&'static str, u64>,
    ) -> Self {
        let mut totals = totals.clone();
        totals.resumes.sort_unstable();
        Self { totals, server_kills, faults: faults.clone() }
    }

    /// Whether everything that was sent has come, once and in order.
    pub(super) const fn is_whole(&self) -> bool {
        let Totals { sent, acked, lost, doubled, reordered, .. } = self.totals;
        sent == acked && lost == 0 && doubled == 0 && reordered == 0
    }

    pub(super) fn json(&self) -> Value {
        let Totals { sent, acked, delivered, lost, doubled, reordered, gaps, cuts, .. } =
            self.totals;
        json!({
            "sent": sent, "acked": acked, "delivered": delivered,
            "lost": lost, "doubled": doubled, "reordered": reordered, "gaps": gaps,
            "cuts": cuts, "server_kills": self.server_kills,
            "resume_ms": { "p50": millis(self.resume(50)), "p99": millis(self.resume(99)) },
            "faults": self.faults,
        })
    }

    pub(super) fn table(&self) -> String {
        let Totals { sent, acked, delivered, lost, doubled, reordered, gaps, cuts, .. } =
            self.totals;
        let mut table = String::from("fault                         times\n");
        for (fault, times) in &self.faults {
            // Writing to a string cannot fail.
            let _ = writeln!(table, "{fault:<28} {times:>6}");
        }
        let resume = |percent| {
            self.resume(percent).map_or("-".to_owned(), |took| format!("{} ms", took.as_millis()))
        };
        let _ = write!(
            table,
            "\nsent {sent}, stored {acked}, delivered {delivered}\n\
             lost {lost}, doubled {doubled}, out of order {reordered}, gaps {gaps}\n\
             connections lost {cuts}, server killed {} times\n\
             back after (from when it could be): half within {}, 99 of 100 within {}\n{}",
            self.server_kills,
            resume(50),
            resume(99),
            if self.is_whole() {
                "nothing was lost"
            } else {
                "NOT every message came, once and in order"
            },
        );
        table
    }

    fn resume(&self, percent: usize) -> Option<Duration> {
        let resumes = &self.totals.resumes;
        let at = (resumes.len() * percent).div_ceil(100).checked_sub(1)?;
        resumes.get(at).copied()
    }
}

fn millis(time: Option<Duration>) -> Option<u64> {
    time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(totals: Totals) -> Report {
        Report::new(&totals, 0, &BTreeMap::new())
    }

    #[test]
    fn a_run_is_whole_only_when_every_message_is_accounted_for() {
        assert!(report(Totals { sent: 2, acked: 2, ..Totals::default() }).is_whole());
        assert!(!report(Totals { sent: 2, acked: 1, ..Totals::default() }).is_whole());
        assert!(!report(Totals { lost: 1, ..Totals::default() }).is_whole());
        assert!(!report(Totals { doubled: 1, ..Totals::default() }).is_whole());
        assert!(!report(Totals { reordered: 1, ..Totals::default() }).is_whole());
    }

    #[test]
    fn half_of_the_returns_take_no_longer_than_the_median() {
        let resumes = (1..=100).rev().map(Duration::from_millis).collect();
        let report = report(Totals { resumes, ..Totals::default() });
        assert_eq!(report.json()["resume_ms"], json!({ "p50": 50, "p99": 99 }));
    }
}
