//! What a store must be able to look up and to note, whatever it is made of.

use std::sync::Arc;

use everlink_engine::Epoch;
use everlink_engine::server::{LastStored, Refusals};

use super::error::LogError;
use super::record::{Head, Record};

/// What is known of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChannelState {
    /// Stands for the name in the keys of records and producers.
    pub(super) number: u64,
    pub(super) epoch: Epoch,
    /// The first offset whose record has not been removed yet; at most `first`.
    pub(super) stored_from: u64,
    pub(super) first: u64,
    pub(super) head: u64,
    /// When the last message was stored.
    pub(super) last_at: u64,
    /// Bytes of all records that have not been removed yet.
    pub(super) bytes: u64,
}

impl ChannelState {
    pub(super) const fn new(number: u64, epoch: Epoch) -> Self {
        Self { number, epoch, stored_from: 1, first: 1, head: 0, last_at: 0, bytes: 0 }
    }

    pub(super) const fn head(&self) -> Head {
        Head { epoch: self.epoch, first: self.first, head: self.head }
    }

    /// Records that have not been removed yet.
    pub(super) const fn records(&self) -> u64 {
        self.head + 1 - self.stored_from
    }
}

/// A channel whose log has not begun.
pub(super) const NOT_BEGUN: Head = Head { epoch: Epoch(0), first: 1, head: 0 };

/// What is known of a producer in a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProducerState {
    pub(super) last: LastStored,
    /// Which of his numbers were refused, as far as he may not know it.
    pub(super) refusals: Refusals,
    /// When it was last heard.
    pub(super) at: u64,
}

/// A producer by the number of its channel and its name.
pub(super) type ProducerKey = (u64, Arc<str>);

/// What is in a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) channels: u64,
    pub(super) producers: u64,
    pub(super) records: u64,
    pub(super) bytes: u64,
}

/// A record without its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RecordSize {
    pub(super) at: u64,
    pub(super) bytes: u64,
}

/// What one transaction can look up and note. An error means that none of it is noted.
pub(super) trait Tables {
    fn totals(&self) -> Result<Totals, LogError>;

    fn channel(&self, name: &str) -> Result<Option<ChannelState>, LogError>;

    fn put_channel(&mut self, name: &Arc<str>, state: ChannelState) -> Result<(), LogError>;

    /// Forgets a channel of which there are no records.
    fn remove_channel(&mut self, name: &str, number: u64) -> Result<(), LogError>;

    /// Returns a number that no channel has or had.
    fn next_number(&mut self) -> Result<u64, LogError>;

    /// Returns the names that follow one in the store's own order.
    fn channels_after(&self, name: Option<&str>, limit: usize) -> Result<Vec<Arc<str>>, LogError>;

    fn producer(&self, channel: u64, name: &str) -> Result<Option<ProducerState>, LogError>;

    fn put_producer(
        &mut self,
        channel: u64,
        name: &Arc<str>,
        state: &ProducerState,
    ) -> Result<(), LogError>;

    /// Looks at the `limit` producers after a key and forgets those last heard before `heard_since`;
    /// returns the last one it looked at if there may be more.
    fn forget_producers(
        &mut self,
        after: Option<&ProducerKey>,
        limit: usize,
        heard_since: u64,
    ) -> Result<Option<ProducerKey>, LogError>;

    fn put_records(&mut self, channel: u64, records: &[Arc<Record>]) -> Result<(), LogError>;

    fn records(&self, channel: u64, from: u64, to: u64) -> Result<Vec<Arc<Record>>, LogError>;

    /// Returns the sizes of at most `limit` records from an offset on.
    fn sizes(&self, channel: u64, from: u64, limit: usize) -> Result<Vec<RecordSize>, LogError>;

    /// Removes the records from one offset up to another, both included, which have so many bytes.
    fn remove_records(
        &mut self,
        channel: u64,
        from: u64,
        to: u64,
        bytes: u64,
    ) -> Result<(), LogError>;
}

/// Bytes of payload and names that a record counts for.
pub(super) fn bytes_of(record: &Record) -> u64 {
    let name = |name: &Option<Arc<str>>| name.as_ref().map_or(0, |name| name.len());
    let names = record.producer.len() + name(&record.id) + name(&record.user);
    (names + record.payload.len()) as u64
}
