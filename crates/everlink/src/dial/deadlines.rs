//! How long each phase of a dial may take.

use core::ops::RangeInclusive;
use core::time::Duration;

use super::connect::TcpOptions;
use super::options::OptionsError;

/// How long each phase may take.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deadlines {
    /// Turning the name into addresses. Default: 5 s.
    pub name: Duration,
    /// From the proxy's TCP connection to the tunnel, the proxy's TLS included. Default: 10 s.
    pub proxy: Duration,
    /// The TLS hand-shake with the server. Default: 5 s.
    pub tls: Duration,
    /// The upgrade request and the whole head of its answer. Default: 10 s.
    pub upgrade: Duration,
    /// The whole dial. Default: 20 s.
    pub whole: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            name: Duration::from_secs(5),
            proxy: Duration::from_secs(10),
            tls: Duration::from_secs(5),
            upgrade: Duration::from_secs(10),
            whole: Duration::from_secs(20),
        }
    }
}

/// Range of each deadline.
pub const DEADLINE_RANGE: RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(300);
/// Range of the pause between two addresses (RFC 8305, section 5).
pub const STAGGER_RANGE: RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(2);
/// Range of the time-outs that the operating system keeps: keepalive and unacknowledged data.
pub const SYSTEM_TIMEOUT_RANGE: RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(24 * 3600);

impl Deadlines {
    /// Checks these deadlines, and the times of `tcp`, against their ranges.
    pub(super) fn check(&self, tcp: &TcpOptions) -> Result<(), OptionsError> {
        for (setting, value) in [
            ("name_timeout", self.name),
            ("proxy_timeout", self.proxy),
            ("tls_timeout", self.tls),
            ("upgrade_timeout", self.upgrade),
            ("dial_timeout", self.whole),
            ("address_timeout", tcp.address_timeout),
        ] {
            check_range(setting, value, &DEADLINE_RANGE)?;
        }
        check_range("stagger", tcp.stagger, &STAGGER_RANGE)?;
        if let Some(value) = tcp.user_timeout {
            check_range("tcp_user_timeout", value, &SYSTEM_TIMEOUT_RANGE)?;
        }
        if let Some(value) = tcp.keepalive {
            check_range("tcp_keepalive", value, &SYSTEM_TIMEOUT_RANGE)?;
        }
        Ok(())
    }
}

fn check_range(
    setting: &'static str,
    value: Duration,
    range: &RangeInclusive<Duration>,
) -> Result<(), OptionsError> {
    if range.contains(&value) {
        return Ok(());
    }
    let accepted = format!("{:?} to {:?}", range.start(), range.end());
    Err(OptionsError::new(setting, format!("{value:?}"), accepted))
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{DEADLINE_RANGE, Deadlines, STAGGER_RANGE};
    use crate::dial::connect::TcpOptions;

    #[test]
    fn the_defaults_lie_in_their_ranges() {
        assert_eq!(Deadlines::default().check(&TcpOptions::default()), Ok(()));
    }

    #[test]
    fn the_ends_of_a_range_are_accepted_and_what_lies_beyond_is_named() {
        let tls = |tls| Deadlines { tls, ..Deadlines::default() }.check(&TcpOptions::default());
        let (first, last) = (*DEADLINE_RANGE.start(), *DEADLINE_RANGE.end());
        assert_eq!((tls(first), tls(last)), (Ok(()), Ok(())));
        let nanosecond = Duration::from_nanos(1);
        let error = tls(last + nanosecond).expect_err("too long");
        assert_eq!(error.to_string(), "tls_timeout: 300.000000001s; accepted: 10ms to 300s");
        assert!(tls(first - nanosecond).is_err());
        let tcp =
            TcpOptions { stagger: *STAGGER_RANGE.end() + nanosecond, ..TcpOptions::default() };
        let error = Deadlines::default().check(&tcp).expect_err("too long");
        assert_eq!(error.setting, "stagger");
    }
}
