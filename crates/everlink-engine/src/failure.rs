//! Why a transport failed, and what to do about it: one table, from cause to verdict.

use core::time::Duration;

/// Why an attempt failed or an open transport was lost.
///
/// Drivers report one of these with every failed dial and every lost transport. The text that
/// people read (an address, a TLS alert) stays with the driver; the engine decides on this alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// The resolver said that the name does not exist.
    NameNotFound,
    /// The resolver failed or could not be asked.
    NameLookupFailed,
    /// The resolver did not answer within its deadline.
    NameLookupTimedOut,
    /// Every address refused the connection.
    Refused,
    /// No route to any address.
    Unreachable,
    /// No address answered the SYN within its deadline.
    ConnectTimedOut,
    /// The peer, or something between, reset the connection.
    Reset,
    /// The proxy could not be reached.
    ProxyUnreachable,
    /// The proxy answered with this status (HTTP) or reply code (SOCKS5) instead of a tunnel.
    ProxyRefused(u16),
    /// The TLS hand-shake did not finish within its deadline.
    TlsTimedOut,
    /// The TLS hand-shake failed for another reason than the certificate.
    TlsFailed,
    /// The certificate does not match the name, or its chain is not trusted.
    CertificateInvalid,
    /// The certificate is expired or not yet valid; a wrong clock here looks the same.
    CertificateExpired,
    /// The HTTP upgrade was not answered in full within its deadline.
    UpgradeTimedOut,
    /// The answer to the upgrade has more header bytes than allowed, or is not HTTP.
    UpgradeMalformed,
    /// The upgrade was answered with this HTTP status.
    HttpStatus(u16),
    /// The upgrade was answered with a redirect, which is never followed.
    Redirected(u16),
    /// The upgrade was answered by something that is not the server, such as a captive portal.
    CaptivePortal,
    /// `Sec-WebSocket-Accept` is missing or wrong (RFC 6455, section 4.1).
    AcceptMismatch,
    /// The server chose a subprotocol that was not offered, or none where one is required.
    SubprotocolMismatch,
    /// The server chose an extension or a parameter that was not offered.
    ExtensionMismatch,
    /// The whole attempt did not finish within `connect_timeout`.
    DialTimedOut,
    /// The transport opened, but the greeting that the dialect requires did not come.
    GreetingTimedOut,
    /// The credentials source failed.
    CredentialsUnavailable,
    /// A heartbeat was not answered in time.
    HeartbeatTimedOut,
    /// Heartbeats were answered, but no data came for `stale_after`.
    Stale,
    /// Nothing could be written for `write_timeout`.
    WriteTimedOut,
    /// The peer closed with this code (RFC 6455, section 7.4); 1005 when it gave none.
    Closed(u16),
    /// The stream ended without a close frame (1006 in RFC 6455, section 7.1.5).
    EndedAbruptly,
    /// The peer broke the protocol; we closed with 1002.
    PeerProtocolError,
    /// The peer sent data that is not what it claims to be, such as bad UTF-8; we closed with 1007.
    PeerDataInvalid,
    /// The peer sent a message above the limit; we closed with 1009.
    PeerMessageTooBig,
    /// A local error: out of sockets, permission denied.
    Local,
    /// The application asked for a new connection.
    ForcedByUser,
    /// The supervisor replaced the connection.
    ForcedBySupervisor,
    /// The successor of a planned move took over.
    Replaced,
}

/// A failed attempt or a lost transport: its cause and what the server asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Failure {
    /// Why.
    pub cause: Cause,
    /// How long the server asked us to stay away (`Retry-After`, a drain slot), before clamping.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// Makes a failure without a hint from the server.
    #[must_use]
    pub const fn new(cause: Cause) -> Self {
        Self { cause, retry_after: None }
    }

    /// Adds what the server asked for.
    #[must_use]
    pub const fn with_retry_after(mut self, retry_after: Duration) -> Self {
        self.retry_after = Some(retry_after);
        self
    }
}

impl From<Cause> for Failure {
    fn from(cause: Cause) -> Self {
        Self::new(cause)
    }
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Try again with the configured back-off.
    Retry,
    /// Try again on the slow ladder (`slow_min` doubling to `slow_max`), next URL first.
    RetrySlowly,
    /// As [`Verdict::RetrySlowly`] once a connection has ever stood; before that, give up after
    /// each URL was tried: the address is probably wrong.
    RetrySlowlyOnceProven,
    /// Ask the credentials source once and try again at once; without a source, or when the fresh
    /// credentials fail too, give up (or retry slowly, if `unauthorized_retries`).
    RefreshCredentials,
    /// Try again, but give up at the third such failure since the connection was last stable.
    RetryThrice,
    /// Give up: trying again cannot help.
    GiveUp,
}

