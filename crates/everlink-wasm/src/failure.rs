//! Failures in words.

use core::time::Duration;

use everlink_engine::{Cause, Causes, Failure, Verdict};

use crate::words::{record, union, word};

union!(put take: Cause {
    NameNotFound [Cause::NameNotFound] {}
    NameLookupFailed [Cause::NameLookupFailed] {}
    NameLookupTimedOut [Cause::NameLookupTimedOut] {}
    Refused [Cause::Refused] {}
    Unreachable [Cause::Unreachable] {}
    ConnectTimedOut [Cause::ConnectTimedOut] {}
    Reset [Cause::Reset] {}
    ProxyUnreachable [Cause::ProxyUnreachable] {}
    ProxyRefused [Cause::ProxyRefused(code)] { code: u16 }
    TlsTimedOut [Cause::TlsTimedOut] {}
    TlsFailed [Cause::TlsFailed] {}
    CertificateInvalid [Cause::CertificateInvalid] {}
    CertificateExpired [Cause::CertificateExpired] {}
    UpgradeTimedOut [Cause::UpgradeTimedOut] {}
    UpgradeMalformed [Cause::UpgradeMalformed] {}
    HttpStatus [Cause::HttpStatus(code)] { code: u16 }
    Redirected [Cause::Redirected(code)] { code: u16 }
    CaptivePortal [Cause::CaptivePortal] {}
    AcceptMismatch [Cause::AcceptMismatch] {}
    SubprotocolMismatch [Cause::SubprotocolMismatch] {}
    ExtensionMismatch [Cause::ExtensionMismatch] {}
    DialTimedOut [Cause::DialTimedOut] {}
    GreetingTimedOut [Cause::GreetingTimedOut] {}
    CredentialsUnavailable [Cause::CredentialsUnavailable] {}
    HeartbeatTimedOut [Cause::HeartbeatTimedOut] {}
    Stale [Cause::Stale] {}
    WriteTimedOut [Cause::WriteTimedOut] {}
    Closed [Cause::Closed(code)] { code: u16 }
    EndedAbruptly [Cause::EndedAbruptly] {}
    PeerProtocolError [Cause::PeerProtocolError] {}
    PeerDataInvalid [Cause::PeerDataInvalid] {}
    PeerMessageTooBig [Cause::PeerMessageTooBig] {}
    Local [Cause::Local] {}
    ForcedByUser [Cause::ForcedByUser] {}
    ForcedBySupervisor [Cause::ForcedBySupervisor] {}
    Replaced [Cause::Replaced] {}
});

record!(put take: Failure { cause: Cause, retry_after: Option<Duration> });

word!(take: Verdict {
    Retry, RetrySlowly, RetrySlowlyOnceProven, RefreshCredentials, RetryThrice, GiveUp
});

union!(take: Causes {
    One [Causes::One(cause)] { cause: Cause }
    HttpStatuses [Causes::HttpStatuses(first, last)] { first: u16, last: u16 }
    CloseCodes [Causes::CloseCodes(first, last)] { first: u16, last: u16 }
    ProxyRefusals [Causes::ProxyRefusals(first, last)] { first: u16, last: u16 }
    Redirects [Causes::Redirects] {}
});
