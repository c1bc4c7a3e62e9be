//! The rules of a log, carried out on the tables of any store: one batch in one transaction.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use everlink_engine::Epoch;
use everlink_engine::server::{LastStored, OriginVerdict, Refusals, judge_origin};
use everlink_wire::Message;
use everlink_wire::ws::Text;

use super::error::LogError;
use super::options::LogOptions;
use super::orphans::Orphans;
use super::record::{Append, Appended, Body, Head, Record};
use super::tables::{ChannelState, NOT_BEGUN, ProducerState, Tables, bytes_of};

/// Outcome of one append; the transaction goes on either way.
pub(super) type Outcome = Result<Appended, LogError>;

/// What was stored in one channel.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) channel: Arc<str>,
    pub(super) head: Head,
    pub(super) records: Vec<Arc<Record>>,
}

/// What a batch makes of the channels that it touches, before it is written to the tables.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    options: &'a LogOptions,
    now: u64,
    drafts: BTreeMap<Arc<str>, Draft>,
    channels: u64,
    producers: u64,
}

#[derive(Debug)]
struct Draft {
    state: Option<ChannelState>,
    is_changed: bool,
    producers: HashMap<Arc<str>, ProducerDraft>,
    records: Vec<Arc<Record>>,
}

#[derive(Debug)]
struct ProducerDraft {
    state: Option<ProducerState>,
    is_stored: bool,
    is_changed: bool,
}

impl<'a> Batch<'a> {
    pub(super) fn new(options: &'a LogOptions, tables: &dyn Tables) -> Result<Self, LogError> {
        let totals = tables.totals()?;
        let (channels, producers) = (totals.channels, totals.producers);
        let now = options.clock.millis();
        Ok(Self { options, now, drafts: BTreeMap::new(), channels, producers })
    }

    /// Judges a message and takes it in; the outer error is one of the store.
    pub(super) fn append(
        &mut self,
        tables: &mut dyn Tables,
        orphans: &mut Orphans,
        append: &Append,
    ) -> Result<Outcome, LogError> {
        self.load(tables, &append.channel)?;
        self.load_producer(tables, append)?;
        let (last, epoch) = self.known(append);
        self.knows_answers(append);
        if last.is_none()
            && !append.first
            && orphans.forbid(&append.channel, &append.producer, append.before)
        {
            return Ok(Ok(Appended::Hole(LastStored { sequence: 0, offset: 0 })));
        }
        let refusals = self.producer(append).map_or(&NO_REFUSALS, |producer| &producer.refusals);
        match judge_origin(last, refusals, append.sequence, append.before) {
            OriginVerdict::Known(last) => Ok(Ok(Appended::Known { epoch, last })),
            OriginVerdict::Refused(code) => Ok(Ok(Appended::Refused { code })),
            OriginVerdict::Hole(last) => Ok(Ok(Appended::Hole(last))),
            OriginVerdict::Append => {
                let outcome = match &append.body {
                    Body::Message(payload) => self.store(tables, append, payload)?,
                    Body::Skip => self.skip(append, None),
                    Body::Refused(code) => self.skip(append, Some(*code)),
                };
                if outcome.is_ok() {
                    orphans.settled(&append.channel, &append.producer);
                }
                Ok(outcome)
            }
        }
    }

    /// Returns the bounds of a channel's log, which begins if it has not.
    pub(super) fn begin(
        &mut self,
        tables: &mut dyn Tables,
        channel: &Arc<str>,
    ) -> Result<Result<Head, LogError>, LogError> {
        self.load(tables, channel)?;
        let begun = self.begun(tables, channel)?;
        Ok(begun.map(|state| state.head()))
    }

    /// Drops what lies before an offset. The records are removed later, a few at a time.
    pub(super) fn trim(
        &mut self,
        tables: &dyn Tables,
        channel: &Arc<str>,
        before: u64,
    ) -> Result<Head, LogError> {
        let draft = self.load(tables, channel)?;
        let Some(state) = &mut draft.state else { return Ok(NOT_BEGUN) };
        let first = before.min(state.head + 1);
        if first > state.first {
            state.first = first;
            draft.is_changed = true;
        }
        Ok(state.head())
    }

