//! From rounds to medians and ratios.

use anyhow::{Result, bail};
use serde::Serialize;

use super::job::{ClientKind, Outcome};
use super::plan::Rounds;

/// Cost of a message. Ratios above 1 are better than the bare transport.
#[derive(Debug, Serialize)]
pub(super) struct MessageRow {
    /// `echo`, `up` or `down`.
    pub(super) what: &'static str,
    pub(super) size: usize,
    /// Messages on their way; 0 for one way, where nobody waits for an answer.
    pub(super) in_flight: usize,
    pub(super) client: ClientKind,
    pub(super) messages_per_second: f64,
    pub(super) cpu_us_per_message: f64,
    /// Messages per second against the bare transport's, the median of the rounds.
    pub(super) rate_ratio: f64,
    /// Messages per second of CPU against the bare transport's, the median of the rounds.
    pub(super) cpu_ratio: f64,
}

impl MessageRow {
    pub(super) fn all(
        what: &'static str,
        size: usize,
        in_flight: usize,
        rounds: &[Rounds],
    ) -> Result<Vec<Self>> {
        let costs = |rounds: &Rounds| rounds.outcomes.iter().map(cost).collect::<Result<Vec<_>>>();
        let Some(bare) = rounds.first().map(costs).transpose()? else { return Ok(Vec::new()) };
        let row = |rounds: &Rounds| {
            let costs = costs(rounds)?;
            let of = |pick: fn(&Cost) -> f64| median(costs.iter().map(pick));
            let pairs = || bare.iter().zip(&costs);
            Ok(Self {
                what,
                size,
                in_flight,
                client: rounds.client,
                messages_per_second: of(|cost| cost.rate),
                cpu_us_per_message: of(|cost| cost.cpu_us),
                rate_ratio: median(pairs().map(|(bare, cost)| cost.rate / bare.rate)),
                cpu_ratio: median(pairs().map(|(bare, cost)| bare.cpu_us / cost.cpu_us)),
            })
        };
        rounds.iter().map(row).collect()
    }

    pub(super) fn title(&self) -> String {
        let size = if self.size < 1024 {
            format!("{} B", self.size)
        } else {
            format!("{} KiB", self.size / 1024)
        };
        match self.in_flight {
            0 => format!("{} {size}", self.what),
            in_flight => format!("{} {size}, {in_flight} in flight", self.what),
        }
    }
}

/// Time of a dial, or from a cut until the connection stands again. A ratio above 1 is slower than
/// the bare transport.
#[derive(Debug, Serialize)]
pub(super) struct RestoreRow {
    /// `dial` or `restore`.
    pub(super) what: &'static str,
    pub(super) client: ClientKind,
    pub(super) median_us: f64,
    pub(super) p99_us: f64,
    pub(super) cpu_us: f64,
    /// Median against the bare transport's, the median of the rounds.
    pub(super) ratio: f64,
    pub(super) cpu_ratio: f64,
}

impl RestoreRow {
    pub(super) fn all(what: &'static str, rounds: &[Rounds]) -> Result<Vec<Self>> {
        let times = |rounds: &Rounds| rounds.outcomes.iter().map(times).collect::<Result<Vec<_>>>();
        let Some(bare) = rounds.first().map(times).transpose()? else { return Ok(Vec::new()) };
        let row = |rounds: &Rounds| {
            let times = times(rounds)?;
            let all: Vec<f64> = times.iter().flat_map(|(us, _)| us).copied().collect();
            let pairs = || bare.iter().zip(&times);
            let medians = |us: &[f64]| median(us.iter().copied());
            Ok(Self {
                what,
                client: rounds.client,
                median_us: medians(&all),
                p99_us: quantile(all, 0.99),
                cpu_us: median(times.iter().map(|(_, cpu_us)| *cpu_us)),
                ratio: median(pairs().map(|(bare, own)| medians(&own.0) / medians(&bare.0))),
                cpu_ratio: median(pairs().map(|(bare, own)| own.1 / bare.1)),
            })
        };
        rounds.iter().map(row).collect()
    }
}

