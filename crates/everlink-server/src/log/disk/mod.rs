//! A log on disk: one redb file.

mod codec;
mod copy;
mod fault;
mod file;
mod room;
mod store;
mod tables;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use everlink_engine::Kept;
use futures_util::future::BoxFuture;
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTableMetadata};
use tokio::sync::Semaphore;

use super::error::LogError;
use super::handle::Handle;
use super::line::Work;
use super::memory::PageBuilder;
use super::options::LogOptions;
use super::record::{Append, Head, Page, PageLimit};
use super::tables::{ChannelState, NOT_BEGUN, Totals};
use super::{Done, Follower, Log, LogStatus};
use codec::{RecordKey, RecordReader, offset_of, read_channel, record_key};
use fault::{not_usable, unreadable};
use file::{BYTES_KEY, CHANNELS, LogFile, META, PRODUCERS, RECORDS, unless_damaged};
use store::DiskStore;

/// What can be set about a log on disk.
#[derive(Clone, Debug)]
pub struct RedbOptions {
    path: PathBuf,
    cache_bytes: usize,
    verify: bool,
    log: LogOptions,
}

impl RedbOptions {
    /// Names the file, which is made if it is not there.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let (path, log) = (path.into(), LogOptions::default());
        Self { path, cache_bytes: 64 * 1024 * 1024, verify: false, log }
    }

    /// Memory that the store may use as a cache.
    ///
    /// Unit: bytes. Default: 64 MiB. Range: from 1 MiB.
    #[must_use]
    pub const fn cache_bytes(mut self, value: usize) -> Self {
        self.cache_bytes = value;
        self
    }

    /// Whether opening compares every page of the file with its checksum.
    ///
    /// Default: no. A file that was not closed in order, as after a crash, is checked either way.
    /// Why not always: it takes some seconds for each gigabyte.
    #[must_use]
    pub const fn verify(mut self, value: bool) -> Self {
        self.verify = value;
        self
    }

    /// What can be set about any log.
    #[must_use]
    pub fn log(mut self, options: LogOptions) -> Self {
        self.log = options;
        self
    }

    fn check(&self) -> Result<(), LogError> {
        self.log.check()?;
        if self.cache_bytes < CACHE_BYTES_MIN {
            return Err(LogError::Setting {
                setting: "cache_bytes",
                value: self.cache_bytes.to_string(),
                accepted: format!("from {CACHE_BYTES_MIN}"),
            });
        }
        Ok(())
    }
}

/// A log in a redb file. What was acknowledged is on disk, synced.
///
/// The file is locked against other processes while the log lives. Dropping the log stores what is
/// in line and waits for it, at most [`DROP_WAIT_MAX`](super::DROP_WAIT_MAX);
/// [`close`](Self::close) waits without blocking the runtime. See `docs/how-to/keep-messages.md`.
#[derive(Debug)]
pub struct RedbLog {
    handle: Handle,
    file: Arc<LogFile>,
    readers: Semaphore,
}

impl RedbLog {
    /// Opens the file, or creates it, and starts the log's thread.
    ///
    /// Blocks: some milliseconds, and after a crash for as long as it takes to read the whole file.
    /// In async code, call it before the runtime is busy, or in `spawn_blocking`.
    ///
    /// # Errors
    ///
    /// [`LogError::Setting`], [`LogError::Locked`] if somebody else has it open,
    /// [`LogError::NewerFormat`], [`LogError::Damaged`], and [`LogError::Open`] for what the system
    /// refuses.
    pub fn open(options: RedbOptions) -> Result<Self, LogError> {
        options.check()?;
        let file = Arc::new(LogFile::open(&options.path, options.cache_bytes, options.verify)?);
        let totals = unless_damaged(&file.path, || read(&file, |path, read| totals(path, &read)))?;
        let store = DiskStore::new(Arc::clone(&file));
        let handle = Handle::start("redb", options.log, totals, store)?;
        Ok(Self { handle, file, readers: Semaphore::new(READERS_MAX) })
    }

    /// Stores what is in line, ends the log and frees the file; whatever comes later is refused.
    ///
    /// # Cancel safety
    ///
    /// Cancelling only stops waiting: the log closes all the same.
    pub async fn close(&self) {
        self.handle.close().await;
    }

    /// Writes all that is stored now into a new file, while the log goes on: a copy to keep, or one
    /// without the room that removed messages have left.
    ///
    /// The file grows meanwhile, since nothing that the copy still reads can be written over.
    ///
    /// # Errors
    ///
    /// [`LogError::Exists`] and [`LogError::Open`] for the new file, [`LogError::Unavailable`] and
    /// [`LogError::Damaged`] for what cannot be read or written; nothing stands under the new name then.
    ///
    /// # Cancel safety
    ///
    /// Cancelling only stops waiting.
    pub async fn copy_to(&self, to: impl Into<PathBuf>) -> Result<(), LogError> {
        self.handle.check_open()?;
        let (file, to) = (Arc::clone(&self.file), to.into());
        let copying = tokio::task::spawn_blocking(move || {
            // Only the beginning needs the file to stay open: a copy must not hold up its recovery.
            let from = read(&file, |_, read| Ok(read))?;
            unless_damaged(&file.path, || copy::copy(&file.path, &from, &to))
        });
        copying.await.unwrap_or(Err(LogError::Closed))
    }