/// The families of causes by which metrics and users tell failures apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureClass {
    /// Name resolution.
    Dns,
    /// TCP: refused, unreachable, reset, timed out.
    Network,
    /// A proxy between.
    Proxy,
    /// TLS and certificates.
    Tls,
    /// The HTTP answer to the upgrade.
    Http,
    /// Credentials missing, refused or unavailable.
    Unauthorized,
    /// The endpoint is not a WebSocket endpoint for us.
    EndpointRejected,
    /// The network wants a log-in first.
    CaptivePortal,
    /// Silence: heartbeat, staleness, a stalled write or greeting.
    Silence,
    /// Closed by the peer in an orderly way.
    Closed,
    /// The peer broke the protocol, or says that we did.
    Protocol,
    /// Something on this side.
    Local,
    /// Done on purpose.
    Forced,
}

impl Cause {
    /// Returns the family that metrics and users see.
    #[must_use]
    pub const fn class(self) -> FailureClass {
        match self {
            Self::NameNotFound | Self::NameLookupFailed | Self::NameLookupTimedOut => {
                FailureClass::Dns
            }
            Self::Refused
            | Self::Unreachable
            | Self::ConnectTimedOut
            | Self::Reset
            | Self::DialTimedOut
            | Self::EndedAbruptly => FailureClass::Network,
            Self::ProxyUnreachable | Self::ProxyRefused(_) => FailureClass::Proxy,
            Self::TlsTimedOut
            | Self::TlsFailed
            | Self::CertificateInvalid
            | Self::CertificateExpired => FailureClass::Tls,
            Self::HttpStatus(401 | 403)
            | Self::Closed(4100..=4199)
            | Self::CredentialsUnavailable => FailureClass::Unauthorized,
            Self::HttpStatus(400 | 404 | 405 | 410 | 426)
            | Self::AcceptMismatch
            | Self::SubprotocolMismatch
            | Self::ExtensionMismatch => FailureClass::EndpointRejected,
            Self::HttpStatus(_) | Self::UpgradeTimedOut | Self::UpgradeMalformed => {
                FailureClass::Http
            }
            Self::Redirected(_) | Self::CaptivePortal => FailureClass::CaptivePortal,
            Self::GreetingTimedOut
            | Self::HeartbeatTimedOut
            | Self::Stale
            | Self::WriteTimedOut => FailureClass::Silence,
            Self::Closed(1002 | 1003 | 1007 | 1008 | 1009 | 1010)
            | Self::PeerProtocolError
            | Self::PeerDataInvalid
            | Self::PeerMessageTooBig => FailureClass::Protocol,
            Self::Closed(_) => FailureClass::Closed,
            Self::Local => FailureClass::Local,
            Self::ForcedByUser | Self::ForcedBySupervisor | Self::Replaced => FailureClass::Forced,
        }
    }
}

/// A range of causes that share a verdict: one row of the documented table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which causes.
    pub causes: Causes,
    /// What to do.
    pub verdict: Verdict,
    /// Why, in one sentence, for the documentation.
    pub why: &'static str,
}

/// The causes that a [`Rule`] covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Causes {
    /// Exactly this cause, number included.
    One(Cause),
    /// HTTP statuses from the first to the last, both included.
    HttpStatuses(u16, u16),
    /// Close codes from the first to the last, both included.
    CloseCodes(u16, u16),
    /// A proxy's refusals, by HTTP status or SOCKS5 reply, from the first to the last, both included.
    ProxyRefusals(u16, u16),
    /// A redirect, whatever its status.
    Redirects,
}

impl Causes {
    /// Returns whether `cause` is one of these.
    #[must_use]
    pub fn contain(self, cause: Cause) -> bool {
        match self {
            Self::One(one) => one == cause,
            Self::HttpStatuses(first, last) => {
                matches!(cause, Cause::HttpStatus(status) if (first..=last).contains(&status))
            }
            Self::CloseCodes(first, last) => {
                matches!(cause, Cause::Closed(code) if (first..=last).contains(&code))
            }
            Self::ProxyRefusals(first, last) => {
                matches!(cause, Cause::ProxyRefused(code) if (first..=last).contains(&code))
            }
            Self::Redirects => matches!(cause, Cause::Redirected(_)),
        }
    }
}

