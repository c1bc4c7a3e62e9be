//! What a log does while it has nothing to store: it removes what is trimmed, too old or too much,
//! and forgets producers, each time a bounded step.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::batch::millis;
use super::error::LogError;
use super::options::LogOptions;
use super::retention::{Retention, retention_of};
use super::tables::{ChannelState, ProducerKey, RecordSize, Tables};

/// What is left to be tidied.
#[derive(Debug)]
pub(super) struct Tidy {
    /// Channels that have something to remove.
    due: VecDeque<Arc<str>>,
    sweep: Sweep,
    next_sweep: Instant,
    last_step: Instant,
}

/// How far all channels and all producers have been looked through.
#[derive(Clone, Debug)]
enum Sweep {
    Channels(Option<Arc<str>>),
    Producers(Option<ProducerKey>),
    Done,
}

impl Tidy {
    /// A log that was just opened is looked through at once.
    pub(super) fn new() -> Self {
        let now = Instant::now();
        let (due, sweep) = (VecDeque::new(), Sweep::Channels(None));
        Self { due, sweep, next_sweep: now, last_step: now }
    }

    /// Returns whether there is something to do now.
    pub(super) fn has_work(&self) -> bool {
        !self.due.is_empty() || self.is_sweeping()
    }

    /// Returns whether a log that is never idle must look through a few more all the same.
    pub(super) fn is_overdue(&self) -> bool {
        self.is_sweeping() && self.last_step.elapsed() >= STEP_EVERY
    }

    fn is_sweeping(&self) -> bool {
        !matches!(self.sweep, Sweep::Done) || Instant::now() >= self.next_sweep
    }

    /// Returns when to look again.
    pub(super) fn next_sweep(&self) -> Instant {
        self.next_sweep
    }

    /// Notes channels that have something to remove. Age is left to the sweep.
    pub(super) fn touched<'a>(
        &mut self,
        options: &LogOptions,
        states: impl Iterator<Item = (&'a Arc<str>, ChannelState)>,
    ) {
        for (channel, state) in states {
            let retention =
                Retention { max_age: None, ..retention_of(&options.retention, channel) };
            if may_exceed(&retention, &state) {
                self.note(channel);
            }
        }
    }

    /// What finds no room here is found by the next sweep.
    fn note(&mut self, channel: &Arc<str>) {
        if self.due.len() < DUE_MAX && !self.due.contains(channel) {
            self.due.push_back(Arc::clone(channel));
        }
    }

    /// Does a step that removes at most `budget` records or so; returns whether anything changed.
    pub(super) fn step(
        &mut self,
        tables: &mut dyn Tables,
        options: &LogOptions,
        budget: usize,
    ) -> Result<bool, LogError> {
        let mut left = budget;
        let mut changed = false;
        while left > 0
            && let Some(channel) = self.due.front().cloned()
        {
            let removed = remove_some(tables, options, &channel, left)?;
            changed |= removed > 0;
            if removed < left {
                self.due.pop_front();
            }
            left = left.saturating_sub(removed.max(1));
        }
        Ok(changed)
    }

    /// Looks through a few more channels or producers; returns whether anything changed.
    pub(super) fn sweep(
        &mut self,
        tables: &mut dyn Tables,
        options: &LogOptions,
    ) -> Result<bool, LogError> {
        self.last_step = Instant::now();
        match self.sweep.clone() {
            Sweep::Channels(after) => self.sweep_channels(tables, options, after),
            Sweep::Producers(after) => self.sweep_producers(tables, options, after.as_ref()),
            Sweep::Done => {
                if Instant::now() >= self.next_sweep {
                    self.sweep = Sweep::Channels(None);
                }
                Ok(false)
            }
        }
    }

