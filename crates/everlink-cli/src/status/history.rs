//! What was seen before, for the curves.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::fetch::{Fetched, Trouble};
use super::seen::Seen;

/// The last answers, and whether there is one now.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) last: Option<Seen>,
    pub(super) connections: VecDeque<u64>,
    pub(super) messages_in: VecDeque<u64>,
    pub(super) messages_out: VecDeque<u64>,
    pub(super) accepted: VecDeque<u64>,
    away: Option<(Instant, String)>,
}

impl History {
    /// Takes what came of one look.
    pub(super) fn take(&mut self, looked: Result<Fetched, Trouble>, now: Instant) {
        match looked {
            Ok(Fetched { seen, .. }) => {
                self.away = None;
                self.note([
                    seen.connections,
                    seen.rates.messages_in,
                    seen.rates.messages_out,
                    seen.rates.accepted,
                ]);
                self.last = Some(seen);
            }
            Err(trouble) => {
                let since = self.away.as_ref().map_or(now, |(since, _)| *since);
                self.away = Some((since, trouble.text().to_owned()));
                // A hole in the curve: nobody knows what there was.
                self.note([0; 4]);
            }
        }
    }

    /// Since when there is no answer, and why; `None` while there is.
    pub(super) fn away(&self, now: Instant) -> Option<(Duration, &str)> {
        let (since, why) = self.away.as_ref()?;
        Some((now.saturating_duration_since(*since), why))
    }

    fn note(&mut self, values: [u64; 4]) {
        let curves = [
            &mut self.connections,
            &mut self.messages_in,
            &mut self.messages_out,
            &mut self.accepted,
        ];
        for (curve, value) in curves.into_iter().zip(values) {
            if curve.len() == LOOKS_MAX {
                curve.pop_front();
            }
            curve.push_back(value);
        }
    }
}

/// As many as the widest terminal shows.
const LOOKS_MAX: usize = 500;
