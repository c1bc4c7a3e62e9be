//! A log in memory.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use everlink_engine::Kept;
use futures_util::future::BoxFuture;

use super::error::LogError;
use super::handle::Handle;
use super::line::Work;
use super::options::LogOptions;
use super::record::{Append, Head, Page, PageLimit, Record};
use super::tables::{
    ChannelState, NOT_BEGUN, ProducerKey, ProducerState, RecordSize, Tables, Totals, bytes_of,
};
use super::writer::Store;
use super::{Done, Follower, Log, LogStatus};

/// A log in memory: fast, and gone with the process. Its channels then begin a new life, and
/// clients learn of the gap.
#[derive(Debug)]
pub struct MemoryLog {
    handle: Handle,
    data: Arc<RwLock<Data>>,
}

impl MemoryLog {
    /// Makes an empty log and starts its thread.
    ///
    /// # Errors
    ///
    /// [`LogError::Setting`], and [`LogError::Unavailable`] where no thread can be started.
    pub fn new(options: LogOptions) -> Result<Self, LogError> {
        let data = Arc::default();
        let store = Memory(Arc::clone(&data));
        let handle = Handle::start("memory", options, Totals::default(), store)?;
        Ok(Self { handle, data })
    }

    /// Stores what is in line and ends the log; whatever comes later is refused.
    ///
    /// # Cancel safety
    ///
    /// Cancelling only stops waiting: the log closes all the same.
    pub async fn close(&self) {
        self.handle.close().await;
    }

    fn data(&self) -> RwLockReadGuard<'_, Data> {
        self.data.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_now(&self, channel: &str, after: u64, limit: PageLimit) -> Page {
        let data = self.data();
        let Some((state, kept)) = data.find(channel) else {
            return Page { head: NOT_BEGUN, records: Vec::new() };
        };
        let from = after.saturating_add(1).max(state.first);
        let skip = usize::try_from(from - state.stored_from).unwrap_or(usize::MAX);
        let mut page = PageBuilder::new(limit);
        let mut records = kept.records.iter().skip(skip);
        while page.wants_more()
            && let Some(record) = records.next()
        {
            page.push(Arc::clone(record));
        }
        Page { head: state.head(), records: page.records }
    }
}

impl Log for MemoryLog {
    fn append(&self, append: Append, done: Done) {
        self.handle.append(append, done);
    }

    fn read<'a>(
        &'a self,
        channel: &'a str,
        after: u64,
        limit: PageLimit,
    ) -> BoxFuture<'a, Result<Page, LogError>> {
        Box::pin(async move {
            self.handle.check_open()?;
            Ok(self.read_now(channel, after, limit))
        })
    }

    fn head<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<Head, LogError>> {
        Box::pin(async move {
            self.handle.check_open()?;
            let known = self.data().find(channel).map(|(state, _)| state.head());
            match known {
                Some(head) => Ok(head),
                None => self.handle.ask(channel, Work::Begin).await,
            }
        })
    }

    fn trim<'a>(&'a self, channel: &'a str, before: u64) -> BoxFuture<'a, Result<Head, LogError>> {
        self.handle.trim(channel, before)
    }

    fn channels<'a>(
        &'a self,
        after: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Arc<str>>, LogError>> {
        Box::pin(async move {
            self.handle.check_open()?;
            self.data().channels_after(after, limit)
        })
    }

    fn follow(&self, follower: std::sync::Weak<dyn Follower>) {
        self.handle.follow(follower);
    }

    fn kept(&self) -> Kept {
        Kept::Memory
    }

    fn origin_ttl(&self) -> Duration {
        self.handle.options().origin_ttl
    }

    fn status(&self) -> LogStatus {
        self.handle.status()
    }
}

/// Gathers records until a page is full.
#[derive(Debug)]
pub(super) struct PageBuilder {
    limit: PageLimit,
    bytes: usize,
    pub(super) records: Vec<Arc<Record>>,
}

impl PageBuilder {
    pub(super) const fn new(limit: PageLimit) -> Self {
        Self { limit, bytes: 0, records: Vec::new() }
    }

    pub(super) fn wants_more(&self) -> bool {
        self.records.len() < self.limit.records
            && (self.records.is_empty() || self.bytes < self.limit.bytes)
    }

    pub(super) fn push(&mut self, record: Arc<Record>) {
        self.bytes = self.bytes.saturating_add(record.payload.len());
        self.records.push(record);
    }
}

#[derive(Debug, Default)]
pub(super) struct Memory(Arc<RwLock<Data>>);

impl Store for Memory {
    /// Nothing here can fail once it has begun, so nothing is ever taken back.
    fn transact(
        &mut self,
        _: usize,
        work: &mut dyn FnMut(&mut dyn Tables) -> Result<bool, LogError>,
    ) -> Result<(), LogError> {
        let mut data = self.0.write().unwrap_or_else(PoisonError::into_inner);
        work(&mut *data).map(drop)
    }
}

#[derive(Debug, Default)]
pub(super) struct Data {
    names: BTreeMap<Arc<str>, ChannelState>,
    channels: BTreeMap<u64, Contents>,
    last_number: u64,
    totals: Totals,
}

#[derive(Debug, Default)]
struct Contents {
    /// From `stored_from` on.
    records: VecDeque<Arc<Record>>,
    /// Boxed, since a node of the map has room for eleven, and most channels have one.
    producers: BTreeMap<Arc<str>, Box<ProducerState>>,
}

