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
    #[error(
        "{pending} messages of {bytes} bytes wait to be stored already; accepted: up to {pending_max} \
         messages and {bytes_max} bytes"
    )]
    #[non_exhaustive]
    Busy {
        /// How many wait.
        pending: usize,
        /// How many may.
        pending_max: usize,
        /// How large they are.
        bytes: usize,
        /// How large they may be.
        bytes_max: usize,
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
        found: u64,
        /// The newest format that can be read.
        supported: u64,
    },
    /// Another process, or another log in this one, has the store open.
    #[error("store {path} is in use: give each server a store of its own, or stop the other one")]
    #[non_exhaustive]
    Locked {
        /// Where it is.
        path: PathBuf,
    },
    /// There is a file of that name already; it is left as it is.
    #[error("file {path} exists already; name another one, or move it away")]
    #[non_exhaustive]
    Exists {
        /// Where it is.
        path: PathBuf,
    },
    /// The store is damaged, or is something else.
    #[error(
        "store {path} is damaged or is no store ({detail}); move it away to start with an empty one, \
         or put a copy back"
    )]
    #[non_exhaustive]
    Damaged {
        /// Where it is.
        path: PathBuf,
        /// What was found.
        detail: String,
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
        channels_max: u64,
    },
    /// Too many producers must be remembered; they are forgotten after the log's `origin_ttl`.
    #[error("{producers_max} producers are remembered already, the most there can be")]
    #[non_exhaustive]
    TooManyProducers {
        /// How many there may be.
        producers_max: u64,
    },
    /// Too many refusals must be remembered of a producer in a channel; they are forgotten when it
    /// attaches again and shows that it knows them.
    #[error(
        "{refusals_max} refusals of the producer are remembered already, the most there can be"
    )]
    #[non_exhaustive]
    TooManyRefusals {
        /// How many there may be.
        refusals_max: usize,
    },
    /// A name or a payload is too long.
    #[error("{what} has {bytes} bytes; accepted: up to {bytes_max}")]
    #[non_exhaustive]
    TooLong {
        /// What is.
        what: &'static str,
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        bytes_max: usize,
    },
    /// A setting is out of its range.
    #[error("log setting {setting} is {value}; accepted: {accepted}")]
    #[non_exhaustive]
    Setting {
        /// Which.
        setting: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        accepted: String,
    },
    /// The log is closed.
    #[error("log is closed")]
    Closed,
}