/// Returns what to do after `cause`: the first of `overrides` that covers it, else [`TABLE`]'s.
///
/// A cause that no row covers is retried: giving up wrongly strands a user, retrying costs little.
#[must_use]
pub fn verdict(cause: Cause, overrides: &[(Causes, Verdict)]) -> Verdict {
    let overridden = overrides.iter().find(|(causes, _)| causes.contain(cause));
    if let Some((_, verdict)) = overridden {
        return *verdict;
    }
    let row = VERDICTS.iter().find(|(causes, _)| causes.contain(cause));
    row.map_or(Verdict::Retry, |(_, verdict)| *verdict)
}

/// [`TABLE`] without its words: a program that shows no documentation does not carry them.
static VERDICTS: [(Causes, Verdict); TABLE.len()] = {
    let mut rows = [(Causes::Redirects, Verdict::Retry); TABLE.len()];
    let mut row = 0;
    while row < rows.len() {
        rows[row] = (TABLE[row].causes, TABLE[row].verdict);
        row += 1;
    }
    rows
};

const fn rule(causes: Causes, verdict: Verdict, why: &'static str) -> Rule {
    Rule { causes, verdict, why }
}

/// From cause to verdict; the first row that covers a cause decides, and what no row covers is
/// [`Verdict::Retry`].
///
/// Close codes are those of RFC 6455, section 7.4.1, and of `everlink.v1`.
pub const TABLE: &[Rule] = &[
    rule(
        Causes::HttpStatuses(401, 401),
        Verdict::RefreshCredentials,
        "credentials may have expired",
    ),
    rule(
        Causes::HttpStatuses(403, 403),
        Verdict::RefreshCredentials,
        "credentials may have expired",
    ),
    rule(
        Causes::HttpStatuses(429, 429),
        Verdict::RetrySlowly,
        "the server asks for fewer requests",
    ),
    rule(Causes::HttpStatuses(408, 408), Verdict::Retry, "the server gave up waiting, not we"),
    rule(Causes::HttpStatuses(425, 425), Verdict::Retry, "too early: later is right"),
    rule(Causes::HttpStatuses(400, 499), Verdict::RetrySlowlyOnceProven, "the endpoint refuses us"),
    rule(Causes::HttpStatuses(500, 599), Verdict::Retry, "the server is unwell"),
    rule(Causes::HttpStatuses(100, 399), Verdict::RetrySlowly, "not a WebSocket answer"),
    rule(
        Causes::Redirects,
        Verdict::RetrySlowly,
        "a redirect is not followed; a portal may be in the way",
    ),
    rule(
        Causes::One(Cause::CaptivePortal),
        Verdict::RetrySlowly,
        "the network wants a log-in first",
    ),
    rule(
        Causes::ProxyRefusals(2, 2),
        Verdict::RetrySlowly,
        "the proxy's rules forbid it (RFC 1928, section 6)",
    ),
    rule(
        Causes::ProxyRefusals(1, 8),
        Verdict::Retry,
        "the proxy cannot reach the server, which may be restarting",
    ),
    rule(
        Causes::ProxyRefusals(500, 599),
        Verdict::Retry,
        "the proxy cannot reach the server, which may be restarting",
    ),
    rule(
        Causes::ProxyRefusals(0, u16::MAX),
        Verdict::RetrySlowly,
        "a proxy's policy rarely changes at once",
    ),
    rule(
        Causes::One(Cause::CertificateInvalid),
        Verdict::RetrySlowly,
        "needs an operator; never a downgrade",
    ),
    rule(
        Causes::One(Cause::CertificateExpired),
        Verdict::RetrySlowly,
        "needs an operator, or a right clock",
    ),
    rule(
        Causes::One(Cause::AcceptMismatch),
        Verdict::RetryThrice,
        "the other side is not a WebSocket server",
    ),
    rule(
        Causes::One(Cause::SubprotocolMismatch),
        Verdict::GiveUp,
        "the server does not speak our subprotocol",
    ),
    rule(
        Causes::One(Cause::ExtensionMismatch),
        Verdict::RetryThrice,
        "the server negotiates wrongly",
    ),
    rule(
        Causes::One(Cause::UpgradeMalformed),
        Verdict::RetrySlowly,
        "the answer is not HTTP, or endless",
    ),
    rule(
        Causes::One(Cause::PeerProtocolError),
        Verdict::RetryThrice,
        "a fresh parser may help; the third time it will not",
    ),
    rule(
        Causes::One(Cause::PeerDataInvalid),
        Verdict::RetryThrice,
        "a fresh parser may help; the third time it will not",
    ),
    rule(
        Causes::One(Cause::PeerMessageTooBig),
        Verdict::RetryThrice,
        "the server will send the same again",
    ),
    rule(Causes::CloseCodes(1000, 1001), Verdict::Retry, "without a `bye` the session is not over"),
    rule(
        Causes::CloseCodes(1002, 1003),
        Verdict::RetryThrice,
        "the server says that we break the protocol",
    ),
    rule(Causes::CloseCodes(1005, 1006), Verdict::Retry, "no reason given"),
    rule(
        Causes::CloseCodes(1007, 1007),
        Verdict::RetryThrice,
        "the server says that our data is invalid",
    ),
    rule(Causes::CloseCodes(1008, 1008), Verdict::GiveUp, "policy violation"),
    rule(
        Causes::CloseCodes(1009, 1009),
        Verdict::RetryThrice,
        "a message of ours is too big: it fails, the rest goes on",
    ),
    rule(Causes::CloseCodes(1010, 1010), Verdict::GiveUp, "a required extension is missing"),
    rule(Causes::CloseCodes(1011, 1012), Verdict::Retry, "server error or restart"),
    rule(Causes::CloseCodes(1013, 1013), Verdict::RetrySlowly, "the server is overloaded"),
    rule(Causes::CloseCodes(1014, 1014), Verdict::Retry, "a gateway's upstream failed"),
    rule(
        Causes::CloseCodes(4100, 4199),
        Verdict::RefreshCredentials,
        "credentials refused or expired",
    ),
    rule(Causes::CloseCodes(4300, 4399), Verdict::RetrySlowly, "the server asks us to slow down"),
    rule(
        Causes::CloseCodes(4400, 4499),
        Verdict::RetryThrice,
        "the server says that a frame of ours is wrong",
    ),
    rule(Causes::CloseCodes(4500, 4599), Verdict::GiveUp, "the server refuses us for good"),
];

