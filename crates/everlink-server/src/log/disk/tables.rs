//! The tables of the file, in one transaction.

use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use redb::{Error, ReadableTable, ReadableTableMetadata, Table, WriteTransaction};

use super::codec::{
    RecordKey, RecordReader, offset_of, producer_key, producer_of, read_channel, read_producer,
    read_size, record_key, write_channel, write_producer, write_record,
};
use super::fault::{not_usable, unreadable};
use super::file::{CHANNELS, META, NUMBER_KEY, PRODUCERS, RECORDS};
use crate::log::error::LogError;
use crate::log::record::Record;
use crate::log::tables::{
    ChannelState, ProducerKey, ProducerState, RecordSize, Tables, Totals, bytes_of,
};

pub(super) struct DiskTables<'t> {
    path: &'t Path,
    write: &'t WriteTransaction,
    channels: Table<'t, &'static str, &'static [u8]>,
    producers: Table<'t, &'static [u8], &'static [u8]>,
    records: Table<'t, &'static RecordKey, &'static [u8]>,
    /// Bytes of all records.
    pub(super) bytes: u64,
    /// The value that is being written, so that each needs no memory of its own.
    value: Vec<u8>,
}

impl<'t> DiskTables<'t> {
    /// `bytes` are those of all records, where they are known; otherwise they are counted.
    pub(super) fn new(
        path: &'t Path,
        write: &'t WriteTransaction,
        bytes: Option<u64>,
    ) -> Result<Self, LogError> {
        let error = |error: redb::TableError| not_usable(path, error.into());
        let channels = write.open_table(CHANNELS).map_err(error)?;
        let producers = write.open_table(PRODUCERS).map_err(error)?;
        let records = write.open_table(RECORDS).map_err(error)?;
        let bytes = bytes.map_or_else(|| count_bytes(path, &channels), Ok)?;
        Ok(Self { path, write, channels, producers, records, bytes, value: Vec::new() })
    }

    fn error(&self, error: impl Into<Error>) -> LogError {
        not_usable(self.path, error.into())
    }

    fn try_forget(
        &mut self,
        after: Option<&ProducerKey>,
        limit: usize,
        heard_since: u64,
    ) -> Result<Option<ProducerKey>, LogError> {
        let begin = after.map(|(channel, name)| producer_key(*channel, name));
        let begin = begin.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let (mut looked_at, mut last, mut old) = (0, None, Vec::new());
        let rows = self.producers.range::<&[u8]>((begin, Bound::Unbounded));
        for row in rows.map_err(|error| self.error(error))?.take(limit) {
            let (key, value) = row.map_err(|error| self.error(error))?;
            let state =
                read_producer(value.value()).ok_or_else(|| self.unreadable("a producer"))?;
            if state.at < heard_since {
                old.push(key.value().to_vec());
            }
            looked_at += 1;
            last = Some(key.value().to_vec());
        }
        for key in old {
            self.producers.remove(&key[..]).map_err(|error| not_usable(self.path, error.into()))?;
        }
        let last = last.filter(|_| looked_at == limit);
        last.map(|key| producer_of(&key).ok_or_else(|| self.unreadable("a producer's key")))
            .transpose()
    }

    fn unreadable(&self, what: &str) -> LogError {
        unreadable(self.path, what)
    }
}