    /// Writes everything to the tables, in the order of the channels' numbers.
    pub(super) fn write(&self, tables: &mut dyn Tables) -> Result<(), LogError> {
        let mut drafts: Vec<_> = self
            .drafts
            .iter()
            .filter_map(|(name, draft)| Some((name, draft.state?, draft)))
            .collect();
        drafts.sort_unstable_by_key(|(_, state, _)| state.number);
        for (name, state, draft) in drafts {
            if draft.is_changed {
                tables.put_channel(name, state)?;
            }
            tables.put_records(state.number, &draft.records)?;
            let mut producers: Vec<_> =
                draft.producers.iter().filter(|(_, producer)| producer.is_changed).collect();
            producers.sort_unstable_by_key(|(name, _)| *name);
            for (name, producer) in producers {
                if let Some(producer) = &producer.state {
                    tables.put_producer(state.number, name, producer)?;
                }
            }
        }
        Ok(())
    }

    /// Returns the channels that are changed, each with its head before.
    pub(super) fn touched(&self) -> Vec<(Arc<str>, u64)> {
        let changed = self.drafts.iter().filter(|(_, draft)| draft.is_changed);
        changed.map(|(name, draft)| (Arc::clone(name), draft.head_before())).collect()
    }

    /// Returns the channels that it knows, as they are after it.
    pub(super) fn states(&self) -> impl Iterator<Item = (&Arc<str>, ChannelState)> {
        self.drafts.iter().filter_map(|(name, draft)| Some((name, draft.state?)))
    }

    /// Returns what was stored, channel by channel.
    pub(super) fn stored(self) -> Vec<Stored> {
        let stored = |(channel, draft): (Arc<str>, Draft)| {
            let head = draft.state?.head();
            let records = draft.records;
            (!records.is_empty()).then_some(Stored { channel, head, records })
        };
        self.drafts.into_iter().filter_map(stored).collect()
    }

    fn load(&mut self, tables: &dyn Tables, channel: &Arc<str>) -> Result<&mut Draft, LogError> {
        if !self.drafts.contains_key(channel) {
            let state = tables.channel(channel)?;
            let draft =
                Draft { state, is_changed: false, producers: HashMap::new(), records: Vec::new() };
            self.drafts.insert(Arc::clone(channel), draft);
        }
        Ok(self.drafts.get_mut(channel).expect("it was put there above"))
    }

    fn load_producer(&mut self, tables: &dyn Tables, append: &Append) -> Result<(), LogError> {
        let (ttl, now) = (self.options.origin_ttl, self.now);
        let draft = self.load(tables, &append.channel)?;
        if draft.producers.contains_key(&append.producer) {
            return Ok(());
        }
        let stored = match draft.state {
            Some(state) => tables.producer(state.number, &append.producer)?,
            None => None,
        };
        let heard_since = now.saturating_sub(millis(ttl));
        let is_stored = stored.is_some();
        let state = stored.filter(|producer| producer.at >= heard_since);
        let producer = ProducerDraft { state, is_stored, is_changed: false };
        draft.producers.insert(Arc::clone(&append.producer), producer);
        Ok(())
    }

    fn known(&self, append: &Append) -> (Option<LastStored>, Epoch) {
        let state = self.drafts.get(&append.channel).and_then(|draft| draft.state);
        let epoch = state.map_or(NOT_BEGUN.epoch, |state| state.epoch);
        (self.producer(append).map(|producer| producer.last), epoch)
    }

    fn producer(&self, append: &Append) -> Option<&ProducerState> {
        self.drafts.get(&append.channel)?.producers.get(&append.producer)?.state.as_ref()
    }

    /// Forgets refusals whose answers the publisher has, as it shows by what it sends first.
    fn knows_answers(&mut self, append: &Append) {
        let draft = self.drafts.get_mut(&append.channel).filter(|_| append.first);
        let producer = draft.and_then(|draft| draft.producers.get_mut(&append.producer));
        if let Some(ProducerDraft { state: Some(state), is_changed, .. }) = producer {
            *is_changed |= state.refusals.forget_before(append.sequence);
        }
    }

    fn store(
        &mut self,
        tables: &mut dyn Tables,
        append: &Append,
        payload: &Message,
    ) -> Result<Outcome, LogError> {
        if let Err(refused) = self.room_for_producer(append) {
            return Ok(Err(refused));
        }
        if let Err(refused) = self.begun(tables, &append.channel)? {
            return Ok(Err(refused));
        }
        let now = self.now;
        let draft = self.drafts.get_mut(&append.channel).expect("the channel was loaded");
        let state = draft.state.as_mut().expect("the log has begun");
        state.head += 1;
        state.last_at = state.last_at.max(now);
        let (offset, at) = (state.head, state.last_at);
        let record = Arc::new(Record {
            offset,
            producer: Arc::clone(&append.producer),
            sequence: append.sequence,
            id: append.id.clone(),
            user: append.user.clone(),
            at,
            payload: own(payload),
        });
        state.bytes += bytes_of(&record);
        let epoch = state.epoch;
        draft.is_changed = true;
        draft.records.push(record);
        let last = LastStored { sequence: append.sequence, offset };
        let refusals = draft.refusals(&append.producer).unwrap_or_else(|| append.refused.clone());
        let producer = ProducerState { last, refusals, at };
        draft.remember(&append.producer, producer, &mut self.producers);
        Ok(Ok(Appended::New { epoch, offset, at }))
    }

