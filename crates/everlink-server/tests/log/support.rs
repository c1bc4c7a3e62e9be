//! What the tests of the logs share.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use everlink_server::log::contract::{Setup, Subject};
use everlink_server::log::{Log, MemoryLog, RedbLog, RedbOptions};

/// Logs in memory.
#[derive(Debug)]
pub(crate) struct InMemory;

impl Subject for InMemory {
    fn open(&mut self, setup: &Setup) -> Arc<dyn Log> {
        Arc::new(MemoryLog::new(setup.options()).unwrap())
    }

    fn is_durable(&self) -> bool {
        false
    }
}

/// Logs on disk, in a folder of their own.
#[derive(Debug)]
pub(crate) struct OnDisk {
    folder: tempfile::TempDir,
}

impl OnDisk {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("store")
    }
}

impl Subject for OnDisk {
    fn open(&mut self, setup: &Setup) -> Arc<dyn Log> {
        let options = RedbOptions::new(self.path()).log(setup.options());
        Arc::new(RedbLog::open(options).unwrap())
    }

    fn is_durable(&self) -> bool {
        true
    }
}

pub(crate) fn open(path: &Path) -> RedbLog {
    RedbLog::open(RedbOptions::new(path)).unwrap()
}
