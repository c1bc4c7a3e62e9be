//! The names of the source systems, each under its profile.

use everlink::config::Loader;
use everlink_engine::{Profile, SettingValue};

use crate::{lines, load, ms, s, settings};

fn feed() -> Loader {
    Loader::new().profile(Profile::MarketFeed)
}

fn bot() -> Loader {
    Loader::new().profile(Profile::ChatBot)
}

#[test]
fn req_f05_keys_of_the_feed_are_understood_in_a_file() {
    let file = r#"{
        "websocket_reconnection_enabled": false,
        "websocket_max_retries": 7,
        "websocket_initial_delay": 1.5,
        "websocket_max_delay": 90.0,
        "websocket_backoff_multiplier": 3.0,
        "websocket_jitter_factor": 0.5
    }"#;
    check_feed(feed().file_text("feed.json", file));
}

#[test]
fn req_f05_variables_of_the_feed_are_understood_and_go_before_its_file() {
    let variables = [
        ("WEBSOCKET_RECONNECTION_ENABLED", "false"),
        ("WEBSOCKET_MAX_RETRIES", "7"),
        ("WEBSOCKET_INITIAL_DELAY", "1.5"),
        ("WEBSOCKET_MAX_DELAY", "90"),
        ("WEBSOCKET_BACKOFF_MULTIPLIER", "3"),
        ("WEBSOCKET_JITTER_FACTOR", "0.5"),
    ];
    let file = r#"{"websocket_max_retries": 99, "websocket_max_delay": 1}"#;
    check_feed(feed().environment(variables).file_text("feed.json", file));
    let lookup = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    check_feed(feed().lookup(lookup));
}

#[track_caller]
fn check_feed(loader: Loader) {
    let settings = settings(loader);
    assert!(!settings.reconnect());
    assert_eq!(settings.attempts_max(), Some(7));
    assert_eq!(settings.backoff_min(), ms(1_500));
    assert_eq!(settings.backoff_max(), s(90));
    assert!((settings.backoff_multiplier() - 3.0).abs() < f64::EPSILON);
    assert!((settings.jitter_factor() - 0.5).abs() < f64::EPSILON);
}

#[test]
fn req_b03_variables_of_the_bot_are_understood() {
    let loaded = load(bot().environment([
        ("WSGGPY_AUTO_RECONNECT", "false"),
        ("WSGGPY_RECONNECT_ATTEMPTS", "8"),
        ("WSGGPY_RECONNECT_DELAY", "3.5"),
        ("WSGGPY_RECONNECT_BACKOFF", "False"),
        ("CONNECTION_CHECK_INTERVAL", "20"),
        ("MAX_RECONNECT_ATTEMPTS", "4"),
        ("LOG_LEVEL", "WARNING"),
    ]));
    let settings = crate::engine(&loaded);
    assert!(!settings.reconnect());
    assert_eq!(settings.attempts_max(), Some(8));
    assert_eq!(settings.backoff_min(), ms(3_500));
    assert_eq!(settings.get("backoff"), Some(SettingValue::Choice("fixed")));
    assert_eq!(settings.check_interval(), s(20));
    assert_eq!(settings.supervisor_attempts_max(), 4);
    assert_eq!(loaded.client.log_level, Some("warn"));
}

#[test]
fn req_b03_without_variables_the_bots_defaults_hold() {
    let settings = settings(bot().environment([("PATH", "/bin")]));
    assert!(settings.reconnect());
    assert_eq!(settings.attempts_max(), Some(5));
    assert_eq!(settings.backoff_min(), s(2));
    assert_eq!(settings.get("backoff"), Some(SettingValue::Choice("exponential")));
    assert_eq!(settings.check_interval(), s(10));
    assert_eq!(settings.supervisor_attempts_max(), 10);
}

#[test]
fn req_b03_a_malformed_value_names_the_variable_the_value_and_what_is_accepted() {
    let variables = [
        ("WSGGPY_RECONNECT_ATTEMPTS", "five"),
        ("WSGGPY_RECONNECT_BACKOFF", "perhaps"),
        ("LOG_LEVEL", "LOUD"),
    ];
    let mut found = lines(bot().environment(variables));
    found.sort();
    assert_eq!(
        found,
        [
            "environment variable LOG_LEVEL: `log_level` is \"LOUD\"; accepted: off, error, warn, info, debug, trace",
            "environment variable WSGGPY_RECONNECT_ATTEMPTS: `attempts_max` is \"five\"; accepted: 1 to 1000000, or none",
            "environment variable WSGGPY_RECONNECT_BACKOFF: `backoff` is \"perhaps\"; accepted: true or false (also 1, 0, yes, no, on, off)",
        ]
    );
}

