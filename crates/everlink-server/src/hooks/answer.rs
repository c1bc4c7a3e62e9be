//! Answers that are there at once, or later.

use std::fmt;
use std::future::Future;

use futures_util::future::BoxFuture;

/// What a hook decides: now, which costs nothing, or when a future is done.
pub enum Answer<T> {
    /// It is decided.
    Now(T),
    /// It will be decided. Dropped with the connection.
    Later(BoxFuture<'static, T>),
}

impl<T> Answer<T> {
    /// Answers when a future is done.
    pub fn later(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self::Later(Box::pin(future))
    }
}

impl<T> From<T> for Answer<T> {
    fn from(value: T) -> Self {
        Self::Now(value)
    }
}

impl<T: fmt::Debug> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(value) => f.debug_tuple("Now").field(value).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}
