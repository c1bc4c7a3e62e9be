//! What redb and the system say, in the words of a log.

use std::io;
use std::path::Path;

use redb::Error;

use crate::log::error::LogError;

/// Says why a store could not be opened.
pub(super) fn not_opened(path: &Path, error: Error) -> LogError {
    let path = path.to_owned();
    if let Error::Io(error) = &error {
        return not_opened_by_system(&path, error);
    }
    let detail = error.to_string();
    if matches!(error, Error::DatabaseAlreadyOpen) {
        return LogError::Locked { path };
    }
    if is_passing(&error) {
        return LogError::Open { path, reason: detail };
    }
    // Every other one says that the file does not hold what a store must hold.
    LogError::Damaged { path, detail }
}

pub(super) fn not_opened_by_system(path: &Path, error: &io::Error) -> LogError {
    let path = path.to_owned();
    if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) {
        return LogError::Damaged { path, detail: error.to_string() };
    }
    let advice = ADVICE.iter().find(|(kind, _)| *kind == error.kind());
    let advice = advice.map_or("check that the disk works", |(_, advice)| advice);
    LogError::Open { path, reason: format!("{error}; {advice}") }
}

/// Says why an open store could not be used.
pub(super) fn not_usable(path: &Path, error: Error) -> LogError {
    if matches!(error, Error::Io(_)) || is_passing(&error) {
        return LogError::Unavailable { reason: format!("{}: {error}", path.display()) };
    }
    LogError::Damaged { path: path.to_owned(), detail: error.to_string() }
}

pub(super) fn unreadable(path: &Path, what: &str) -> LogError {
    LogError::Damaged { path: path.to_owned(), detail: format!("{what} cannot be understood") }
}

fn is_passing(error: &Error) -> bool {
    matches!(
        error,
        Error::PreviousIo
            | Error::TransactionPoisoned
            | Error::DatabaseClosed
            | Error::Unsupported
            | Error::LockPoisoned(_)
    )
}

const ADVICE: [(io::ErrorKind, &str); 7] = [
    (io::ErrorKind::PermissionDenied, "grant read and write access to the file and its folder"),
    (io::ErrorKind::ReadOnlyFilesystem, "mount it writable"),
    (io::ErrorKind::IsADirectory, "name a file in it"),
    (io::ErrorKind::NotFound, "make the folder first"),
    (io::ErrorKind::NotADirectory, "name a folder before the last slash, not a file"),
    (io::ErrorKind::StorageFull, "make room on the disk"),
    (io::ErrorKind::QuotaExceeded, "make room in the quota"),
];