#[cfg(test)]
mod tests {
    use super::{Cause, Causes, Verdict, verdict};

    #[test]
    fn req_x10_network_trouble_is_retried_and_refusal_is_not() {
        let cases = [
            (Cause::NameNotFound, Verdict::Retry),
            (Cause::TlsTimedOut, Verdict::Retry),
            (Cause::HttpStatus(503), Verdict::Retry),
            (Cause::HttpStatus(429), Verdict::RetrySlowly),
            (Cause::EndedAbruptly, Verdict::Retry),
            (Cause::Closed(1001), Verdict::Retry),
            (Cause::Closed(1012), Verdict::Retry),
            (Cause::Closed(1013), Verdict::RetrySlowly),
            (Cause::HttpStatus(401), Verdict::RefreshCredentials),
            (Cause::HttpStatus(403), Verdict::RefreshCredentials),
            (Cause::HttpStatus(404), Verdict::RetrySlowlyOnceProven),
            (Cause::Closed(1002), Verdict::RetryThrice),
            (Cause::Closed(1008), Verdict::GiveUp),
            (Cause::ProxyRefused(503), Verdict::Retry),
            (Cause::ProxyRefused(5), Verdict::Retry),
            (Cause::ProxyRefused(2), Verdict::RetrySlowly),
            (Cause::ProxyRefused(407), Verdict::RetrySlowly),
            (Cause::SubprotocolMismatch, Verdict::GiveUp),
        ];
        for (cause, expected) in cases {
            assert_eq!(verdict(cause, &[]), expected, "{cause:?}");
        }
    }

    #[test]
    fn req_x10_the_table_can_be_overridden() {
        let overrides = [(Causes::CloseCodes(1008, 1008), Verdict::Retry)];
        assert_eq!(verdict(Cause::Closed(1008), &overrides), Verdict::Retry);
        assert_eq!(verdict(Cause::Closed(1010), &overrides), Verdict::GiveUp);
    }
}
