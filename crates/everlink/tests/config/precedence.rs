//! Explicit argument, then environment, then file, then profile.

use everlink::config::{Loader, Source, variable_name};
use everlink_engine::{Profile, SETTINGS, SettingValue};

use crate::{engine, load, ms, s, settings};

const FILE: &str = "backoff_min = 3\nbackoff_max = '13s'\nslow_min = '33s'\n";

#[test]
fn req_x_configuration_argument_goes_before_environment_before_file_before_profile() {
    let loaded = load(
        Loader::new()
            .profile(Profile::MarketFeed)
            .argument("backoff_min", "1500ms")
            .environment([("EVERLINK_BACKOFF_MIN", "2"), ("EVERLINK_BACKOFF_MAX", "12s")])
            .file_text("feed.toml", FILE),
    );
    let settings = engine(&loaded);
    assert_eq!(settings.backoff_min(), ms(1_500), "argument");
    assert_eq!(settings.backoff_max(), s(12), "environment");
    assert_eq!(settings.slow_min(), s(33), "file");
    assert_eq!(settings.stale_after(), Some(s(60)), "profile");

    assert_eq!(loaded.source("backoff_min"), Some(&Source::Argument));
    assert_eq!(
        loaded.source("backoff_max").unwrap().to_string(),
        "environment variable EVERLINK_BACKOFF_MAX"
    );
    assert_eq!(loaded.source("slow_min").unwrap().to_string(), "feed.toml:3:1");
    assert_eq!(loaded.source("stale_after"), None);
}

#[test]
fn req_x_configuration_each_profile_is_complete_without_any_other_source() {
    for profile in Profile::ALL {
        let loaded = load(Loader::new().profile(profile));
        assert_eq!(loaded.profile, profile);
        assert_eq!(engine(&loaded), profile.settings());
    }
    assert_eq!(load(Loader::new()).profile, Profile::Standard);
}

#[test]
fn the_profile_itself_follows_the_same_order() {
    let file =
        || Loader::new().profile(Profile::Rooms).file_text("a.toml", "profile = 'messenger'");
    assert_eq!(load(file()).profile, Profile::Messenger);
    let environment = || file().environment([("EVERLINK_PROFILE", "chat_page")]);
    assert_eq!(load(environment()).profile, Profile::ChatPage);
    let argument = environment().argument("profile", "chat_bot");
    assert_eq!(load(argument).profile, Profile::ChatBot);
}

