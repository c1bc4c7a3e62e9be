//! Who a client is.

use std::sync::Arc;
use std::time::SystemTime;

use super::{Grant, Operation};

/// A user: whom a client acts for, and what he may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    id: Option<Arc<str>>,
    grants: Option<Arc<[Grant]>>,
    expires: Option<SystemTime>,
}

impl User {
    /// Nobody in particular, who may do everything.
    #[must_use]
    pub const fn anonymous() -> Self {
        Self { id: None, grants: None, expires: None }
    }

    /// A user by his id, who may do everything.
    ///
    /// # Errors
    ///
    /// The id is empty or longer than 128 bytes, or has a control character in it.
    pub fn new(id: impl Into<Arc<str>>) -> Result<Self, UserError> {
        let id = id.into();
        if id.is_empty() || id.len() > USER_ID_MAX || id.chars().any(char::is_control) {
            return Err(UserError { id: id.chars().take(USER_ID_MAX).collect() });
        }
        Ok(Self { id: Some(id), ..Self::anonymous() })
    }

    /// Limits what he may do to what these grants allow together.
    #[must_use]
    pub fn with_grants(mut self, grants: impl Into<Arc<[Grant]>>) -> Self {
        self.grants = Some(grants.into());
        self
    }

    /// Says when his credentials end: without fresh ones the connection is closed then.
    #[must_use]
    pub const fn with_expiry(mut self, at: SystemTime) -> Self {
        self.expires = Some(at);
        self
    }

    /// Returns his id, where he has one.
    #[must_use]
    pub const fn id(&self) -> Option<&Arc<str>> {
        self.id.as_ref()
    }

    /// Returns when his credentials end.
    #[must_use]
    pub const fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// Returns whether his grants allow this.
    #[must_use]
    pub fn may(&self, channel: &str, operation: Operation) -> bool {
        let Some(grants) = &self.grants else {
            return true;
        };
        grants.iter().any(|grant| grant.allows(channel, operation))
    }

    /// Returns what is appended to the names of his producers, so that nobody can take those of
    /// another user: clients cannot name a producer with a `~` in it.
    pub(crate) fn suffix(&self) -> Option<Arc<str>> {
        self.id.as_ref().map(|id| user_suffix(id).into())
    }
}

/// Returns what is appended to the names of a user's producers.
pub(crate) fn user_suffix(id: &str) -> String {
    format!("~{id}")
}

/// A user's id cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("user id {id:?}: accepted are 1 to 128 bytes without control characters")]
#[non_exhaustive]
pub struct UserError {
    /// The id, shortened.
    pub id: String,
}

/// Longest id of a user, in bytes.
const USER_ID_MAX: usize = 128;
