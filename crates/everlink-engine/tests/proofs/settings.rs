//! Settings: each error names the key, the value and what is accepted; each range holds at its edge.

use std::time::Duration;

use everlink_engine::{
    Accepted, Config, ConfigError, Input, InputError, Profile, SETTINGS, SendPolicy, SettingValue,
};

use crate::bench::{Bench, plain, secs};

fn set(key: &str, value: SettingValue) -> Result<Config, ConfigError> {
    let mut builder = Config::builder(Profile::Standard);
    builder.set(key, value)?;
    builder.build()
}

/// Returns values just inside and just outside of what a setting accepts.
fn edges(accepted: Accepted) -> (Vec<SettingValue>, Vec<SettingValue>) {
    let step = Duration::from_nanos(1);
    match accepted {
        Accepted::Duration(low, high, off) => {
            let time = |time| SettingValue::Duration(Some(time));
            let (mut inside, mut outside) = (vec![time(low), time(high)], vec![time(high + step)]);
            outside.extend(low.checked_sub(step).map(time));
            if off { &mut inside } else { &mut outside }.push(SettingValue::Duration(None));
            (inside, outside)
        }
        Accepted::Count(low, high, none) => {
            let count = |count| SettingValue::Count(Some(count));
            let mut inside = vec![count(low), count(high)];
            let around = [low.checked_sub(1), high.checked_add(1)];
            let mut outside: Vec<_> = around.into_iter().flatten().map(count).collect();
            if none { &mut inside } else { &mut outside }.push(SettingValue::Count(None));
            (inside, outside)
        }
        Accepted::Number(low, high) => {
            let number = SettingValue::Number;
            let outside = [low - 1e-9, high + 1e-9, f64::NAN, f64::INFINITY].map(number);
            (vec![number(low), number(high)], outside.into())
        }
        Accepted::Flag => ([true, false].map(SettingValue::Flag).into(), vec![]),
        Accepted::Choice(words) => {
            let inside = words.iter().map(|word| SettingValue::Choice(word)).collect();
            (inside, vec![SettingValue::Choice("no such word"), SettingValue::Choice("")])
        }
    }
}

#[test]
fn every_setting_takes_its_range_and_nothing_beyond() {
    for setting in SETTINGS {
        let (inside, outside) = edges(setting.accepted);
        for value in inside {
            let taken = set(setting.key, value);
            let crossed = matches!(taken, Err(ConfigError::Crossed { .. }));
            assert!(taken.is_ok() || crossed, "{}: {value} {taken:?}", setting.key);
        }
        let foreign = match setting.accepted {
            Accepted::Flag => SettingValue::Number(1.0),
            _ => SettingValue::Flag(true),
        };
        for value in outside.into_iter().chain([foreign]) {
            let words = set(setting.key, value).unwrap_err().to_string();
            let (key, value) = (setting.key, value.to_string());
            let accepted = setting.accepted.to_string();
            assert_eq!(words, format!("`{key}` is {value}; accepted: {accepted}"));
        }
    }
}

#[test]
fn what_is_set_is_what_is_read() {
    for setting in SETTINGS {
        let Some(value) = edges(setting.accepted).0.pop() else { continue };
        if let Ok(config) = set(setting.key, value) {
            assert_eq!(config.settings().get(setting.key), Some(value), "{}", setting.key);
        }
    }
    assert_eq!(Profile::Standard.settings().get("nonsense"), None);
}

#[test]
fn settings_that_cross_are_named_both() {
    let crossed = Config::builder(Profile::Standard).backoff_min(secs(60)).build();
    let words = crossed.unwrap_err().to_string();
    assert_eq!(
        words,
        "`backoff_min` is 60s and `backoff_max` is 30s; accepted: `backoff_min` up to `backoff_max`"
    );
    let pairs: [fn(everlink_engine::ConfigBuilder) -> everlink_engine::ConfigBuilder; 3] = [
        |builder| builder.slow_min(secs(601)),
        |builder| builder.quality_excellent(secs(1)),
        |builder| builder.quality_good(secs(1)),
    ];
    for pair in pairs {
        let built = pair(Config::builder(Profile::Standard)).build();
        assert!(matches!(built, Err(ConfigError::Crossed { .. })), "{built:?}");
    }
}

#[test]
fn a_key_that_is_unknown_and_a_driver_without_endpoint_are_errors() {
    let words = set("bakcoff_min", SettingValue::Flag(true)).unwrap_err().to_string();
    assert_eq!(words, "`bakcoff_min` is not a setting");
    let words = Config::builder(Profile::Standard).endpoints(0).build().unwrap_err().to_string();
    assert_eq!(words, "`endpoints` is 0; accepted: 1 to 65535");
}

#[test]
fn every_profile_and_every_doc_says_what_it_accepts() {
    for profile in Profile::ALL {
        assert!(Config::builder(profile).build().is_ok(), "{profile:?}");
        assert_eq!(Profile::from_word(profile.word()), Some(profile));
    }
    for setting in SETTINGS {
        assert!(setting.doc.contains("Default: "), "{}", setting.key);
    }
}

