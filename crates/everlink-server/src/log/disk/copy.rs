//! Copies of a store, and what is to be done with one that is put back.

use std::io;
use std::path::Path;

use redb::{Builder, Database, Error, Key, ReadTransaction, ReadableTable, TableDefinition, Value};

use super::codec::{read_channel, write_channel};
use super::fault::{not_opened_by_system, not_usable, unreadable};
use super::file::{CHANNELS, LogFile, META, PRODUCERS, RECORDS, publish, unless_damaged};
use crate::log::batch::new_epoch;
use crate::log::error::LogError;

/// Writes all that a transaction sees into a new file.
pub(super) fn copy(from: &Path, read: &ReadTransaction, to: &Path) -> Result<(), LogError> {
    publish(to, |file| {
        let by_redb = |error: Error| not_usable(from, error);
        let database = Builder::new().set_cache_size(CACHE_BYTES).create_file(file);
        let database = database.map_err(|error| by_redb(error.into()))?;
        copy_table(read, &database, META).map_err(by_redb)?;
        copy_table(read, &database, CHANNELS).map_err(by_redb)?;
        copy_table(read, &database, PRODUCERS).map_err(by_redb)?;
        copy_table(read, &database, RECORDS).map_err(by_redb)
    })
}

/// Copies a table, a part in each commit, so that a large one needs no more memory than a small one.
fn copy_table<K: Key + 'static, V: Value + 'static>(
    read: &ReadTransaction,
    to: &Database,
    definition: TableDefinition<'_, K, V>,
) -> Result<(), Error> {
    let table = read.open_table(definition)?;
    let mut rows = table.range::<K::SelfType<'_>>(..)?.peekable();
    loop {
        let write = to.begin_write()?;
        {
            let mut copied = write.open_table(definition)?;
            for row in rows.by_ref().take(ROWS_AT_ONCE) {
                let (key, value) = row?;
                copied.insert(key.value(), value.value())?;
            }
        }
        write.commit()?;
        if rows.peek().is_none() {
            return Ok(());
        }
    }
}

/// Gives every channel another life.
pub(super) fn renew_epochs(path: &Path) -> Result<u64, LogError> {
    if !path.try_exists().map_err(|error| not_opened_by_system(path, &error))? {
        return Err(not_opened_by_system(path, &io::ErrorKind::NotFound.into()));
    }
    let file = LogFile::open(path, CACHE_BYTES, true)?;
    let database = file.database();
    let closed = || LogError::Unavailable { reason: "the store is closed".to_owned() };
    let database = database.as_ref().ok_or_else(closed)?;
    unless_damaged(path, || renew(path, database))
}

fn renew(path: &Path, database: &Database) -> Result<u64, LogError> {
    let error = |error: Error| not_usable(path, error);
    let write = database.begin_write().map_err(|failed| error(failed.into()))?;
    let mut renewed = 0;
    {
        let mut channels = write.open_table(CHANNELS).map_err(|failed| error(failed.into()))?;
        let names: Result<Vec<_>, Error> = (|| {
            let names = channels.iter()?.map(|row| Ok(row?.0.value().to_owned()));
            names.collect()
        })();
        for name in names.map_err(error)? {
            let value = channels.get(&*name).map_err(|failed| error(failed.into()))?;
            let state = value.and_then(|value| read_channel(value.value()));
            let mut state = state.ok_or_else(|| unreadable(path, "a channel"))?;
            state.epoch = new_epoch()?;
            let written = channels.insert(&*name, &write_channel(&state)[..]).map(drop);
            written.map_err(|failed| error(failed.into()))?;
            renewed += 1;
        }
    }
    write.commit().map_err(|failed| error(failed.into()))?;
    Ok(renewed)
}

const ROWS_AT_ONCE: usize = 10_000;

const CACHE_BYTES: usize = 16 * 1024 * 1024;