/// Counts the bytes of all records, which each channel knows of its own.
pub(super) fn count_bytes(
    path: &Path,
    channels: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<u64, LogError> {
    let mut bytes = 0;
    let rows = channels.iter().map_err(|error| not_usable(path, error.into()))?;
    for row in rows {
        let (_, value) = row.map_err(|error| not_usable(path, error.into()))?;
        let state = read_channel(value.value()).ok_or_else(|| unreadable(path, "a channel"))?;
        bytes += state.bytes;
    }
    Ok(bytes)
}

impl Tables for DiskTables<'_> {
    fn totals(&self) -> Result<Totals, LogError> {
        Ok(Totals {
            channels: self.channels.len().map_err(|error| self.error(error))?,
            producers: self.producers.len().map_err(|error| self.error(error))?,
            records: self.records.len().map_err(|error| self.error(error))?,
            bytes: self.bytes,
        })
    }

    fn channel(&self, name: &str) -> Result<Option<ChannelState>, LogError> {
        let Some(value) = self.channels.get(name).map_err(|error| self.error(error))? else {
            return Ok(None);
        };
        let state = read_channel(value.value()).ok_or_else(|| self.unreadable("a channel"))?;
        Ok(Some(state))
    }

    fn put_channel(&mut self, name: &Arc<str>, state: ChannelState) -> Result<(), LogError> {
        let value = write_channel(&state);
        let written = self.channels.insert(&**name, &value[..]).map(drop);
        written.map_err(|error| not_usable(self.path, error.into()))
    }

    fn remove_channel(&mut self, name: &str, _number: u64) -> Result<(), LogError> {
        // Its producers go when they have not been heard for long enough; no other channel gets its number.
        let removed = self.channels.remove(name).map(drop);
        removed.map_err(|error| not_usable(self.path, error.into()))
    }

    fn next_number(&mut self) -> Result<u64, LogError> {
        let next = || -> Result<u64, Error> {
            let mut meta = self.write.open_table(META)?;
            let last = meta.get(NUMBER_KEY)?.map_or(0, |number| number.value());
            meta.insert(NUMBER_KEY, last + 1)?;
            Ok(last + 1)
        };
        next().map_err(|error| self.error(error))
    }

    fn channels_after(&self, name: Option<&str>, limit: usize) -> Result<Vec<Arc<str>>, LogError> {
        let begin = name.map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self.channels.range::<&str>((begin, Bound::Unbounded));
        let names = rows.map_err(|error| self.error(error))?.take(limit).map(|row| {
            let (name, _) = row.map_err(|error| self.error(error))?;
            Ok(name.value().into())
        });
        names.collect()
    }

    fn producer(&self, channel: u64, name: &str) -> Result<Option<ProducerState>, LogError> {
        let key = producer_key(channel, name);
        let Some(value) = self.producers.get(&key[..]).map_err(|error| self.error(error))? else {
            return Ok(None);
        };
        let state = read_producer(value.value()).ok_or_else(|| self.unreadable("a producer"))?;
        Ok(Some(state))
    }

    fn put_producer(
        &mut self,
        channel: u64,
        name: &Arc<str>,
        state: &ProducerState,
    ) -> Result<(), LogError> {
        let (key, value) = (producer_key(channel, name), write_producer(state));
        let written = self.producers.insert(&key[..], &value[..]).map(drop);
        written.map_err(|error| not_usable(self.path, error.into()))
    }

    fn forget_producers(
        &mut self,
        after: Option<&ProducerKey>,
        limit: usize,
        heard_since: u64,
    ) -> Result<Option<ProducerKey>, LogError> {
        self.try_forget(after, limit, heard_since)
    }

    fn put_records(&mut self, channel: u64, records: &[Arc<Record>]) -> Result<(), LogError> {
        for record in records {
            write_record(record, &mut self.value);
            let key = record_key(channel, record.offset);
            let written = self.records.insert(&key, &self.value[..]).map(drop);
            written.map_err(|error| not_usable(self.path, error.into()))?;
            self.bytes += bytes_of(record);
        }
        Ok(())
    }

    fn records(&self, channel: u64, from: u64, to: u64) -> Result<Vec<Arc<Record>>, LogError> {
        let bounds = record_key(channel, from)..=record_key(channel, to);
        let mut reader = RecordReader::default();
        let rows = self.records.range::<&RecordKey>(bounds.start()..=bounds.end());
        let records = rows.map_err(|error| self.error(error))?.map(|row| {
            let (key, value) = row.map_err(|error| self.error(error))?;
            let record = reader.read(offset_of(key.value()), value.value());
            record.map(Arc::new).ok_or_else(|| self.unreadable("a message"))
        });
        records.collect()
    }

    fn sizes(&self, channel: u64, from: u64, limit: usize) -> Result<Vec<RecordSize>, LogError> {
        let (begin, end) = (record_key(channel, from), record_key(channel, u64::MAX));
        let rows = self.records.range::<&RecordKey>(&begin..=&end);
        let sizes = rows.map_err(|error| self.error(error))?.take(limit).map(|row| {
            let (_, value) = row.map_err(|error| self.error(error))?;
            let (at, bytes) =
                read_size(value.value()).ok_or_else(|| self.unreadable("a message"))?;
            Ok(RecordSize { at, bytes })
        });
        sizes.collect()
    }

    fn remove_records(
        &mut self,
        channel: u64,
        from: u64,
        to: u64,
        bytes: u64,
    ) -> Result<(), LogError> {
        let (begin, end) = (record_key(channel, from), record_key(channel, to));
        let removed = self.records.retain_in::<&RecordKey, _>(&begin..=&end, |_, _| false);
        removed.map_err(|error| not_usable(self.path, error.into()))?;
        self.bytes = self.bytes.saturating_sub(bytes);
        Ok(())
    }
}
