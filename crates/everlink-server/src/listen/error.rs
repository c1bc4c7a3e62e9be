//! How listening can fail.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Listening could not begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// An address cannot be bound.
    #[error("cannot listen on {address}: {reason}")]
    #[non_exhaustive]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        reason: String,
    },
    /// A file for TLS cannot be read.
    #[error("{what} {path} cannot be read: {reason}; accepted: a PEM file")]
    #[non_exhaustive]
    TlsFile {
        /// Certificate chain or private key.
        what: &'static str,
        /// Where it is.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Certificate and key do not make a server.
    #[error("certificate {certificate} and key {key} cannot be used: {reason}")]
    #[non_exhaustive]
    TlsPair {
        /// Where the chain is.
        certificate: PathBuf,
        /// Where the key is.
        key: PathBuf,
        /// What is wrong.
        reason: String,
    },
}
