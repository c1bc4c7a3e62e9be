//! Texts of values, good and bad, and any text at all.

use everlink::config::{Loader, accepted_text, setting_from_text};
use everlink_engine::{SETTINGS, SettingValue};
use proptest::prelude::*;

use crate::{ms, s};

#[track_caller]
fn read(key: &str, text: &str) -> Option<SettingValue> {
    let setting = SETTINGS.iter().find(|setting| setting.key == key).unwrap();
    setting_from_text(setting, text).ok()
}

#[test]
fn each_kind_of_setting_is_read_as_people_write_it() {
    let time = |time| Some(SettingValue::Duration(Some(time)));
    for (text, expected) in
        [("1.5s", ms(1_500)), ("500ms", ms(500)), ("2m", s(120)), ("7", s(7)), ("0.25", ms(250))]
    {
        assert_eq!(read("backoff_max", text), time(expected), "{text}");
    }
    assert_eq!(read("renew_after", "Off"), Some(SettingValue::Duration(None)));
    assert_eq!(read("attempts_max", "none"), Some(SettingValue::Count(None)));
    assert_eq!(read("attempts_max", " 12 "), Some(SettingValue::Count(Some(12))));
    for (text, flag) in [
        ("true", true),
        ("1", true),
        ("YES", true),
        ("on", true),
        ("false", false),
        ("0", false),
        ("no", false),
        ("Off", false),
    ] {
        assert_eq!(read("queue", text), Some(SettingValue::Flag(flag)), "{text}");
    }
    assert_eq!(read("jitter", "Full"), Some(SettingValue::Choice("full")));
    assert_eq!(read("jitter_factor", "0.5"), Some(SettingValue::Number(0.5)));
}

#[test]
fn nothing_out_of_range_or_of_another_kind_is_read() {
    let refused = [
        ("backoff_max", "off"),
        ("backoff_max", "16m"),
        ("backoff_max", "-1"),
        ("backoff_max", ""),
        ("attempts_max", "0"),
        ("attempts_max", "off"),
        ("attempts_max", "1.5"),
        ("attempts_max", "4294967296"),
        ("queue_messages_max", "none"),
        ("jitter_factor", "NaN"),
        ("jitter_factor", "inf"),
        ("jitter_factor", "1.01"),
        ("queue", "2"),
        ("queue", ""),
        ("jitter", "most"),
    ];
    for (key, text) in refused {
        assert_eq!(read(key, text), None, "{key} = {text}");
    }
}

#[test]
fn an_error_of_one_setting_says_what_is_accepted_and_cuts_what_is_long() {
    let setting = SETTINGS.iter().find(|setting| setting.key == "backoff_max").unwrap();
    let error = setting_from_text(setting, &"x".repeat(500)).unwrap_err();
    assert_eq!(error.value.len(), 80);
    assert_eq!(error.accepted, accepted_text(&setting.accepted));
}

proptest! {
    #[test]
    fn no_text_makes_a_setting_panic_and_what_is_read_is_in_range(text in ".{0,40}|[0-9.]{1,30}(ns|us|ms|s|m|h|d)?|[0-9]{1,3}[a-zµ ]{1,4}") {
        for setting in SETTINGS {
            if let Ok(value) = setting_from_text(setting, &text) {
                prop_assert!(setting.accepted.accepts(value));
                // What is read can be written and read again.
                let written = value.to_string();
                prop_assert_eq!(setting_from_text(setting, &written), Ok(value));
            }
        }
    }

    #[test]
    fn no_file_makes_the_loader_panic(text in "\\PC{0,200}|([a-z_.\\[\\]]{0,12} ?= ?[\"'\\[{a-z0-9.-]{0,10}\n){0,6}|[{}\\[\\]\",:a-z0-9 ]{0,60}") {
        for name in ["a.toml", "a.json"] {
            if let Err(error) = Loader::new().file_text(name, text.clone()).load() {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }

    #[test]
    fn no_argument_or_variable_makes_the_loader_panic(key in "[a-z._]{0,20}", text in ".{0,60}") {
        let variable = format!("EVERLINK_{}", key.to_uppercase());
        let _ = Loader::new().argument(key, text.clone()).load();
        let _ = Loader::new().environment([(variable, text.clone())]).load();
        for key in ["url", "urls", "path", "proxy", "headers", "subprotocols", "tls.ca", "log_level"] {
            let _ = Loader::new().argument(key, text.clone()).load();
        }
    }
}
