//! The file: a redb database of four tables.

use std::fs::{File, OpenOptions};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use redb::{Builder, Database, ReadableDatabase, TableDefinition};

use super::codec::RecordKey;
use super::fault::{not_opened, not_opened_by_system};
use crate::log::error::LogError;

/// The version of the tables and of their values. A file of a newer version is refused; one of an older
/// version, whose values are all read as they are, is marked as one of this version when it is opened.
///
/// 2: producers remember refusals, which a program of version 1 would take for damage.
pub(super) const FORMAT: u64 = 2;

/// The oldest version that is read.
const FORMAT_OLDEST: u64 = 1;

pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
pub(super) const CHANNELS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("channels");
pub(super) const PRODUCERS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("producers");
pub(super) const RECORDS: TableDefinition<'_, &RecordKey, &[u8]> = TableDefinition::new("records");

pub(super) const FORMAT_KEY: &str = "format";
/// The highest number that a channel was given.
pub(super) const NUMBER_KEY: &str = "last_number";

/// A file that can be opened again while others read it.
#[derive(Debug)]
pub(super) struct LogFile {
    pub(super) path: PathBuf,
    cache_bytes: usize,
    /// `None` after a failure, until it could be opened again.
    database: RwLock<Option<Database>>,
}

impl LogFile {
    /// Opens the file, or creates it.
    pub(super) fn open(path: &Path, cache_bytes: usize, verify: bool) -> Result<Self, LogError> {
        if !path.try_exists().map_err(|error| not_opened_by_system(path, &error))? {
            create(path, cache_bytes)?;
        }
        let mut database = open(path, cache_bytes)?;
        if verify {
            unless_damaged(path, || check(path, &mut database))?;
        }
        Ok(Self { path: path.to_owned(), cache_bytes, database: RwLock::new(Some(database)) })
    }

    /// Returns the database, which stays open for as long as the guard lives.
    pub(super) fn database(&self) -> RwLockReadGuard<'_, Option<Database>> {
        self.database.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the file again after a failure; waits for those who still read it.
    pub(super) fn reopen(&self) -> Result<(), LogError> {
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        *database = None; // The old one holds the file's lock.
        *database = Some(open(&self.path, self.cache_bytes)?);
        Ok(())
    }

    pub(super) fn close(&self) {
        *self.database.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Runs what reads or writes a file; redb can panic on what a bad disk made of it.
pub(super) fn unless_damaged<T>(
    path: &Path,
    work: impl FnOnce() -> Result<T, LogError>,
) -> Result<T, LogError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let detail = "its pages contradict each other".to_owned();
        Err(LogError::Damaged { path: path.to_owned(), detail })
    })
}

fn open(path: &Path, cache_bytes: usize) -> Result<Database, LogError> {
    let by_system = |error: io::Error| not_opened_by_system(path, &error);
    let file = OpenOptions::new().read(true).write(true).open(path).map_err(by_system)?;
    if file.metadata().map_err(by_system)?.len() == 0 {
        // Redb would make a new one of it.
        return Err(by_system(io::Error::new(io::ErrorKind::InvalidData, "the file is empty")));
    }
    unless_damaged(path, || {
        let database = Builder::new()
            .set_cache_size(cache_bytes)
            .create_file(file)
            .map_err(|error| not_opened(path, error.into()))?;
        let found = format(&database).map_err(|error| not_opened(path, error))?;
        check_format(path, found)?;
        if found != Some(FORMAT) {
            mark_format(&database).map_err(|error| not_opened(path, error))?;
        }
        Ok(database)
    })
}

/// Compares every page with its checksum.
fn check(path: &Path, database: &mut Database) -> Result<(), LogError> {
    let is_sound = database.check_integrity().map_err(|error| not_opened(path, error.into()))?;
    if is_sound {
        return Ok(());
    }
    let detail = "its checksums were wrong, and it was set right as far as can be: its last messages \
                  may be lost, so renew its epochs before it is opened again";
    Err(LogError::Damaged { path: path.to_owned(), detail: detail.to_owned() })
}

fn check_format(path: &Path, found: Option<u64>) -> Result<(), LogError> {
    let path = path.to_owned();
    match found {
        Some(FORMAT_OLDEST..=FORMAT) => Ok(()),
        Some(found) if found > FORMAT => {
            Err(LogError::NewerFormat { path, found, supported: FORMAT })
        }
        other => {
            let detail = format!("format {other:?}, accepted: {FORMAT_OLDEST} to {FORMAT}");
            Err(LogError::Damaged { path, detail })
        }
    }
}

fn format(database: &Database) -> Result<Option<u64>, redb::Error> {
    let meta = match database.begin_read()?.open_table(META) {
        Ok(meta) => meta,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(meta.get(FORMAT_KEY)?.map(|format| format.value()))
}

fn mark_format(database: &Database) -> Result<(), redb::Error> {
    let write = database.begin_write()?;
    write.open_table(META)?.insert(FORMAT_KEY, FORMAT)?;
    write.commit()?;
    Ok(())
}

fn create(path: &Path, cache_bytes: usize) -> Result<(), LogError> {
    let made = publish(path, |file| {
        initialize(file, cache_bytes).map_err(|error| not_opened(path, error))
    });
    match made {
        // Another process was faster.
        Err(LogError::Exists { .. }) => Ok(()),
        made => made,
    }
}

/// Makes a file under another name first, so that a crash leaves a whole one or none; what stands
/// under its name already is left alone.
pub(super) fn publish(
    path: &Path,
    fill: impl FnOnce(File) -> Result<(), LogError>,
) -> Result<(), LogError> {
    let by_system = |error: io::Error| not_opened_by_system(path, &error);
    let draft = tempfile::Builder::new()
        .prefix(".everlink-store-")
        .suffix(".new")
        .tempfile_in(folder(path))
        .map_err(by_system)?;
    fill(draft.reopen().map_err(by_system)?)?;
    match draft.persist_noclobber(path) {
        Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(LogError::Exists { path: path.to_owned() })
        }
        Err(failed) => Err(by_system(failed.error)),
        Ok(_) => sync_folder(path).map_err(by_system),
    }
}

fn initialize(file: File, cache_bytes: usize) -> Result<(), redb::Error> {
    let database = Builder::new().set_cache_size(cache_bytes).create_file(file)?;
    let write = database.begin_write()?;
    write.open_table(META)?.insert(FORMAT_KEY, FORMAT)?;
    write.open_table(CHANNELS)?;
    write.open_table(PRODUCERS)?;
    write.open_table(RECORDS)?;
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
