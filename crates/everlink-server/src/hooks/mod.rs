//! What an application decides: who may come, who may do what, and what is published.
//!
//! Implement [`Hooks`], or give closures to the [`ServerBuilder`](crate::ServerBuilder). Everything
//! has a default, and the defaults let everyone in: [`Server`](crate::Server)s for the open network
//! want at least [`Hooks::authenticate`].

mod answer;
mod closures;
mod grant;
mod user;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, header};
pub use everlink_engine::server::Code;
use everlink_wire::Message;
use everlink_wire::v1::WHY_BYTES_MAX;

pub use answer::Answer;
pub(crate) use closures::Closures;
pub use grant::{Grant, Operation, Operations, pattern_matches};
pub(crate) use user::user_suffix;
pub use user::{User, UserError};

/// The decisions of an application.
///
/// A method answers at once, or with a future ([`Answer`]). While it decides, only the connection
/// that asks waits, and it goes on answering heartbeats. A panic is contained: it counts as a refusal.
pub trait Hooks: fmt::Debug + Send + Sync + 'static {
    /// Says who a client is, or refuses it. Asked after the greeting, and again when a client that is
    /// connected brings a fresh token.
    ///
    /// Default: everyone is [`User::anonymous`] and may do everything.
    fn authenticate(&self, attempt: Attempt) -> Answer<Result<User, Refusal>> {
        drop(attempt);
        Answer::Now(Ok(User::anonymous()))
    }

    /// Says whether a user may do something in a channel. Asked once for each connection, channel
    /// and operation, and again after a fresh token.
    ///
    /// Default: what the [grants](User::with_grants) say.
    fn authorize(&self, permission: Permission) -> Answer<Result<(), Refusal>> {
        Answer::Now(permission.by_grants())
    }

    /// Decides about a message before it is stored. Messages of one connection are asked about one
    /// after the other, in their order.
    ///
    /// Default: [`Decision::Accept`].
    fn on_publish(&self, publishing: &Publishing) -> Answer<Decision> {
        let _ = publishing;
        Answer::Now(Decision::Accept)
    }

    /// Learns that a client reads a channel now. Must not block.
    fn on_attach(&self, attached: &Attached) {
        let _ = attached;
    }

    /// Learns that a client does not read a channel any more. Must not block.
    fn on_detach(&self, attached: &Attached) {
        let _ = attached;
    }
}

/// Someone who wants to come in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// The token of its greeting, or of the request where an endpoint takes one from there.
    pub token: Option<Arc<str>>,
    /// The headers of the request that opened the connection; empty when a connected client brings
    /// a fresh token.
    pub headers: HeaderMap,
    /// From where it comes, where the application serves with
    /// `into_make_service_with_connect_info::<SocketAddr>()`.
    pub peer: Option<SocketAddr>,
    /// The path and query of the request.
    pub target: Arc<str>,
    /// How the client names itself.
    pub client: Arc<str>,
}

/// A question: may this user do that there?
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Permission {
    /// Who asks.
    pub user: Arc<User>,
    /// Where.
    pub channel: Arc<str>,
    /// What.
    pub operation: Operation,
}

impl Permission {
    /// Answers by the user's grants.
    ///
    /// # Errors
    ///
    /// [`Code::Forbidden`] when no grant allows it.
    pub fn by_grants(&self) -> Result<(), Refusal> {
        if self.user.may(&self.channel, self.operation) {
            return Ok(());
        }
        let Self { channel, operation, .. } = self;
        Err(Refusal::new(Code::Forbidden, format!("no grant allows to {operation} in {channel:?}")))
    }
}

/// A message that is about to be stored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Publishing {
    /// Who publishes.
    pub user: Arc<User>,
    /// Where.
    pub channel: Arc<str>,
    /// What.
    pub payload: Message,
}

/// What becomes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is stored as it is.
    Accept,
    /// This is stored in its place.
    Replace(Message),
    /// It fails for good, and its sender is told.
    Refuse(Refusal),
}

/// A client that reads a channel.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attached {
    /// Who.
    pub user: Arc<User>,
    /// How the client names itself.
    pub client: Arc<str>,
    /// What it reads.
    pub channel: Arc<str>,
}

/// Returns the token of `Authorization: Bearer` (RFC 6750, section 2.1).
pub(crate) fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Returns the token that a request shows.
pub(crate) fn bearer_of(headers: &HeaderMap) -> Option<&str> {
    bearer_token(headers.get(header::AUTHORIZATION)?.to_str().ok()?)
}

/// Why something is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// Why, as a number that clients know what to do about: [`Code::Unauthorized`] makes them ask for
    /// fresh credentials, [`Code::TooFast`] come back slowly, [`Code::Forbidden`] is for one channel
    /// or message.
    pub code: Code,
    /// Why, in words, for whoever develops the client. At most 256 bytes of it are told.
    pub why: Arc<str>,
    /// When to try again, where that helps.
    pub retry: Option<Duration>,
}

impl Refusal {
    /// Makes a refusal.
    #[must_use]
    pub fn new(code: Code, why: impl Into<Arc<str>>) -> Self {
        let why: Arc<str> = why.into();
        if why.len() <= WHY_BYTES_MAX {
            return Self { code, why, retry: None };
        }
        let why = &why[..why.floor_char_boundary(WHY_BYTES_MAX)];
        Self { code, why: why.into(), retry: None }
    }

    /// Says when to try again.
    #[must_use]
    pub const fn with_retry(mut self, after: Duration) -> Self {
        self.retry = Some(after);
        self
    }

    /// The answer of a hook that panicked.
    pub(crate) fn panicked(hook: &'static str) -> Self {
        tracing::error!(hook, "a hook of the application panicked");
        Self::new(Code::Internal, format!("the server failed in {hook}"))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.why, self.code.number())
    }
}

impl std::error::Error for Refusal {}
