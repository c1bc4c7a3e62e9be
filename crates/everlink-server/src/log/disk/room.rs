//! Whether the disk can take what is to be written.
//!
//! A write that fails leaves redb unusable until the file has been opened again, which reads all of
//! it. So a full or read-only disk is noticed before anything is written, where the system tells.

use std::path::Path;

use crate::log::error::LogError;

/// Says why so many bytes cannot be written now, as far as the system knows beforehand.
#[cfg(unix)]
pub(super) fn check(path: &Path, bytes: usize) -> Result<(), LogError> {
    use rustix::fs::{StatVfsMountFlags, statvfs};

    let unavailable = |reason| Err(LogError::Unavailable { reason });
    // A system that does not tell will tell when it is written to.
    let Ok(disk) = statvfs(path) else { return Ok(()) };
    if disk.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return unavailable(format!("{}: the disk is mounted read-only", path.display()));
    }
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    // Pages are written anew, never in place: a commit takes more room than what it stores.
    let needed = (bytes as u64).saturating_mul(PAGES_FACTOR).saturating_add(RESERVE_BYTES);
    if bytes > 0 && free < needed {
        return unavailable(format!(
            "{}: the disk has {free} bytes left, {needed} are needed to store and to tidy up",
            path.display()
        ));
    }
    Ok(())
}

/// Windows tells when it is written to.
#[cfg(not(unix))]
pub(super) fn check(_: &Path, _: usize) -> Result<(), LogError> {
    Ok(())
}

/// What stays free for removing old messages, which takes room before it gives some back.
#[cfg(unix)]
const RESERVE_BYTES: u64 = 1024 * 1024;

#[cfg(unix)]
const PAGES_FACTOR: u64 = 4;
