//! The file as redb sees it, with one difference: it never looks cleanly closed.
//!
//! Redb trusts a file that was closed in order, and can panic on what bad memory, a bad disk or a
//! bad copy made of it. A file that was not closed is verified first, page by page against its
//! checksums, and refused in a typed error. An outbox is small, so every opening is verified: the
//! two flags in the header that say "closed in order" are hidden until redb writes its own.

use std::fs::File;
use std::io;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};

/// Where redb's file format keeps its flags, after the magic number.
const FLAGS_OFFSET: u64 = 9;
const RECOVERY_REQUIRED: u8 = 2;
const TWO_PHASE_COMMIT: u8 = 4;

#[derive(Debug)]
pub(super) struct VerifiedFile {
    file: FileBackend,
    flags_are_ours: AtomicBool,
}

impl VerifiedFile {
    pub(super) fn new(file: File) -> Result<Self, DatabaseError> {
        Ok(Self { file: FileBackend::new(file)?, flags_are_ours: AtomicBool::new(false) })
    }
}

impl StorageBackend for VerifiedFile {
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)?;
        if let Some(at) = flags_within(offset, out.len())
            && !self.flags_are_ours.load(Ordering::Acquire)
        {
            out[at] = (out[at] | RECOVERY_REQUIRED) & !TWO_PHASE_COMMIT;
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write(offset, data)?;
        if flags_within(offset, data.len()).is_some() {
            self.flags_are_ours.store(true, Ordering::Release);
        }
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

/// Where the flags are in a piece of the file, if they are in it.
fn flags_within(offset: u64, length: usize) -> Option<usize> {
    let at = usize::try_from(FLAGS_OFFSET.checked_sub(offset)?).ok()?;
    (at < length).then_some(at)
}
