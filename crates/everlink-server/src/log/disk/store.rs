//! Transactions on the file, and its way back after a failure.

use std::sync::Arc;
use std::time::{Duration, Instant};

use redb::Database;

use super::fault::not_usable;
use super::file::{LogFile, unless_damaged};
use super::room;
use super::tables::DiskTables;
use crate::log::error::LogError;
use crate::log::tables::Tables;
use crate::log::writer::Store;

type Work<'a> = &'a mut dyn FnMut(&mut dyn Tables) -> Result<bool, LogError>;

#[derive(Debug)]
pub(super) struct DiskStore {
    file: Arc<LogFile>,
    /// The file failed: why, and when it may be tried again.
    failed: Option<(LogError, Instant)>,
    /// Bytes of all records, unless a failure has made that uncertain.
    bytes: Option<u64>,
}

impl DiskStore {
    pub(super) const fn new(file: Arc<LogFile>, bytes: u64) -> Self {
        Self { file, failed: None, bytes: Some(bytes) }
    }

    /// After a failure redb wants the file opened again, and so do those who read it.
    fn recover(&mut self, error: LogError) -> LogError {
        self.failed = Some((error.clone(), Instant::now() + REOPEN_EVERY));
        self.bytes = None;
        if let Err(error) = self.file.reopen() {
            tracing::error!(%error, "the store cannot be read before it can be opened again");
        }
        error
    }

    fn check_failure(&mut self) -> Result<(), LogError> {
        let Some((error, until)) = &self.failed else { return Ok(()) };
        if Instant::now() < *until {
            return Err(error.clone());
        }
        if self.file.database().is_none()
            && let Err(error) = self.file.reopen()
        {
            let error = LogError::Unavailable { reason: error.to_string() };
            self.failed = Some((error.clone(), Instant::now() + REOPEN_EVERY));
            return Err(error);
        }
        Ok(())
    }
}

impl Store for DiskStore {
    fn transact(&mut self, bytes: usize, work: Work<'_>) -> Result<(), LogError> {
        self.check_failure()?;
        room::check(&self.file.path, bytes)?;
        let (file, known) = (Arc::clone(&self.file), self.bytes);
        let done = unless_damaged(&file.path, || {
            let database = file.database();
            let closed = || LogError::Unavailable { reason: "the store is closed".to_owned() };
            transact(&file, database.as_ref().ok_or_else(closed)?, known, work)
        });
        match done {
            Ok(bytes) => {
                (self.failed, self.bytes) = (None, Some(bytes));
                Ok(())
            }
            Err(error) => Err(self.recover(error)),
        }
    }

    fn close(&mut self) {
        self.file.close();
    }
}

/// Returns the bytes of all records after it.
fn transact(
    file: &LogFile,
    database: &Database,
    bytes: Option<u64>,
    work: Work<'_>,
) -> Result<u64, LogError> {
    let error = |error: redb::Error| not_usable(&file.path, error);
    let write = database.begin_write().map_err(|failed| error(failed.into()))?;
    let mut tables = DiskTables::new(&file.path, &write, bytes)?;
    let is_changed = work(&mut tables)?;
    let bytes = tables.bytes;
    drop(tables);
    if is_changed {
        write.commit().map_err(|failed| error(failed.into()))?;
    } else {
        write.abort().map_err(|failed| error(failed.into()))?;
    }
    Ok(bytes)
}

/// How often a file that failed is opened again at most: it is read from end to end each time.
const REOPEN_EVERY: Duration = Duration::from_secs(1);