    /// Uses a number up, and remembers why if it was refused.
    fn skip(&mut self, append: &Append, code: Option<u32>) -> Outcome {
        let (last, epoch) = self.known(append);
        let draft = self.drafts.get_mut(&append.channel);
        let at = draft.as_ref().and_then(|draft| draft.state).map_or(0, |state| state.last_at);
        let at = at.max(self.now);
        let offset = last.map_or(0, |last| last.offset);
        if let (Some(draft), Some(_)) = (draft, last) {
            let last = LastStored { sequence: append.sequence, offset };
            let mut refusals = draft.refusals(&append.producer).unwrap_or_default();
            if code.is_some_and(|code| !refusals.add(append.sequence, append.before, code)) {
                return Err(LogError::TooManyRefusals { refusals_max: Refusals::ENTRIES_MAX });
            }
            let producer = ProducerState { last, refusals, at };
            draft.remember(&append.producer, producer, &mut self.producers);
        }
        Ok(Appended::New { epoch, offset, at })
    }

    fn room_for_producer(&self, append: &Append) -> Result<(), LogError> {
        let draft = self.drafts.get(&append.channel);
        let is_new = draft
            .and_then(|draft| draft.producers.get(&append.producer))
            .is_none_or(|producer| !producer.is_stored);
        let producers_max = self.options.producers_max;
        if is_new && self.producers >= producers_max {
            return Err(LogError::TooManyProducers { producers_max });
        }
        Ok(())
    }

    /// Begins the log of a loaded channel if it has not begun.
    fn begun(
        &mut self,
        tables: &mut dyn Tables,
        channel: &Arc<str>,
    ) -> Result<Result<ChannelState, LogError>, LogError> {
        let (channels, channels_max) = (self.channels, self.options.channels_max);
        let draft = self.load(tables, channel)?;
        if let Some(state) = draft.state {
            return Ok(Ok(state));
        }
        if channels >= channels_max {
            return Ok(Err(LogError::TooManyChannels { channels_max }));
        }
        let epoch = match new_epoch() {
            Ok(epoch) => epoch,
            Err(error) => return Ok(Err(error)),
        };
        let state = ChannelState::new(tables.next_number()?, epoch);
        draft.state = Some(state);
        draft.is_changed = true;
        self.channels += 1;
        Ok(Ok(state))
    }
}

impl Draft {
    fn head_before(&self) -> u64 {
        let head = self.state.map_or(0, |state| state.head);
        head - self.records.len() as u64
    }

    /// Returns what a producer was refused, if it is known.
    fn refusals(&self, producer: &Arc<str>) -> Option<Refusals> {
        let state = self.producers.get(producer)?.state.as_ref()?;
        Some(state.refusals.clone())
    }

    fn remember(&mut self, producer: &Arc<str>, state: ProducerState, producers: &mut u64) {
        let Some(draft) = self.producers.get_mut(producer) else { return };
        *producers += u64::from(!draft.is_stored);
        *draft = ProducerDraft { state: Some(state), is_stored: true, is_changed: true };
    }
}

/// A small message may share the memory of a large read buffer, which would then be kept with it.
fn own(payload: &Message) -> Message {
    if payload.len() > OWN_BYTES_MAX {
        return payload.clone();
    }
    let bytes = Bytes::copy_from_slice(payload.as_bytes());
    match payload {
        Message::Text(text) => {
            Text::try_from(bytes).map_or_else(|_| text.clone().into(), Message::Text)
        }
        Message::Binary(_) => Message::Binary(bytes),
    }
}

pub(super) fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Draws a life below 2^48 that is not 0.
pub(super) fn new_epoch() -> Result<Epoch, LogError> {
    let drawn = getrandom::u64().map_err(|error| LogError::Unavailable {
        reason: format!("no random number for a new log: {error}"),
    })?;
    Ok(Epoch((drawn % (EPOCH_END - 1)) + 1))
}

static NO_REFUSALS: Refusals = Refusals::new();

const OWN_BYTES_MAX: usize = 4096;

const EPOCH_END: u64 = 1 << 48;