#[test]
fn a_later_file_goes_before_an_earlier_one() {
    let loader = Loader::new()
        .file_text("site.toml", "backoff_min = '1s'\nbackoff_max = '5s'")
        .file_text("host.json", r#"{"backoff_max": "6s"}"#);
    let settings = settings(loader);
    assert_eq!((settings.backoff_min(), settings.backoff_max()), (s(1), s(6)));
}

/// Every setting can be set from every source, and the same text means the same everywhere.
#[test]
fn req_x_configuration_every_setting_is_understood_by_every_source() {
    for setting in SETTINGS {
        let value = Profile::MarketFeed.settings().get(setting.key).unwrap();
        // What the value prints is what can be read.
        let text = value.to_string();
        let variables = [(variable_name(setting.key), text.clone())];
        let loaders = [
            Loader::new().argument(setting.key, &text),
            Loader::new().setting(setting.key, value),
            Loader::new().environment(variables.clone()),
            Loader::new().lookup(|name| (name == variables[0].0).then(|| text.clone())),
            Loader::new().file_text("a.toml", format!("{} = '{text}'", setting.key)),
            Loader::new().file_text("a.json", format!("{{\"{}\": \"{text}\"}}", setting.key)),
        ];
        for loader in loaders {
            let loaded = load(loader);
            assert_eq!(engine(&loaded).get(setting.key), Some(value), "{}", setting.key);
            assert!(loaded.source(setting.key).is_some(), "{}", setting.key);
        }
    }
}

#[test]
fn values_of_files_have_their_own_kinds() {
    let toml = "backoff_min = 1.5\nattempts_max = 0x10\nqueue = false\njitter_factor = 1\nbackoff = 'FIXED'\nrenew_after = 'off'";
    let json = r#"{"backoff_min": 1.5, "attempts_max": 16, "queue": false, "jitter_factor": 1, "backoff": "fixed", "renew_after": "off"}"#;
    let toml = settings(Loader::new().file_text("a.toml", toml));
    assert_eq!(toml, settings(Loader::new().file_text("a.JSON", json)));
    assert_eq!(toml.backoff_min(), ms(1_500));
    assert_eq!(toml.attempts_max(), Some(16));
    assert!(!toml.queue());
    assert_eq!(toml.get("backoff"), Some(SettingValue::Choice("fixed")));
}

#[test]
fn the_clients_own_keys_come_from_all_sources_too() {
    let file = r#"
        urls = ["wss://a.example/x", "wss://b.example/y"]
        subprotocols = ["one", "two"]
        dialect = "json"
        name_timeout = "3s"
        compression = true
        [tls]
        ca = "ca.pem"
        roots = "both"
        [headers]
        Authorization = "Bearer secret"
        X-Number = 7
        [outbox]
        path = "/var/lib/chat/outbox"
        messages_max = 5
    "#;
    let loader = Loader::new()
        .file_text("/etc/chat/chat.toml", file)
        .environment([
            ("EVERLINK_TLS_SERVER_NAME", "inner.example"),
            ("EVERLINK_SUBPROTOCOLS", "three, four"),
            ("EVERLINK_HEADERS", "A: 1\nB: x:y"),
        ])
        .argument("tls.roots", "system")
        .argument("proxy", "socks5h://user:password@proxy.example:1080");
    let loaded = load(loader);
    let client = &loaded.client;
    assert_eq!(client.urls, ["wss://a.example/x", "wss://b.example/y"]);
    assert_eq!(client.subprotocols, ["three", "four"]);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(client.headers, [pair("A", "1"), pair("B", "x:y")]);
    assert_eq!(client.tls.ca.as_deref(), Some("/etc/chat/ca.pem".as_ref()));
    assert_eq!(client.tls.roots, Some("system"));
    assert_eq!(client.tls.server_name.as_deref(), Some("inner.example"));
    assert_eq!(client.name_timeout, Some(s(3)));
    assert_eq!(client.compression, Some(true));
    assert_eq!(client.outbox.path.as_deref(), Some("/var/lib/chat/outbox".as_ref()));
    assert_eq!((client.outbox.limits.messages_max, client.outbox.limits.bytes_max), (5, 64 << 20));
    assert_eq!(loaded.engine.clone().build().unwrap().dialect().name, "json");
    let shown = format!("{loaded:?}");
    assert!(!shown.contains("password") && !shown.contains("secret"), "{shown}");
}

#[test]
fn one_url_of_a_higher_source_replaces_many_of_a_lower_one_and_back() {
    let many = || Loader::new().file_text("a.toml", "urls = ['ws://a', 'ws://b']");
    assert_eq!(load(many().argument("url", "ws://c")).client.urls, ["ws://c"]);
    let one = || Loader::new().file_text("a.toml", "url = 'ws://a'");
    assert_eq!(
        load(one().argument_list("urls", ["ws://b", "ws://c"])).client.urls,
        ["ws://b", "ws://c"]
    );
}

#[test]
fn the_environment_can_name_the_file_and_an_argument_goes_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let (named, given) = (folder.path().join("named.toml"), folder.path().join("given.toml"));
    std::fs::write(&named, "backoff_max = '11s'").unwrap();
    std::fs::write(&given, "backoff_max = '12s'").unwrap();
    let loader = || Loader::new().environment([("EVERLINK_CONFIG", named.as_os_str())]);
    assert_eq!(settings(loader()).backoff_max(), s(11));
    assert_eq!(settings(loader().file(&given)).backoff_max(), s(12));
}