#[test]
fn req_f05_a_malformed_value_names_the_key_or_variable_the_value_and_what_is_accepted() {
    let file = r#"{"websocket_max_retries": -1, "websocket_jitter_factor": 1.5}"#;
    assert_eq!(
        lines(feed().file_text("feed.json", file)),
        [
            "feed.json: `websocket_max_retries` is \"-1\"; accepted: 1 to 1000000, or none",
            "feed.json: `websocket_jitter_factor` is \"1.5\"; accepted: 0 to 1",
        ]
    );
    assert_eq!(
        lines(feed().environment([("WEBSOCKET_INITIAL_DELAY", "120")])),
        [
            "`backoff_min` is 120s and `backoff_max` is 60s; accepted: `backoff_min` up to `backoff_max` \
          (`backoff_min`: environment variable WEBSOCKET_INITIAL_DELAY; `backoff_max`: profile market_feed)"
        ]
    );
}

#[test]
fn req_f05_a_mistyped_key_of_the_feed_is_told_the_one_it_resembles() {
    let mistyped = || feed().file_text("a.toml", "websocket_max_retrys = 3");
    assert_eq!(
        lines(mistyped()),
        [
            "a.toml:1:1: `websocket_max_retrys` is not a setting; did you mean `websocket_max_retries`?"
        ]
    );
    let elsewhere = lines(mistyped().profile(Profile::Standard));
    assert_eq!(elsewhere, ["a.toml:1:1: `websocket_max_retrys` is not a setting"]);
}

#[test]
fn req_b03_a_variables_name_in_a_file_or_an_argument_is_told_the_setting() {
    for profile in [Profile::ChatBot, Profile::Standard] {
        let named = Loader::new().profile(profile);
        assert_eq!(
            lines(named.file_text("a.toml", "WSGGPY_RECONNECT_ATTEMPTS = 3")),
            [
                "a.toml:1:1: `WSGGPY_RECONNECT_ATTEMPTS` is not a setting; did you mean `attempts_max`?"
            ]
        );
    }
    assert_eq!(
        lines(feed().argument("websocket_max_retries", "3")),
        ["argument: `websocket_max_retries` is not a setting; did you mean `attempts_max`?"]
    );
}

#[test]
fn req_r10_variables_of_the_page_are_understood_with_their_milliseconds() {
    let rooms = |variables: [(&str, &str); 5]| {
        Loader::new()
            .profile(Profile::Rooms)
            .environment(variables.map(|(n, v)| (n.to_owned(), v.to_owned())))
    };
    let loaded = load(rooms([
        ("NEXT_PUBLIC_SOCKET_URL", "http://localhost:3001"),
        ("NEXT_PUBLIC_SOCKET_PATH", "/api/socketio"),
        ("NEXT_PUBLIC_RECONNECTION_MAX_ATTEMPTS", "9"),
        ("NEXT_PUBLIC_RECONNECTION_BASE_DELAY", "250"),
        ("NEXT_PUBLIC_RECONNECTION_MAX_DELAY", "7500"),
    ]));
    assert_eq!(loaded.client.urls, ["ws://localhost:3001"]);
    assert_eq!(loaded.client.path.as_deref(), Some("/api/socketio"));
    let settings = crate::engine(&loaded);
    assert_eq!(settings.attempts_max(), Some(9));
    assert_eq!((settings.backoff_min(), settings.backoff_max()), (ms(250), ms(7_500)));

    let error = lines(
        Loader::new()
            .profile(Profile::Rooms)
            .environment([("NEXT_PUBLIC_RECONNECTION_BASE_DELAY", "soon")]),
    );
    assert_eq!(
        error,
        [
            "environment variable NEXT_PUBLIC_RECONNECTION_BASE_DELAY: `backoff_min` is \"soon\"; accepted: 0 to 900000 (milliseconds), or a time with its unit"
        ]
    );
}

#[test]
fn names_of_one_system_mean_nothing_under_the_profile_of_another() {
    let strangers = [("WEBSOCKET_MAX_RETRIES", "nonsense"), ("WSGGPY_RECONNECT_DELAY", "nonsense")];
    let settings = settings(Loader::new().environment(strangers));
    assert_eq!(settings, Profile::Standard.settings());

    let error = lines(Loader::new().file_text("a.toml", "websocket_max_retries = 3"));
    assert_eq!(
        error,
        [
            "a.toml:1:1: `websocket_max_retries` is understood under the profile `market_feed` only, \
          not under `standard`; the setting is `attempts_max`"
        ]
    );
}

#[test]
fn an_own_name_goes_before_an_alias_of_the_same_source() {
    let variables = [("EVERLINK_ATTEMPTS_MAX", "3"), ("WEBSOCKET_MAX_RETRIES", "4")];
    assert_eq!(settings(feed().environment(variables)).attempts_max(), Some(3));
    for file in [
        "attempts_max = 3\nwebsocket_max_retries = 4",
        "websocket_max_retries = 4\nattempts_max = 3",
    ] {
        assert_eq!(settings(feed().file_text("a.toml", file)).attempts_max(), Some(3));
    }
}