impl Data {
    fn find(&self, name: &str) -> Option<(&ChannelState, &Contents)> {
        let state = self.names.get(name)?;
        Some((state, self.channels.get(&state.number)?))
    }

    /// Returns when the producers after a key were last heard.
    fn after(&self, after: Option<&ProducerKey>, limit: usize) -> Vec<(ProducerKey, u64)> {
        let from = after.map_or(0, |(number, _)| *number);
        let producers = |(number, contents): (&u64, &Contents)| {
            let begin = match after {
                Some((last, name)) if last == number => Bound::Excluded(Arc::clone(name)),
                Some(_) | None => Bound::Unbounded,
            };
            let known =
                contents.producers.range::<Arc<str>, _>((begin, Bound::Unbounded)).take(limit);
            let number = *number;
            known
                .map(move |(name, state)| ((number, Arc::clone(name)), state.at))
                .collect::<Vec<_>>()
        };
        self.channels.range(from..).flat_map(producers).take(limit).collect()
    }
}

impl Tables for Data {
    fn totals(&self) -> Result<Totals, LogError> {
        Ok(self.totals)
    }

    fn channel(&self, name: &str) -> Result<Option<ChannelState>, LogError> {
        Ok(self.names.get(name).copied())
    }

    fn put_channel(&mut self, name: &Arc<str>, state: ChannelState) -> Result<(), LogError> {
        let is_new = self.names.insert(Arc::clone(name), state).is_none();
        self.totals.channels += u64::from(is_new);
        self.channels.entry(state.number).or_default();
        Ok(())
    }

    fn remove_channel(&mut self, name: &str, number: u64) -> Result<(), LogError> {
        let known = self.names.remove(name).is_some();
        self.totals.channels -= u64::from(known);
        if let Some(contents) = self.channels.remove(&number) {
            self.totals.producers -= contents.producers.len() as u64;
        }
        Ok(())
    }

    fn next_number(&mut self) -> Result<u64, LogError> {
        self.last_number += 1;
        Ok(self.last_number)
    }

    fn channels_after(&self, name: Option<&str>, limit: usize) -> Result<Vec<Arc<str>>, LogError> {
        let begin = name.map_or(Bound::Unbounded, Bound::Excluded);
        let names = self.names.range::<str, _>((begin, Bound::Unbounded)).take(limit);
        Ok(names.map(|(name, _)| Arc::clone(name)).collect())
    }

    fn producer(&self, channel: u64, name: &str) -> Result<Option<ProducerState>, LogError> {
        let known = self.channels.get(&channel).and_then(|contents| contents.producers.get(name));
        Ok(known.map(|state| (**state).clone()))
    }

    fn put_producer(
        &mut self,
        channel: u64,
        name: &Arc<str>,
        state: &ProducerState,
    ) -> Result<(), LogError> {
        let contents = self.channels.entry(channel).or_default();
        if let Some(known) = contents.producers.get_mut(name) {
            (**known).clone_from(state);
        } else {
            contents.producers.insert(Arc::clone(name), Box::new(state.clone()));
            self.totals.producers += 1;
        }
        Ok(())
    }

    fn forget_producers(
        &mut self,
        after: Option<&ProducerKey>,
        limit: usize,
        heard_since: u64,
    ) -> Result<Option<ProducerKey>, LogError> {
        let looked_at = self.after(after, limit);
        for ((number, name), heard) in &looked_at {
            if *heard < heard_since
                && let Some(contents) = self.channels.get_mut(number)
            {
                contents.producers.remove(name);
                self.totals.producers -= 1;
            }
        }
        let is_last = looked_at.len() < limit;
        Ok(looked_at.into_iter().next_back().map(|(key, _)| key).filter(|_| !is_last))
    }

    fn put_records(&mut self, channel: u64, records: &[Arc<Record>]) -> Result<(), LogError> {
        let contents = self.channels.entry(channel).or_default();
        contents.records.extend(records.iter().cloned());
        self.totals.records += records.len() as u64;
        self.totals.bytes += records.iter().map(|record| bytes_of(record)).sum::<u64>();
        Ok(())
    }

    fn records(&self, channel: u64, from: u64, to: u64) -> Result<Vec<Arc<Record>>, LogError> {
        let contents = self.channels.get(&channel);
        let all = contents.into_iter().flat_map(|contents| &contents.records);
        Ok(all.filter(|record| (from..=to).contains(&record.offset)).cloned().collect())
    }

    fn sizes(&self, channel: u64, _: u64, limit: usize) -> Result<Vec<RecordSize>, LogError> {
        let contents = self.channels.get(&channel);
        let oldest = contents.into_iter().flat_map(|contents| &contents.records).take(limit);
        Ok(oldest.map(|record| RecordSize { at: record.at, bytes: bytes_of(record) }).collect())
    }

    fn remove_records(
        &mut self,
        channel: u64,
        from: u64,
        to: u64,
        bytes: u64,
    ) -> Result<(), LogError> {
        if let Some(contents) = self.channels.get_mut(&channel) {
            let count = usize::try_from(to + 1 - from).unwrap_or(usize::MAX);
            contents.records.drain(..count.min(contents.records.len()));
            self.totals.records -= to + 1 - from;
            self.totals.bytes -= bytes;
        }
        Ok(())
    }
}
