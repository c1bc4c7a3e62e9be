//! Credentials, asked for before each attempt.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::dial::{HeaderMap, HeaderName, HeaderValue};

/// What an attempt asks of the source of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CredentialsRequest {
    /// Which retry it is; 0 for the first attempt, and for the successor of a working connection.
    pub attempt: u32,
    /// Whether kept credentials will not do: they were refused, or the machine slept.
    pub refresh: bool,
    /// Which of the client's URLs they are for, from 0.
    pub endpoint: u16,
}

/// What proves who we are, for one attempt. Never shown in logs, nor by `Debug`.
#[derive(Clone, Default)]
pub struct Credentials {
    headers: Vec<(String, String)>,
}

impl Credentials {
    /// None at all.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// A bearer token (RFC 6750, section 2.1).
    #[must_use]
    pub fn bearer(token: &str) -> Self {
        Self::none().header("authorization", format!("Bearer {token}"))
    }

    /// Adds a header to the upgrade request of this attempt.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Turns them into headers of an upgrade request.
    ///
    /// # Errors
    ///
    /// A sentence that names the header which cannot be one; never its value.
    pub fn into_headers(self) -> Result<HeaderMap, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers {
            let named = HeaderName::try_from(&name)
                .map_err(|_| format!("credentials: `{name}` is not a header name"))?;
            let mut value = HeaderValue::try_from(value)
                .map_err(|_| format!("credentials: the value of `{name}` cannot be a header"))?;
            value.set_sensitive(true);
            headers.append(named, value);
        }
        Ok(headers)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Credentials").field("headers", &names).finish()
    }
}

type Ask =
    dyn Fn(CredentialsRequest) -> BoxFuture<'static, Result<Credentials, String>> + Send + Sync;

/// The application's function, contained.
#[derive(Clone)]
pub(crate) struct CredentialsSource(Arc<Ask>);

impl CredentialsSource {
    pub(crate) fn new<F, R, E>(ask: F) -> Self
    where
        F: Fn(CredentialsRequest) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Credentials, E>> + Send + 'static,
        E: fmt::Display,
    {
        Self(Arc::new(move |request| {
            let asked = ask(request);
            async move { asked.await.map_err(|error| error.to_string()) }.boxed()
        }))
    }

    /// Asks, and survives a source that panics.
    pub(crate) async fn headers(&self, request: CredentialsRequest) -> Result<HeaderMap, String> {
        let asking = AssertUnwindSafe(async { (self.0)(request).await }).catch_unwind();
        match asking.await {
            Ok(Ok(credentials)) => credentials.into_headers(),
            Ok(Err(error)) => Err(format!("the source of credentials failed: {error}")),
            Err(_) => Err("the source of credentials panicked".to_owned()),
        }
    }
}
