//! `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.

use std::time::{Duration, SystemTime};

/// Returns how long the value asks to wait from `now`, or `None` when it is neither form.
///
/// A date that has passed asks for no wait. Seconds beyond 64 bits count as the most that a
/// [`Duration`] of whole seconds can say: what is too long is the engine's to clamp.
pub(super) fn parse(raw: &str, now: SystemTime) -> Option<Duration> {
    let raw = raw.trim();
    if raw.is_empty() {
        return None;
    }
    if raw.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(raw.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(raw).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use super::parse;

    const TEN_YEARS: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

    fn check(raw: &str, expected: Option<Duration>) {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(parse(raw, now), expected, "{raw:?}");
    }

    #[test]
    fn fault_09_retry_after_in_seconds_is_read() {
        check("0", Some(Duration::ZERO));
        check("120", Some(Duration::from_secs(120)));
        check(" 7 ", Some(Duration::from_secs(7)));
    }

    #[test]
    fn fault_09_retry_after_as_a_date_is_read_in_all_three_forms() {
        let half_minute = Some(Duration::from_secs(30));
        check("Sun, 06 Nov 1994 08:50:07 GMT", half_minute);
        check("Sunday, 06-Nov-94 08:50:07 GMT", half_minute);
        check("Sun Nov  6 08:50:07 1994", half_minute);
        check("Sun, 06 Nov 1994 08:00:00 GMT", Some(Duration::ZERO));
    }

    #[test]
    fn fault_09_garbage_in_retry_after_is_ignored() {
        for raw in ["", "  ", "soon", "-5", "1.5", "12s", "0x10", "+3", "Sun, 99 Nov 1994"] {
            check(raw, None);
        }
    }

    #[test]
    fn fault_09_ten_years_and_beyond_do_not_overflow() {
        check("315360000", Some(TEN_YEARS));
        check("99999999999999999999999999", Some(Duration::from_secs(u64::MAX)));
        let far = parse("Fri, 31 Dec 9999 23:59:59 GMT", SystemTime::now());
        assert!(far.is_some_and(|wait| wait > TEN_YEARS));
    }
}
