//! Why a fake server cannot be had.

use crate::chaos::Rejected;
use std::io;
use std::time::Duration;

/// A fake server could not be started or told to do something.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FakeError {
    /// A setting or an argument has a value that is not accepted; nothing was changed.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// Listening failed.
    #[error("cannot listen on {address}")]
    #[non_exhaustive]
    Listen {
        /// The address as given.
        address: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// What was waited for did not happen in time.
    #[error("{what}: not seen within {waited:?}; {found}")]
    #[non_exhaustive]
    NotSeen {
        /// What was waited for.
        what: String,
        /// How long the wait was.
        waited: Duration,
        /// What there was instead.
        found: String,
    },
}
