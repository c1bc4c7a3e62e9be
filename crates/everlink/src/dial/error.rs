//! Why a dial failed: for the engine a cause, for people a sentence.

use core::fmt;
use std::io;
use std::time::{Duration, SystemTime};

use everlink_engine::{Cause, Failure};

use super::retry_after;

/// The steps of one attempt, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Turning the name into addresses.
    Name,
    /// TCP, to the server or to the proxy.
    Connect,
    /// Asking the proxy for a tunnel; all that concerns the proxy's own name, address and TLS too.
    Proxy,
    /// The TLS hand-shake with the server.
    Tls,
    /// The HTTP request that turns the connection into a WebSocket.
    Upgrade,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::Connect => "connect",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::Upgrade => "upgrade",
        })
    }
}

/// What a person may want to check after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hint {
    /// A certificate is expired or not yet valid: the clock of this machine may be wrong.
    ClockSkew,
    /// Something between answered for the server: the network may want a log-in first.
    CaptivePortal,
    /// The other side does not speak TLS: perhaps the scheme should be `ws`, or the port another.
    NotTls,
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClockSkew => "check the clock of this machine",
            Self::CaptivePortal => "the network may want a log-in first",
            Self::NotTls => "the other side does not speak TLS; check scheme and port",
        })
    }
}

/// What an HTTP answer other than the expected one said.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// `Retry-After` as it came, cut at [`RAW_VALUE_BYTES_MAX`].
    pub retry_after: Option<String>,
    /// `Content-Type` as it came, cut at [`RAW_VALUE_BYTES_MAX`].
    pub content_type: Option<String>,
    /// Scheme, host and port of `Location`; its path is left out because it may carry secrets.
    pub location: Option<String>,
}

/// Longest [`DialError::detail`], in bytes, before the name of a proxy is put in front.
pub const DETAIL_BYTES_MAX: usize = 2048;

/// Longest part of a header value that [`HttpAnswer`] keeps, in bytes.
pub const RAW_VALUE_BYTES_MAX: usize = 128;

/// A failed attempt to open a WebSocket.
///
/// The text names addresses, statuses and TLS alerts, and never a header value, a query or a
/// password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{phase}: {detail}")]
#[non_exhaustive]
pub struct DialError {
    /// What the engine decides on.
    pub failure: Failure,
    /// The step that failed.
    pub phase: Phase,
    /// What happened, for people.
    pub detail: String,
    /// What to check.
    pub hint: Option<Hint>,
    /// The answer of the server or the proxy, when there was one.
    pub http: Option<Box<HttpAnswer>>,
}

impl DialError {
    pub(super) fn new(cause: Cause, phase: Phase, detail: impl Into<String>) -> Self {
        Self {
            failure: Failure::new(cause),
            phase,
            detail: shortened(detail.into()),
            hint: None,
            http: None,
        }
    }

    pub(super) fn timed_out(cause: Cause, phase: Phase, what: &str, limit: Duration) -> Self {
        Self::new(cause, phase, format!("{what} took longer than {limit:?}"))
    }

    /// Classifies an I/O error of an established connection.
    pub(super) fn io(phase: Phase, what: &str, error: &io::Error) -> Self {
        let mut cause = io_cause(error);
        if cause == Cause::ConnectTimedOut {
            // The system gave up on data that stayed unacknowledged.
            cause = Cause::Reset;
        }
        Self::new(cause, phase, format!("{what}: {error}"))
    }

    pub(super) fn with_hint(mut self, hint: Hint) -> Self {
        self.hint = Some(hint);
        self
    }

    /// Adds the answer, and what it says about coming back (RFC 9110, section 10.2.3).
    pub(super) fn with_http(mut self, answer: HttpAnswer) -> Self {
        let raw = answer.retry_after.as_deref();
        self.failure.retry_after = raw.and_then(|raw| retry_after::parse(raw, SystemTime::now()));
        self.http = Some(Box::new(answer));
        self
    }

    /// Says that this went wrong on the way to, or at, the proxy, not the server.
    pub(super) fn at_proxy(mut self, proxy: &dyn fmt::Display) -> Self {
        self.detail = format!("proxy {proxy}: {}", self.detail);
        self.phase = Phase::Proxy;
        let keeps = matches!(
            self.failure.cause,
            Cause::Local
                | Cause::DialTimedOut
                | Cause::CertificateInvalid
                | Cause::CertificateExpired
        );
        if !keeps {
            self.failure.cause = Cause::ProxyUnreachable;
        }
        self
    }
}

/// Cuts a text that quotes the other side at [`DETAIL_BYTES_MAX`].
fn shortened(mut text: String) -> String {
    if text.len() > DETAIL_BYTES_MAX {
        let end = text.floor_char_boundary(DETAIL_BYTES_MAX - '…'.len_utf8());
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Returns the cause that an I/O error stands for.
#[expect(clippy::wildcard_enum_match_arm, reason = "the kinds of errors are not a closed set")]
pub(super) fn io_cause(error: &io::Error) -> Cause {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionRefused => Cause::Refused,
        Kind::NetworkUnreachable | Kind::HostUnreachable | Kind::NetworkDown => Cause::Unreachable,
        Kind::TimedOut => Cause::ConnectTimedOut,
        Kind::ConnectionReset
        | Kind::ConnectionAborted
        | Kind::BrokenPipe
        | Kind::NotConnected
        | Kind::WriteZero
        | Kind::UnexpectedEof => Cause::Reset,
        _ => Cause::Local,
    }
}

#[cfg(test)]
mod tests {
    use everlink_engine::Cause;

    use super::{DETAIL_BYTES_MAX, DialError, Phase};

    #[test]
    fn a_text_that_quotes_much_is_cut_between_characters() {
        for (bytes, kept) in [(DETAIL_BYTES_MAX, true), (DETAIL_BYTES_MAX + 1, false)] {
            let text = "ä".repeat(bytes / 2) + &"x".repeat(bytes % 2);
            let error = DialError::new(Cause::Reset, Phase::Upgrade, text.clone());
            assert_eq!(error.detail == text, kept);
            assert!(error.detail.len() <= DETAIL_BYTES_MAX);
            assert_eq!(error.detail.ends_with('…'), !kept);
        }
    }
}
