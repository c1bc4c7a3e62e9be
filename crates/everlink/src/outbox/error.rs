//! What can go wrong with a durable outbox, and what to do then.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What the outbox was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Opening the file, or opening it again after a failure.
    Open,
    /// Writing entries, removals and cursors.
    Write,
    /// Reading what is stored.
    Read,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Write => "write",
            Self::Read => "read",
        })
    }
}

/// An operation on a durable outbox that failed. It changed nothing; what was accepted stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// The message does not fit.
    #[error(
        "outbox {path}: full: {messages} of {messages_max} messages and {bytes} of {bytes_max} \
         bytes used, {asked_bytes} bytes more asked; wait until messages are delivered, or raise \
         the limits"
    )]
    #[non_exhaustive]
    Full {
        /// The file.
        path: PathBuf,
        /// Messages in it.
        messages: u64,
        /// Most messages.
        messages_max: u64,
        /// Bytes in it.
        bytes: u64,
        /// Most bytes.
        bytes_max: u64,
        /// Bytes of the message.
        asked_bytes: u64,
    },
    /// A message of this number is in the outbox already.
    #[error("outbox {path}: message {id} is stored already; number messages above last_id()")]
    #[non_exhaustive]
    IdTaken {
        /// The file.
        path: PathBuf,
        /// The number.
        id: u64,
    },
    /// The policy says that the message is never kept.
    #[error(
        "outbox {path}: message {id} has the policy {policy}, which is never stored; accepted: \
         configured, wait, fail, drop_oldest, coalesce"
    )]
    #[non_exhaustive]
    NeverStored {
        /// The file.
        path: PathBuf,
        /// The number of the message.
        id: u64,
        /// Its policy.
        policy: String,
    },
    /// Too many channels have a cursor.
    #[error(
        "outbox {path}: cursors of {cursors_max} channels are kept already; forget channels that \
         are no longer read"
    )]
    #[non_exhaustive]
    TooManyCursors {
        /// The file.
        path: PathBuf,
        /// Most channels.
        cursors_max: usize,
    },
    /// Another process, or another handle in this one, has the file open.
    #[error(
        "outbox {path}: another process has it open; give each process a file of its own, or stop \
         the other one"
    )]
    #[non_exhaustive]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// A newer version of this library wrote the file.
    #[error(
        "outbox {path}: its format is version {found}, and this program knows versions up to \
         {supported}; use a newer program, or let the newer one empty it"
    )]
    #[non_exhaustive]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The newest version that can be read.
        supported: u64,
    },
    /// The file is damaged, or is no outbox at all.
    #[error(
        "outbox {path}: {operation}: the file is damaged or is no outbox ({detail}); move it away \
         to start with an empty one, and keep it if its messages matter"
    )]
    #[non_exhaustive]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was being done.
        operation: Operation,
        /// What was found.
        detail: String,
    },
    /// No room is left on the disk, in the quota, or under the limit of file size.
    #[error(
        "outbox {path}: {operation}: no space left ({detail}); what was accepted is kept: make \
         room and send again"
    )]
    #[non_exhaustive]
    DiskFull {
        /// The file.
        path: PathBuf,
        /// What was being done.
        operation: Operation,
        /// What the system said.
        detail: String,
    },
    /// The file must not be written.
    #[error(
        "outbox {path}: {operation}: not writable ({detail}); what was accepted is kept: grant \
         write access to the file and its folder, or mount it writable"
    )]
    #[non_exhaustive]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// What was being done.
        operation: Operation,
        /// What the system said.
        detail: String,
    },
    /// The system refused for another reason.
    #[error(
        "outbox {path}: {operation}: {detail}; check that the folder exists and the disk works"
    )]
    #[non_exhaustive]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done.
        operation: Operation,
        /// What kind of failure.
        kind: io::ErrorKind,
        /// What the system said.
        detail: String,
    },
    /// The outbox was closed.
    #[error("outbox {path}: closed; open it again to send")]
    #[non_exhaustive]
    Closed {
        /// The file.
        path: PathBuf,
    },
}

impl OutboxError {
    pub(super) fn io(path: &Path, operation: Operation, error: &io::Error) -> Self {
        let (path, detail) = (path.to_owned(), error.to_string());
        if matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
        ) {
            return Self::DiskFull { path, operation, detail };
        }
        if matches!(
            error.kind(),
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied
        ) {
            return Self::ReadOnly { path, operation, detail };
        }
        if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) {
            return Self::Damaged { path, operation, detail };
        }
        Self::Io { path, operation, kind: error.kind(), detail }
    }

    pub(super) fn store(path: &Path, operation: Operation, error: redb::Error) -> Self {
        if let redb::Error::Io(error) = &error {
            return Self::io(path, operation, error);
        }
        let (path, detail) = (path.to_owned(), error.to_string());
        if matches!(error, redb::Error::DatabaseAlreadyOpen) {
            return Self::Locked { path };
        }
        if matches!(
            error,
            redb::Error::PreviousIo
                | redb::Error::TransactionPoisoned
                | redb::Error::DatabaseClosed
                | redb::Error::Unsupported
        ) {
            return Self::Io { path, operation, kind: io::ErrorKind::Other, detail };
        }
        // Every other one says that the file does not hold what an outbox must hold.
        Self::Damaged { path, operation, detail }
    }
}
