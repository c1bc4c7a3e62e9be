//! A setting's value from its text, as environment, command line and files have it.

use std::time::Duration;

use everlink_engine::{Accepted, Setting, SettingValue};

use super::duration;

/// Longest part of a value that an error repeats, in characters.
pub const SHOWN_CHARS_MAX: usize = 80;

/// A text that is no value of a setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value:?}; accepted: {accepted}")]
#[non_exhaustive]
pub struct ValueError {
    /// What was given, cut at [`SHOWN_CHARS_MAX`].
    pub value: String,
    /// What is accepted.
    pub accepted: String,
}

impl ValueError {
    pub(super) fn new(value: &str, accepted: impl Into<String>) -> Self {
        Self { value: value.chars().take(SHOWN_CHARS_MAX).collect(), accepted: accepted.into() }
    }
}

/// Parses the text of one setting, as every source does.
///
/// Times: `1.5s`, `500ms`, `2m`, `1h 30m`, a bare number of seconds, `off` where that is allowed.
/// Counts: a whole number, `none` where that is allowed. Flags: true, false, 1, 0, yes, no, on,
/// off. Words in any case.
///
/// # Errors
///
/// [`ValueError`] with what is accepted, if the text is of another kind or out of range.
pub fn setting_from_text(setting: &Setting, text: &str) -> Result<SettingValue, ValueError> {
    value_from_text(&setting.accepted, text)
}

/// As [`setting_from_text`], for anything that has a range.
///
/// # Errors
///
/// As [`setting_from_text`].
pub fn value_from_text(accepted: &Accepted, text: &str) -> Result<SettingValue, ValueError> {
    read(accepted, text, duration::SECONDS)
        .ok_or_else(|| ValueError::new(text, accepted_text(accepted)))
}

/// As [`value_from_text`], with bare numbers in milliseconds.
pub(super) fn value_from_millis(
    accepted: &Accepted,
    text: &str,
) -> Result<SettingValue, ValueError> {
    read(accepted, text, duration::MILLISECONDS).ok_or_else(|| {
        let accepted = match accepted {
            Accepted::Duration(low, high, _) => {
                format!(
                    "{} to {} (milliseconds), or a time with its unit",
                    low.as_millis(),
                    high.as_millis()
                )
            }
            Accepted::Count(..) | Accepted::Number(..) | Accepted::Flag | Accepted::Choice(_) => {
                accepted_text(accepted)
            }
        };
        ValueError::new(text, accepted)
    })
}

/// Says what is accepted, in the form in which it can be written.
#[must_use]
pub fn accepted_text(accepted: &Accepted) -> String {
    match accepted {
        Accepted::Duration(low, high, off) => {
            let off = if *off { ", or off" } else { "" };
            format!(
                "{} to {}{off} (such as 1.5s, 500ms, 2m; a bare number is seconds)",
                time_text(*low),
                time_text(*high)
            )
        }
        Accepted::Flag => "true or false (also 1, 0, yes, no, on, off)".to_owned(),
        Accepted::Count(..) | Accepted::Number(..) | Accepted::Choice(_) => accepted.to_string(),
    }
}

/// Writes a time in its largest whole unit; what it writes can be read again.
pub(super) fn time_text(time: Duration) -> String {
    let seconds = time.as_secs();
    if time.subsec_nanos() > 0 {
        return format!("{time:?}");
    }
    match seconds {
        0 => "0s".to_owned(),
        seconds if seconds % 86_400 == 0 => format!("{}d", seconds / 86_400),
        seconds if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        seconds if seconds % 60 == 0 && seconds > 60 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}

/// Writes a value so that it can be read again.
pub(super) fn value_text(value: SettingValue) -> String {
    if let SettingValue::Duration(Some(time)) = value { time_text(time) } else { value.to_string() }
}

fn read(accepted: &Accepted, text: &str, bare: u128) -> Option<SettingValue> {
    let text = text.trim();
    let lower = text.to_lowercase();
    let value = match accepted {
        Accepted::Duration(..) if lower == "off" => SettingValue::Duration(None),
        Accepted::Duration(..) => SettingValue::Duration(Some(duration::parse(text, bare)?)),
        Accepted::Count(..) if lower == "none" => SettingValue::Count(None),
        Accepted::Count(..) => SettingValue::Count(Some(text.parse().ok()?)),
        Accepted::Number(..) => SettingValue::Number(text.parse().ok()?),
        Accepted::Flag => SettingValue::Flag(flag(&lower)?),
        Accepted::Choice(words) => {
            SettingValue::Choice(words.iter().copied().find(|word| *word == lower)?)
        }
    };
    accepted.accepts(value).then_some(value)
}

pub(super) fn flag(lower: &str) -> Option<bool> {
    match lower {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}