    /// Gives every channel of a store that nobody has open another epoch, and returns how many there
    /// are: for a file that was put back from a copy, whose newest messages are lost. Clients that
    /// have read those then learn of a gap, instead of taking new ones for what they know.
    ///
    /// Blocks while the file is read and written.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), but a file that is not there is not made.
    pub fn renew_epochs(path: impl AsRef<Path>) -> Result<u64, LogError> {
        copy::renew_epochs(path.as_ref())
    }

    /// Returns the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// Reads on a thread that may block; only so many read at once.
    async fn reading<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path, &ReadTransaction) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        self.handle.check_open()?;
        let file = Arc::clone(&self.file);
        let work = move || {
            let file = &file;
            unless_damaged(&file.path, || read(file, |path, read| work(path, &read)))
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return work(); // Nobody else's tasks are held up.
        };
        let _turn = self.readers.acquire().await.map_err(|_| LogError::Closed)?;
        runtime.spawn_blocking(work).await.unwrap_or(Err(LogError::Closed))
    }
}

impl Log for RedbLog {
    fn append(&self, append: Append, done: Done) {
        self.handle.append(append, done);
    }

    fn read<'a>(
        &'a self,
        channel: &'a str,
        after: u64,
        limit: PageLimit,
    ) -> BoxFuture<'a, Result<Page, LogError>> {
        let name = channel.to_owned();
        Box::pin(self.reading(move |path, read| page(path, read, &name, after, limit)))
    }

    fn head<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<Head, LogError>> {
        Box::pin(async move {
            let name = channel.to_owned();
            match self.reading(move |path, read| state(path, read, &name)).await? {
                Some(state) => Ok(state.head()),
                None => self.handle.ask(channel, Work::Begin).await,
            }
        })
    }

    fn trim<'a>(&'a self, channel: &'a str, before: u64) -> BoxFuture<'a, Result<Head, LogError>> {
        self.handle.trim(channel, before)
    }

    fn follow(&self, follower: std::sync::Weak<dyn Follower>) {
        self.handle.follow(follower);
    }

    fn kept(&self) -> Kept {
        Kept::Disk
    }

    fn origin_ttl(&self) -> Duration {
        self.handle.options().origin_ttl
    }

    fn status(&self) -> LogStatus {
        self.handle.status()
    }
}

fn read<T>(
    file: &LogFile,
    work: impl FnOnce(&Path, ReadTransaction) -> Result<T, LogError>,
) -> Result<T, LogError> {
    let database = file.database();
    let closed =
        || LogError::Unavailable { reason: "the store could not be opened again".to_owned() };
    let database: &Database = database.as_ref().ok_or_else(closed)?;
    let read = database.begin_read().map_err(|error| not_usable(&file.path, error.into()))?;
    work(&file.path, read)
}

fn page(
    path: &Path,
    read: &ReadTransaction,
    name: &str,
    after: u64,
    limit: PageLimit,
) -> Result<Page, LogError> {
    let Some(state) = state(path, read, name)? else {
        return Ok(Page { head: NOT_BEGUN, records: Vec::new() });
    };
    let (mut page, mut reader) = (PageBuilder::new(limit), RecordReader::default());
    let from = after.saturating_add(1).max(state.first);
    if from <= state.head && page.wants_more() {
        let error = |error: redb::Error| not_usable(path, error);
        let (begin, end) = (record_key(state.number, from), record_key(state.number, state.head));
        let records = read.open_table(RECORDS).map_err(|failed| error(failed.into()))?;
        let rows = records.range::<&RecordKey>(&begin..=&end);
        for row in rows.map_err(|failed| error(failed.into()))? {
            let (key, value) = row.map_err(|failed| error(failed.into()))?;
            let record = reader.read(offset_of(key.value()), value.value());
            page.push(Arc::new(record.ok_or_else(|| unreadable(path, "a message"))?));
            if !page.wants_more() {
                break;
            }
        }
    }
    Ok(Page { head: state.head(), records: page.records })
}

fn state(
    path: &Path,
    read: &ReadTransaction,
    name: &str,
) -> Result<Option<ChannelState>, LogError> {
    let value = || -> Result<_, redb::Error> { Ok(read.open_table(CHANNELS)?.get(name)?) };
    let value = value().map_err(|error| not_usable(path, error))?;
    let read = |value: &[u8]| read_channel(value).ok_or_else(|| unreadable(path, "a channel"));
    value.map(|value| read(value.value())).transpose()
}

fn totals(path: &Path, read: &ReadTransaction) -> Result<Totals, LogError> {
    let totals = || -> Result<_, redb::Error> {
        Ok(Totals {
            channels: read.open_table(CHANNELS)?.len()?,
            producers: read.open_table(PRODUCERS)?.len()?,
            records: read.open_table(RECORDS)?.len()?,
            bytes: read.open_table(META)?.get(BYTES_KEY)?.map_or(0, |bytes| bytes.value()),
        })
    };
    totals().map_err(|error| not_usable(path, error))
}

/// Pages that are read at the same time.
const READERS_MAX: usize = 32;

const CACHE_BYTES_MIN: usize = 1024 * 1024;
