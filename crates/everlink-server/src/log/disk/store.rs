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
}

impl DiskStore {
    pub(super) const fn new(file: Arc<LogFile>) -> Self {
        Self { file, failed: None }
    }

    /// After a failure redb wants the file opened again, and so do those who read it.
    fn recover(&mut self, error: LogError) -> LogError {
        self.failed = Some((error.clone(), Instant::now() + REOPEN_EVERY));
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
        let file = Arc::clone(&self.file);
        let done = unless_damaged(&file.path, || {
            let database = file.database();
            let closed = || LogError::Unavailable { reason: "the store is closed".to_owned() };
            transact(&file, database.as_ref().ok_or_else(closed)?, work)
        });
        match done {
            Ok(()) => {
                self.failed = None;
                Ok(())
            }
            Err(error) => Err(self.recover(error)),
        }
    }

    fn close(&mut self) {
        self.file.close();
    }
}

fn transact(file: &LogFile, database: &Database, work: Work<'_>) -> Result<(), LogError> {
    let error = |error: redb::Error| not_usable(&file.path, error);
    let write = database.begin_write().map_err(|failed| error(failed.into()))?;
    let mut tables = DiskTables::new(&file.path, &write).map_err(error)?;
    let is_changed = work(&mut tables)?;
    tables.finish()?;
    drop(tables);
    if is_changed {
        write.commit().map_err(|failed| error(failed.into()))
    } else {
        write.abort().map_err(|failed| error(failed.into()))
    }
}

/// How often a file that failed is opened again at most: it is read from end to end each time.
const REOPEN_EVERY: Duration = Duration::from_secs(1);
