//! Credentials, asked for before each attempt.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use everlink_wire::v1::TOKEN_BYTES_MAX;
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
    token: Option<String>,
    auth: Option<serde_json::Value>,
    lasts: Option<Duration>,
}

impl Credentials {
    /// None at all.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// A bearer token (RFC 6750, section 2.1). To a server that speaks `everlink.v1` it is shown in
    /// the greeting, to a Socket.IO server as `auth.token`, to any other in the upgrade request; never in a URL.
    #[must_use]
    pub fn bearer(token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..Self::none() }
    }

    /// What a Socket.IO server is shown when it is asked to let us in (`auth` in other clients): an
    /// object. A [`bearer`](Self::bearer) token stands in it as `token`, unless it has one of its own.
    #[must_use]
    pub fn auth(mut self, auth: impl Into<serde_json::Value>) -> Self {
        self.auth = Some(auth.into());
        self
    }

    /// Says how long they last from now. A connection of `everlink.v1` asks for fresh ones after four
    /// fifths of that time, and shows them without a break. A token that is a JWT says so itself, by
    /// its claim `exp`. Default: unknown, until the server says it.
    #[must_use]
    pub fn expires_in(mut self, lasts: Duration) -> Self {
        self.lasts = Some(lasts);
        self
    }

    /// Returns how long they last from now, if that is known.
    pub(crate) fn lasts(&self) -> Option<Duration> {
        self.lasts.or_else(|| {
            let end =
                UNIX_EPOCH.checked_add(Duration::from_secs(jwt_end(self.token.as_deref()?)?))?;
            Some(end.duration_since(SystemTime::now()).unwrap_or_default())
        })
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
        self.into_parts(false).map(|(headers, _)| headers)
    }

    /// Turns them into headers, and what a Socket.IO server is shown: an object in JSON.
    pub(crate) fn into_socket_auth(mut self) -> Result<(HeaderMap, Option<String>), String> {
        let (token, auth) = (self.token.take(), self.auth.take());
        let mut object = match auth {
            None => serde_json::Map::new(),
            Some(serde_json::Value::Object(object)) => object,
            Some(_) => return Err("credentials: `auth` is no object; accepted: one".to_owned()),
        };
        if let Some(token) = token {
            object.entry("token").or_insert(token.into());
        }
        let (headers, _) = self.into_parts(false)?;
        let auth = serde_json::Value::from(object);
        Ok((headers, (auth != serde_json::json!({})).then(|| auth.to_string())))
    }

    /// Turns them into headers, and the token apart if the dialect greets.
    pub(crate) fn into_parts(
        mut self,
        greets: bool,
    ) -> Result<(HeaderMap, Option<String>), String> {
        let token = self.token.take();
        if let Some(token) = token.as_deref().filter(|token| greets && !is_token(token)) {
            return Err(format!(
                "credentials: a token of {} bytes; accepted: 1 to {TOKEN_BYTES_MAX} (everlink.v1)",
                token.len()
            ));
        }
        let (token, bearer) = if greets { (token, None) } else { (None, token) };
        let bearer = bearer.map(|token| ("authorization".to_owned(), format!("Bearer {token}")));
        let mut headers = HeaderMap::new();
        for (name, value) in bearer.into_iter().chain(self.headers) {
            let named = HeaderName::try_from(&name)
                .map_err(|_| format!("credentials: `{name}` is not a header name"))?;
            let mut value = HeaderValue::try_from(value)
                .map_err(|_| format!("credentials: the value of `{name}` cannot be a header"))?;
            value.set_sensitive(true);
            headers.append(named, value);
        }
        Ok((headers, token))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Credentials")
            .field("headers", &names)
            .field("has_token", &self.token.is_some())
            .field("has_auth", &self.auth.is_some())
            .finish()
    }
}

/// Returns when a JWT ends, in seconds since 1970 (RFC 7519, section 4.1.4); nothing is verified:
/// that is the server's part.
fn is_token(token: &str) -> bool {
    (1..=TOKEN_BYTES_MAX).contains(&token.len())
}

fn jwt_end(token: &str) -> Option<u64> {
    #[derive(serde::Deserialize)]
    struct Claims {
        exp: f64,
    }
    let claims = token.split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let Claims { exp } = serde_json::from_slice(&claims).ok()?;
    (exp.is_finite() && exp >= 0.0).then_some(exp as u64)
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
    pub(crate) async fn ask(&self, request: CredentialsRequest) -> Result<Credentials, String> {
        let asking = AssertUnwindSafe(async { (self.0)(request).await }).catch_unwind();
        match asking.await {
            Ok(Ok(credentials)) => Ok(credentials),
            Ok(Err(error)) => Err(format!("the source of credentials failed: {error}")),
            Err(_) => Err("the source of credentials panicked".to_owned()),
        }
    }
}
