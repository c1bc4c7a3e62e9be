//! Messages that break the rules of their dialect.

/// A control message of the dialect that is broken. The connection can go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The message announces itself as one of the dialect's own and is not valid JSON.
    #[error("{dialect}: {what} is not valid JSON at column {column}")]
    #[non_exhaustive]
    InvalidJson {
        /// The dialect.
        dialect: &'static str,
        /// Which message.
        what: &'static str,
        /// Where, in bytes from 1.
        column: usize,
    },
    /// The answer to a request lacks what makes it one.
    #[error("{dialect}: {what} has {found}; accepted: {accepted}")]
    #[non_exhaustive]
    Malformed {
        /// The dialect.
        dialect: &'static str,
        /// Which message.
        what: &'static str,
        /// What was found.
        found: &'static str,
        /// What is accepted.
        accepted: &'static str,
    },
}

/// A message that the dialect cannot say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("dialect `{dialect}` cannot send {found}; accepted: {accepted}")]
#[non_exhaustive]
pub struct RefusedPayload {
    /// The dialect.
    pub dialect: &'static str,
    /// What was given.
    pub found: &'static str,
    /// What is accepted.
    pub accepted: &'static str,
}
