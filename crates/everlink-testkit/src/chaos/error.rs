//! What can go wrong with the proxy itself, as opposed to what it does to others.

use serde::Serialize;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// A value that the proxy does not take, with what it would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{place}: {field} is {value:?}; accepted: {accepted}")]
#[non_exhaustive]
pub struct Rejected {
    /// Where it stood, such as `schedule item 2`.
    pub place: String,
    /// Name of the field.
    pub field: String,
    /// The value as given.
    pub value: String,
    /// What is accepted there.
    pub accepted: String,
}

impl Rejected {
    pub(crate) fn new(
        place: impl Into<String>,
        field: impl Into<String>,
        value: impl ToString,
        accepted: impl Into<String>,
    ) -> Self {
        Self {
            place: place.into(),
            field: field.into(),
            value: value.to_string(),
            accepted: accepted.into(),
        }
    }
}

/// The proxy could not be started or configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChaosError {
    /// A setting or a fault has a value that is not accepted.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// Listening failed.
    #[error("cannot listen on {address} ({purpose})")]
    #[non_exhaustive]
    Listen {
        /// The address as given.
        address: String,
        /// What the port is for: `proxy` or `control`.
        purpose: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// A schedule file could not be read.
    #[error("cannot read the schedule file {}", path.display())]
    #[non_exhaustive]
    File {
        /// The path as given.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// What was waited for did not happen in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not seen within {waited:?}; counters: {seen:?}")]
#[non_exhaustive]
pub struct WaitError {
    /// How long the wait was.
    pub waited: Duration,
    /// The counters at its end.
    pub seen: super::Counters,
}
