//! The file: a redb database of three tables, and one transaction for each batch.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use everlink_engine::{Cursor, Epoch, MessageId};
use redb::{Builder, Database, ReadableDatabase, ReadableTable, TableDefinition};

use super::entry::Entry;
use super::error::{Operation, OutboxError};
use super::limits::CACHE_BYTES;
use super::record::{Record, from_record, to_record};
use super::verified::VerifiedFile;

/// The version of the tables below. A file of a newer version is refused.
pub(super) const SCHEMA_VERSION: u64 = 1;

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const ENTRIES: TableDefinition<'_, u64, Record> = TableDefinition::new("entries");
const CURSORS: TableDefinition<'_, &str, (u64, u64)> = TableDefinition::new("cursors");

const VERSION_KEY: &str = "schema_version";
const LAST_ID_KEY: &str = "last_id";

/// Sizes of the stored entries by number, as accounting needs them.
#[derive(Debug, Default)]
pub(super) struct Census {
    pub(super) sizes: BTreeMap<u64, u64>,
    pub(super) channels: Vec<String>,
    pub(super) last_id: u64,
}

/// What one transaction writes.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    pub(super) removals: &'a [u64],
    pub(super) entries: Vec<&'a Entry>,
    pub(super) cursors: &'a BTreeMap<String, Option<Cursor>>,
}

/// An open file.
#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    database: Database,
}

impl Store {
    /// Opens the file, or creates it.
    pub(super) fn open(path: &Path) -> Result<Self, OutboxError> {
        let io = |error: io::Error| OutboxError::io(path, Operation::Open, &error);
        if !path.try_exists().map_err(io)? {
            create(path)?;
        }
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(io)?;
        if file.metadata().map_err(io)?.len() == 0 {
            let error = io::Error::new(io::ErrorKind::InvalidData, "the file is empty");
            return Err(io(error)); // Redb would make a new one of it.
        }
        let database = VerifiedFile::new(file)
            .and_then(|file| Builder::new().set_cache_size(CACHE_BYTES).create_with_backend(file))
            .map_err(|error| OutboxError::store(path, Operation::Open, error.into()))?;
        let store = Self { path: path.to_owned(), database };
        store.check_version()?;
        Ok(store)
    }

    /// Writes a batch in one transaction and waits until it is on disk.
    pub(super) fn write(&self, batch: &Batch<'_>) -> Result<(), OutboxError> {
        self.try_write(batch).map_err(|error| self.error(Operation::Write, error))
    }

    /// Reads every entry, in the order of their numbers.
    pub(super) fn entries(&self) -> Result<Vec<Entry>, OutboxError> {
        let mut entries = Vec::new();
        self.try_each(|id, record| entries.push((id, record)))
            .map_err(|error| self.error(Operation::Read, error))?;
        entries.into_iter().map(|(id, entry)| entry.ok_or_else(|| self.damaged(id))).collect()
    }

    /// Reads every cursor.
    pub(super) fn cursors(&self) -> Result<Vec<(String, Cursor)>, OutboxError> {
        self.try_cursors().map_err(|error| self.error(Operation::Read, error))
    }

    /// Counts what is stored.
    pub(super) fn census(&self) -> Result<Census, OutboxError> {
        let last_id = self.try_last_id().map_err(|error| self.error(Operation::Read, error))?;
        let sizes: BTreeMap<_, _> =
            self.entries()?.iter().map(|entry| (entry.id.0, entry.bytes())).collect();
        let last_id = last_id.max(sizes.keys().next_back().copied().unwrap_or(0));
        let channels = self.cursors()?.into_iter().map(|(channel, _)| channel).collect();
        Ok(Census { sizes, channels, last_id })
    }

    fn check_version(&self) -> Result<(), OutboxError> {
        let found = self.try_version().map_err(|error| self.error(Operation::Open, error))?;
        match found {
            Some(SCHEMA_VERSION) => Ok(()),
            Some(found) if found > SCHEMA_VERSION => Err(OutboxError::NewerVersion {
                path: self.path.clone(),
                found,
                supported: SCHEMA_VERSION,
            }),
            other => Err(OutboxError::Damaged {
                path: self.path.clone(),
                operation: Operation::Open,
                detail: format!("schema version {other:?}, accepted: {SCHEMA_VERSION}"),
            }),
        }
    }