    fn sweep_channels(
        &mut self,
        tables: &mut dyn Tables,
        options: &LogOptions,
        after: Option<Arc<str>>,
    ) -> Result<bool, LogError> {
        let names = tables.channels_after(after.as_deref(), CHANNELS_AT_ONCE)?;
        let mut changed = false;
        for name in &names {
            let Some(state) = tables.channel(name)? else { continue };
            if name.starts_with(EPHEMERAL) && state.head > 0 && state.records() == 0 {
                tables.remove_channel(name, state.number)?;
                changed = true;
                continue;
            }
            if !excess(tables, options, name, &state, 1)?.is_empty() {
                self.note(name);
            }
        }
        let is_last = names.len() < CHANNELS_AT_ONCE;
        self.sweep = match names.last() {
            Some(last) if !is_last => Sweep::Channels(Some(Arc::clone(last))),
            Some(_) | None => Sweep::Producers(None),
        };
        Ok(changed)
    }

    fn sweep_producers(
        &mut self,
        tables: &mut dyn Tables,
        options: &LogOptions,
        after: Option<&ProducerKey>,
    ) -> Result<bool, LogError> {
        let before = tables.totals()?.producers;
        let heard_since = options.clock.millis().saturating_sub(millis(options.origin_ttl));
        let last = tables.forget_producers(after, PRODUCERS_AT_ONCE, heard_since)?;
        self.sweep = match last {
            Some(last) => Sweep::Producers(Some(last)),
            None => {
                self.next_sweep = Instant::now() + options.sweep_every;
                Sweep::Done
            }
        };
        Ok(tables.totals()?.producers != before)
    }
}

/// Removes at most `limit` records of a channel that are trimmed, too old or too much.
fn remove_some(
    tables: &mut dyn Tables,
    options: &LogOptions,
    channel: &Arc<str>,
    limit: usize,
) -> Result<usize, LogError> {
    let Some(mut state) = tables.channel(channel)? else { return Ok(0) };
    let excess = excess(tables, options, channel, &state, limit)?;
    if excess.is_empty() {
        return Ok(0);
    }
    let bytes: u64 = excess.iter().map(|size| size.bytes).sum();
    let to = state.stored_from + excess.len() as u64 - 1;
    tables.remove_records(state.number, state.stored_from, to, bytes)?;
    state.stored_from = to + 1;
    state.first = state.first.max(state.stored_from);
    state.bytes = state.bytes.saturating_sub(bytes);
    tables.put_channel(channel, state)?;
    Ok(excess.len())
}

/// Returns the oldest records that should not be there, at most so many.
fn excess(
    tables: &dyn Tables,
    options: &LogOptions,
    channel: &str,
    state: &ChannelState,
    limit: usize,
) -> Result<Vec<RecordSize>, LogError> {
    let retention = retention_of(&options.retention, channel);
    if !may_exceed(&retention, state) {
        return Ok(Vec::new());
    }
    let now = options.clock.millis();
    let oldest = retention.max_age.map(|age| now.saturating_sub(millis(age)));
    let mut sizes = tables.sizes(state.number, state.stored_from, limit)?;
    let (mut offset, mut records, mut bytes) = (state.stored_from, state.records(), state.bytes);
    let keeps = |size: &RecordSize| {
        let is_excess = offset < state.first
            || oldest.is_some_and(|oldest| size.at < oldest)
            || retention.max_records.is_some_and(|most| records > most)
            || retention.max_bytes.is_some_and(|most| bytes > most);
        (offset, records, bytes) =
            (offset + 1, records.saturating_sub(1), bytes.saturating_sub(size.bytes));
        !is_excess
    };
    let count = sizes.iter().position(keeps).unwrap_or(sizes.len());
    sizes.truncate(count);
    Ok(sizes)
}

/// Whether a channel can have something to remove, as far as its bounds tell.
fn may_exceed(retention: &Retention, state: &ChannelState) -> bool {
    state.records() > 0
        && (state.stored_from < state.first
            || retention.max_age.is_some()
            || retention.max_records.is_some_and(|most| state.records() > most)
            || retention.max_bytes.is_some_and(|most| state.bytes > most))
}

/// Begins the names of channels that are used once: they are forgotten as soon as all their messages are trimmed.
pub(crate) const EPHEMERAL: char = '\u{1}';

/// How often a log that is never idle looks through a few more channels or producers.
const STEP_EVERY: Duration = Duration::from_millis(50);

const DUE_MAX: usize = 1024;
const CHANNELS_AT_ONCE: usize = 256;
const PRODUCERS_AT_ONCE: usize = 1024;
