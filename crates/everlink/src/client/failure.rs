//! Why a connection failed, for people.

use std::fmt;
use std::sync::Arc;

use everlink_engine::{Cause, Failure, FailureClass};

/// Why an attempt failed or the connection was lost.
///
/// The text names addresses, statuses and close codes, and never a header, a query or a payload.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectionError {
    failure: Failure,
    detail: Option<Arc<str>>,
}

impl ConnectionError {
    pub(crate) fn new(failure: Failure, detail: Option<Arc<str>>) -> Self {
        Self { failure, detail }
    }

    /// Returns why, as the engine decides on it.
    #[must_use]
    pub fn cause(&self) -> Cause {
        self.failure.cause
    }

    /// Returns the family of the cause.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        self.failure.cause.class()
    }

    /// Returns the cause and the server's wish, if it had one.
    #[must_use]
    pub fn failure(&self) -> Failure {
        self.failure
    }
}

impl std::error::Error for ConnectionError {}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Some(detail) => f.write_str(detail),
            None => write_cause(f, self.failure.cause),
        }
    }
}

impl fmt::Debug for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectionError({:?}: {self})", self.failure.cause)
    }
}

fn write_cause(f: &mut fmt::Formatter<'_>, cause: Cause) -> fmt::Result {
    f.write_str(sentence(cause))?;
    if let Cause::ProxyRefused(code)
    | Cause::HttpStatus(code)
    | Cause::Redirected(code)
    | Cause::Closed(code) = cause
    {
        write!(f, " ({code})")?;
    }
    Ok(())
}

const fn sentence(cause: Cause) -> &'static str {
    match cause {
        Cause::NameNotFound => "the name does not exist",
        Cause::NameLookupFailed => "the name could not be looked up",
        Cause::NameLookupTimedOut => "looking the name up took too long",
        Cause::Refused => "every address refused the connection",
        Cause::Unreachable => "no address can be reached",
        Cause::ConnectTimedOut => "no address answered in time",
        Cause::Reset => "the connection was reset",
        Cause::ProxyUnreachable => "the proxy could not be reached",
        Cause::ProxyRefused(_) => "the proxy refused",
        Cause::TlsTimedOut => "the TLS hand-shake took too long",
        Cause::TlsFailed => "the TLS hand-shake failed",
        Cause::CertificateInvalid => "the certificate is not trusted or for another name",
        Cause::CertificateExpired => "the certificate is expired or not yet valid",
        Cause::UpgradeTimedOut => "the upgrade was not answered in time",
        Cause::UpgradeMalformed => "the answer to the upgrade is not understood",
        Cause::HttpStatus(_) => "the upgrade was refused",
        Cause::Redirected(_) => "the upgrade was redirected",
        Cause::CaptivePortal => "something between answered; the network may want a log-in",
        Cause::AcceptMismatch => "the answer to the upgrade does not fit the request",
        Cause::SubprotocolMismatch => "the server chose a subprotocol that was not offered",
        Cause::ExtensionMismatch => "the server chose an extension that was not offered",
        Cause::DialTimedOut => "the attempt took longer than `connect_timeout`",
        Cause::GreetingTimedOut => "the greeting did not come in time",
        Cause::CredentialsUnavailable => "the source of credentials failed",
        Cause::HeartbeatTimedOut => "a heartbeat was not answered in time",
        Cause::Stale => "no data came for `stale_after`",
        Cause::WriteTimedOut => "nothing could be written for `write_timeout`",
        Cause::Closed(_) => "the peer closed",
        Cause::EndedAbruptly => "the stream ended without a close frame",
        Cause::PeerProtocolError => "the peer broke the WebSocket protocol",
        Cause::PeerDataInvalid => "the peer sent invalid data",
        Cause::PeerMessageTooBig => "the peer sent a message above the limit",
        Cause::Local => "a local error",
        Cause::ForcedByUser => "the application asked for a new connection",
        Cause::ForcedBySupervisor => "the second level asked for a new connection",
        Cause::Replaced => "a successor took over",
    }
}