    fn try_version(&self) -> Result<Option<u64>, redb::Error> {
        let read = self.database.begin_read()?;
        let meta = match read.open_table(META) {
            Ok(meta) => meta,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        Ok(meta.get(VERSION_KEY)?.map(|version| version.value()))
    }

    fn try_last_id(&self) -> Result<u64, redb::Error> {
        let meta = self.database.begin_read()?.open_table(META)?;
        Ok(meta.get(LAST_ID_KEY)?.map_or(0, |id| id.value()))
    }

    fn try_each(&self, mut each: impl FnMut(u64, Option<Entry>)) -> Result<(), redb::Error> {
        let table = self.database.begin_read()?.open_table(ENTRIES)?;
        for row in table.iter()? {
            let (id, record) = row?;
            each(id.value(), from_record(MessageId(id.value()), &record.value()));
        }
        Ok(())
    }

    fn try_cursors(&self) -> Result<Vec<(String, Cursor)>, redb::Error> {
        let table = self.database.begin_read()?.open_table(CURSORS)?;
        let rows = table.iter()?.map(|row| {
            let (channel, cursor) = row?;
            let (epoch, offset) = cursor.value();
            Ok((channel.value().to_owned(), Cursor { epoch: Epoch(epoch), offset }))
        });
        rows.collect()
    }

    fn try_write(&self, batch: &Batch<'_>) -> Result<(), redb::Error> {
        let write = self.database.begin_write()?;
        {
            let mut entries = write.open_table(ENTRIES)?;
            for id in batch.removals {
                entries.remove(id)?;
            }
            for entry in &batch.entries {
                entries.insert(entry.id.0, to_record(entry))?;
            }
            let mut cursors = write.open_table(CURSORS)?;
            for (channel, cursor) in batch.cursors {
                match cursor {
                    Some(cursor) => {
                        cursors.insert(channel.as_str(), (cursor.epoch.0, cursor.offset))?
                    }
                    None => cursors.remove(channel.as_str())?,
                };
            }
            let mut meta = write.open_table(META)?;
            if let Some(id) = batch.entries.iter().map(|entry| entry.id.0).max() {
                let last = meta.get(LAST_ID_KEY)?.map_or(0, |last| last.value());
                meta.insert(LAST_ID_KEY, id.max(last))?;
            }
        }
        // Redb syncs the file before it returns, unless told otherwise.
        write.commit()?;
        Ok(())
    }

    fn damaged(&self, id: u64) -> OutboxError {
        OutboxError::Damaged {
            path: self.path.clone(),
            operation: Operation::Read,
            detail: format!("message {id} is not in the form of version {SCHEMA_VERSION}"),
        }
    }

    fn error(&self, operation: Operation, error: redb::Error) -> OutboxError {
        OutboxError::store(&self.path, operation, error)
    }
}

/// Makes an empty outbox under a name of its own first, so that a crash in the middle leaves
/// nothing that looks like a damaged one, and never replaces one that somebody else has made
/// meanwhile. The file is for its owner only, because messages are private.
fn create(path: &Path) -> Result<(), OutboxError> {
    let io = |error: io::Error| OutboxError::io(path, Operation::Open, &error);
    let draft = tempfile::Builder::new()
        .prefix(".everlink-outbox-")
        .suffix(".new")
        .tempfile_in(folder(path))
        .map_err(io)?;
    initialize(draft.reopen().map_err(io)?)
        .map_err(|error| OutboxError::store(path, Operation::Open, error))?;
    match draft.persist_noclobber(path) {
        Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(failed) => Err(io(failed.error)),
        Ok(_) => sync_folder(path).map_err(io),
    }
}

fn initialize(file: File) -> Result<(), redb::Error> {
    let database = Builder::new().set_cache_size(CACHE_BYTES).create_file(file)?;
    let write = database.begin_write()?;
    write.open_table(META)?.insert(VERSION_KEY, SCHEMA_VERSION)?;
    write.open_table(ENTRIES)?;
    write.open_table(CURSORS)?;
    write.commit()?;
    Ok(())
}

/// A new name is on disk only when its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(windows) {
        return Ok(()); // A folder cannot be opened there; NTFS journals its names.
    }
    File::open(folder(path))?.sync_all()
}

fn folder(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or_else(|| Path::new("."))
}