/// Memory of an idle client. A ratio above 1 is more than the bare transport's.
#[derive(Debug, Serialize)]
pub(super) struct MemoryRow {
    pub(super) client: ClientKind,
    pub(super) clients: u32,
    pub(super) bytes_idle: f64,
    /// After one message of 64 KiB for each.
    pub(super) bytes_after_burst: f64,
    pub(super) ratio: f64,
    pub(super) ratio_after_burst: f64,
}

impl MemoryRow {
    pub(super) fn all(clients: u32, rounds: &[Rounds]) -> Result<Vec<Self>> {
        let bytes = |rounds: &Rounds| match rounds.outcomes.first() {
            Some(Outcome::Memory { before, idle, after_burst }) => {
                let each = |with: &u64| with.saturating_sub(*before) as f64 / f64::from(clients);
                Ok((each(idle), each(after_burst)))
            }
            other => bail!("no memory was measured: {other:?}"),
        };
        let Some(bare) = rounds.first().map(bytes).transpose()? else { return Ok(Vec::new()) };
        let row = |rounds: &Rounds| {
            let (idle, after_burst) = bytes(rounds)?;
            Ok(Self {
                client: rounds.client,
                clients,
                bytes_idle: idle,
                bytes_after_burst: after_burst,
                ratio: idle / bare.0,
                ratio_after_burst: after_burst / bare.1,
            })
        };
        rounds.iter().map(row).collect()
    }
}

struct Cost {
    rate: f64,
    cpu_us: f64,
}

fn cost(outcome: &Outcome) -> Result<Cost> {
    let Outcome::Messages { messages, elapsed_ns, cpu_ns } = outcome else {
        bail!("no messages were measured: {outcome:?}");
    };
    let messages = (*messages).max(1) as f64;
    let rate = messages * 1e9 / (*elapsed_ns).max(1) as f64;
    Ok(Cost { rate, cpu_us: *cpu_ns as f64 / 1e3 / messages })
}

/// Returns the times in microseconds, and the CPU time of one of them.
fn times(outcome: &Outcome) -> Result<(Vec<f64>, f64)> {
    let Outcome::Times { ns, cpu_ns } = outcome else {
        bail!("no times were measured: {outcome:?}");
    };
    let us = ns.iter().map(|ns| *ns as f64 / 1e3).collect();
    Ok((us, *cpu_ns as f64 / 1e3 / ns.len().max(1) as f64))
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    quantile(values.collect(), 0.5)
}

/// Returns the value that so many of the others are not above; of an even number the upper middle.
pub(crate) fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() as f64 * share) as usize;
    values.get(at.min(values.len().saturating_sub(1))).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(client: ClientKind, cpu_ns: [u64; 3]) -> Rounds {
        let outcome = |cpu_ns| Outcome::Messages { messages: 1000, elapsed_ns: 1_000_000, cpu_ns };
        Rounds { client, outcomes: cpu_ns.map(outcome).to_vec() }
    }

    #[test]
    fn ratios_are_taken_round_by_round_so_that_a_disturbance_meets_both_sides() {
        let bare = rounds(ClientKind::Bare, [1_000_000, 9_000_000, 1_000_000]);
        let ours = rounds(ClientKind::Everlink, [2_000_000, 18_000_000, 2_000_000]);
        let rows = MessageRow::all("echo", 32, 1, &[bare, ours]).unwrap();
        assert_eq!(rows[1].cpu_us_per_message, 2.0);
        assert_eq!((rows[1].cpu_ratio, rows[1].rate_ratio), (0.5, 1.0));
        assert_eq!(rows[1].title(), "echo 32 B, 1 in flight");
    }

    #[test]
    fn quantiles_stay_within_what_was_measured() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(quantile(values.clone(), 0.5), 51.0);
        assert_eq!(quantile(values, 0.99), 100.0);
        assert_eq!(quantile(vec![7.0], 0.99), 7.0);
        assert_eq!(quantile(Vec::new(), 0.5), 0.0);
    }
}