#[test]
fn the_largest_message_is_taken_and_one_byte_more_is_not() {
    let mut bench = Bench::new(plain().message_bytes_max(100));
    bench.give(Input::Connect);
    bench.try_send(None, SendPolicy::Fail, 100).unwrap();
    let words = bench.try_send(None, SendPolicy::Fail, 101).unwrap_err().to_string();
    assert_eq!(words, "message has 101 bytes; accepted: up to 100");
}

#[test]
fn fault_37_the_outbox_is_full_at_its_limits_in_messages_and_in_bytes() {
    let mut bench = Bench::new(plain().queue_messages_max(2).queue_bytes_max(1024));
    bench.give(Input::Connect);
    bench.try_send(None, SendPolicy::Wait, 1000).unwrap();
    let words = bench.try_send(None, SendPolicy::Wait, 25).unwrap_err().to_string();
    assert_eq!(
        words,
        "outbox is full: 1 of 2 messages and 1000 of 1024 bytes used, 25 bytes more asked"
    );
    bench.try_send(None, SendPolicy::Fail, 24).unwrap();
    assert!(bench.try_send(None, SendPolicy::Fail, 0).is_err(), "two messages are the most");
    bench.news(1, everlink_engine::News::Opened);
    bench.drain();
    bench.written(1, 1);
    assert!(bench.words().contains(&"OutboxRoom".into()), "a send had asked to wait");
    bench.written(1, 1);
    assert!(!bench.words().contains(&"OutboxRoom".into()), "told once");
}

#[test]
fn without_a_queue_a_message_needs_a_connection() {
    let mut bench = Bench::new(plain().queue(false));
    assert_eq!(bench.try_send(None, SendPolicy::Fail, 1), Err(InputError::Closed));
    bench.give(Input::Connect);
    assert_eq!(bench.try_send(None, SendPolicy::Fail, 1), Err(InputError::NotConnected));
    bench.news(1, everlink_engine::News::Opened);
    bench.try_send(None, SendPolicy::Fail, 1).unwrap();
}

#[test]
fn message_numbers_rise() {
    let mut bench = Bench::up(plain());
    let outgoing = |id| {
        let id = everlink_engine::MessageId(id);
        everlink_engine::Outgoing::new(id, None, 1, SendPolicy::Fail, 0)
    };
    bench.give(Input::Send(outgoing(5)));
    let words = bench.try_give(Input::Send(outgoing(5))).unwrap_err().to_string();
    assert_eq!(words, "message number 5 is not above 5");
}

/// What each profile sets otherwise than the standard one: a change here is a change for users.
#[test]
fn every_profile_in_its_difference_to_the_standard() {
    let mut lines = Vec::new();
    for profile in Profile::ALL {
        lines.push(format!("{}: {}", profile.word(), profile.dialect().name));
        for setting in SETTINGS {
            let value = profile.settings().get(setting.key).unwrap();
            if Profile::Standard.settings().get(setting.key) != Some(value) {
                lines.push(format!("    {} = {value}", setting.key));
            }
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn what_is_accepted_is_said_in_plain_words() {
    for (accepted, words) in [
        (Accepted::Duration(secs(1), secs(60), false), "1s to 60s"),
        (Accepted::Duration(secs(1), secs(60), true), "1s to 60s, or off"),
        (Accepted::Count(1, 9, false), "1 to 9"),
        (Accepted::Count(1, 9, true), "1 to 9, or none"),
        (Accepted::Number(0.5, 1.5), "0.5 to 1.5"),
        (Accepted::Flag, "true or false"),
        (Accepted::Choice(&["wait", "fail"]), "wait, fail"),
    ] {
        assert_eq!(accepted.to_string(), words);
    }
    for (value, words) in [
        (SettingValue::Duration(Some(secs(2))), "2s"),
        (SettingValue::Duration(None), "off"),
        (SettingValue::Count(Some(3)), "3"),
        (SettingValue::Count(None), "none"),
        (SettingValue::Number(0.25), "0.25"),
        (SettingValue::Flag(true), "true"),
        (SettingValue::Choice("wait"), "wait"),
    ] {
        assert_eq!(value.to_string(), words);
    }
}

#[test]
fn a_configuration_shows_its_settings_for_debugging() {
    let builder = plain();
    assert!(format!("{builder:?}").contains("backoff_max: 30s"), "{builder:?}");
    let config = builder.build().unwrap();
    let shown = format!("{config:?}");
    assert!(shown.contains("backoff_max: 30s") && shown.contains("\"plain\""), "{shown}");
}

#[test]
fn the_longest_time_without_data_is_a_day_and_the_longest_age_thirty() {
    let longest = |key| SETTINGS.iter().find(|setting| setting.key == key).unwrap().accepted;
    let day = 24 * 3600;
    assert_eq!(longest("stale_after"), Accepted::Duration(secs(1), secs(day), true));
    assert_eq!(longest("renew_after"), Accepted::Duration(secs(1), secs(30 * day), true));
}
