//! How a log can fail.

use std::path::PathBuf;

/// A log could not do what it was asked for; what was stored before stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The disk is full, read-only or broken: try again later.
    #[error("log cannot store: {reason}")]
    #[non_exhaustive]
    Unavailable {
        /// What the system says.
        reason: String,
    },
    /// Too much waits to be stored already: try again later.
    #[error("{pending} messages wait to be stored already; accepted: up to {pending_max}")]
    #[non_exhaustive]
    Busy {
        /// How many wait.
        pending: usize,
        /// How many may.
        pending_max: usize,
    },
    /// The store was written by a newer version.
    #[error(
        "store {path} has format {found}; this version reads up to {supported}: use a newer everlink"
    )]
    #[non_exhaustive]
    NewerFormat {
        /// Where it is.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that can be read.
        supported: u32,
    },
    /// The store cannot be opened.
    #[error("store {path} cannot be opened: {reason}")]
    #[non_exhaustive]
    Open {
        /// Where it is.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// There are too many channels.
    #[error("{channels_max} channels are in the log already, the most there can be")]
    #[non_exhaustive]
    TooManyChannels {
        /// How many there may be.
        channels_max: usize,
    },
    /// The log is closed.
    #[error("log is closed")]
    Closed,
}
