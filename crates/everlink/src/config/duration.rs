//! Times as people write them: `1.5s`, `500ms`, `1h 30m`, or a bare number of seconds.
//!
//! Own, because the crates that parse durations take either fractions or bare numbers, not both.

use std::time::Duration;

const UNITS: &[(&str, u128)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", SECOND),
    ("min", 60 * SECOND),
    ("m", 60 * SECOND),
    ("h", 3_600 * SECOND),
    ("d", 86_400 * SECOND),
];

const SECOND: u128 = 1_000_000_000;

/// Most digits of a number, before and after its point.
const DIGITS_MAX: usize = 18;

/// Parses a time; a number without a unit counts `bare` nanoseconds a piece and must stand alone.
pub(super) fn parse(text: &str, bare: u128) -> Option<Duration> {
    let text = text.trim();
    if let Some((number, "")) = number(text) {
        return to_duration(number.times(bare)?);
    }
    let mut rest = text;
    let mut nanos: u128 = 0;
    while !rest.is_empty() {
        let (number, after) = number(rest)?;
        let (unit, after) = unit(after.trim_start())?;
        nanos = nanos.checked_add(number.times(unit)?)?;
        rest = after.trim_start();
    }
    if text.is_empty() { None } else { to_duration(nanos) }
}

/// Nanoseconds in a second: what a bare number counts in unless something else is said.
pub(super) const SECONDS: u128 = SECOND;
/// Nanoseconds in a millisecond.
pub(super) const MILLISECONDS: u128 = 1_000_000;

/// A decimal number: `digits` divided by `scale`.
#[derive(Clone, Copy)]
struct Decimal {
    digits: u128,
    scale: u128,
}

impl Decimal {
    fn times(self, factor: u128) -> Option<u128> {
        Some(self.digits.checked_mul(factor)? / self.scale)
    }
}

/// Takes a number off the front.
fn number(text: &str) -> Option<(Decimal, &str)> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => {
            let (fraction, rest) = digits(rest);
            if fraction.is_empty() {
                return None;
            }
            (fraction, rest)
        }
        None => ("", rest),
    };
    let is_sane = whole.len() <= DIGITS_MAX && fraction.len() <= DIGITS_MAX;
    if whole.is_empty() || !is_sane {
        return None;
    }
    let digits = format!("{whole}{fraction}").parse().ok()?;
    let scale = 10u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    Some((Decimal { digits, scale }, rest))
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|letter: char| !letter.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}

/// Takes a unit off the front.
fn unit(text: &str) -> Option<(u128, &str)> {
    let end = text.find(|letter: char| !letter.is_alphabetic());
    let (word, rest) = text.split_at(end.unwrap_or(text.len()));
    let known = UNITS.iter().find(|(unit, _)| *unit == word)?;
    Some((known.1, rest))
}

fn to_duration(nanos: u128) -> Option<Duration> {
    let seconds = u64::try_from(nanos / SECOND).ok()?;
    Some(Duration::new(seconds, u32::try_from(nanos % SECOND).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let ms = |millis| Some(Duration::from_millis(millis));
        let cases = [
            ("1.5s", ms(1_500)),
            ("500ms", ms(500)),
            ("2m", ms(120_000)),
            ("2 min", ms(120_000)),
            ("1h 30m", ms(5_400_000)),
            ("1h30m", ms(5_400_000)),
            ("1d", ms(86_400_000)),
            ("250us", Some(Duration::from_micros(250))),
            ("1.5µs", Some(Duration::from_nanos(1_500))),
            ("10", ms(10_000)),
            ("0.25", ms(250)),
            (" 7 ", ms(7_000)),
            ("0", ms(0)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text, SECONDS), expected, "{text}");
        }
        assert_eq!(parse("1500", MILLISECONDS), ms(1_500));
        assert_eq!(parse("2s", MILLISECONDS), ms(2_000), "a unit counts as it says");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        let refused = [
            "",
            "s",
            "-1",
            "-1s",
            "1.",
            ".5",
            "1e3",
            "inf",
            "NaN",
            "1 2",
            "5 s 3",
            "1x",
            "1S",
            "1 s,",
            "99999999999999999999",
            "999999999999999999d",
            "½s",
        ];
        for text in refused {
            assert_eq!(parse(text, SECONDS), None, "{text}");
        }
    }
}
