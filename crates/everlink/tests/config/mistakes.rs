//! Every mistake is told, with where it stands, what was given and what is accepted.

use std::ffi::OsString;

use everlink::config::{FILE_BYTES_MAX, Loader, Problem};
use everlink_engine::{Profile, SettingValue};

use crate::lines;

#[test]
fn all_mistakes_of_all_sources_are_told_at_once() {
    let file =
        "backoff_max = \"fast\"\njitter = \"some\"\n\n[tls]\n  roots = \"mine\"\n  cert = \"x\"\n";
    let loader = Loader::new()
        .file_text("etc/feed.toml", file)
        .environment([("EVERLINK_QUEUE", "maybe"), ("EVERLINK_BACKOFMAX", "1s")])
        .argument("heartbeat_intervall", "1s")
        .setting("attempts_max", SettingValue::Count(Some(0)));
    assert_eq!(
        lines(loader),
        [
            "etc/feed.toml:1:1: `backoff_max` is \"fast\"; accepted: 0s to 15m (such as 1.5s, 500ms, 2m; a bare number is seconds)",
            "etc/feed.toml:2:1: `jitter` is \"some\"; accepted: none, factor, scaled, full, equal, decorrelated",
            "etc/feed.toml:5:3: `tls.roots` is \"mine\"; accepted: system, bundled, both, only_extra",
            "etc/feed.toml:6:3: `tls.cert` is not a setting; did you mean `tls.ca`?",
            "environment variable EVERLINK_BACKOFMAX: `EVERLINK_BACKOFMAX` is not a setting; did you mean `EVERLINK_BACKOFF_MAX`?",
            "environment variable EVERLINK_QUEUE: `queue` is \"maybe\"; accepted: true or false (also 1, 0, yes, no, on, off)",
            "argument: `heartbeat_intervall` is not a setting; did you mean `heartbeat_interval`?",
            "argument: `attempts_max` is \"0\"; accepted: 1 to 1000000, or none",
        ]
    );
}

#[test]
fn an_error_of_several_lines_says_how_many_there_are() {
    let error = Loader::new().argument("a", "1").argument("b", "2").load().unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("configuration: 2 problems\n  argument: `a` is not a setting"),
        "{text}"
    );
    let error = Loader::new().argument("zzz", "1").load().unwrap_err();
    assert_eq!(error.to_string(), "configuration: argument: `zzz` is not a setting");
}

#[test]
fn settings_that_contradict_each_other_name_both_places() {
    let loader =
        Loader::new().file_text("a.toml", "backoff_min = 20").argument("backoff_max", "10s");
    assert_eq!(
        lines(loader),
        [
            "`backoff_min` is 20s and `backoff_max` is 10s; accepted: `backoff_min` up to `backoff_max` \
          (`backoff_min`: a.toml:1:1; `backoff_max`: argument)"
        ]
    );
    let profile = Loader::new().profile(Profile::Rooms).argument("backoff_min", "10s");
    assert!(lines(profile)[0].ends_with("(`backoff_min`: argument; `backoff_max`: profile rooms)"));
    let both = Loader::new().file_text("a.toml", "url = 'ws://a'\nurls = ['ws://b']");
    assert_eq!(
        lines(both),
        ["`url` and `urls` are both given; accepted: one of them (a.toml:1:1; a.toml:2:1)"]
    );
}

#[test]
fn mistakes_in_the_form_of_a_file_have_their_line_and_column() {
    let cases = [
        ("a.toml", "backoff_min = 1\nbackoff_max = = 2\n", "a.toml:2:15: "),
        ("a.toml", "queue = true\nqueue = false\n", "a.toml:2:1: "),
        ("a.json", "{\"queue\": true,\n  oops}", "a.json:2:3: "),
        ("a.json", "{\"queue\": true, \"queue\": false}", "a.json:1:23: key `queue` stands twice"),
        ("a.json", "[1]", "a.json:1:1: accepted: one object"),
        ("a.json", "", "a.json:1:1: "),
    ];
    for (name, text, expected) in cases {
        let found = lines(Loader::new().file_text(name, text));
        assert!(found.len() == 1 && found[0].starts_with(expected), "{text:?}: {found:?}");
    }
}

#[test]
fn a_broken_file_does_not_hide_the_mistakes_of_the_environment() {
    let loader =
        Loader::new().file_text("a.toml", "queue =").environment([("EVERLINK_QUEUE", "?")]);
    assert_eq!(lines(loader).len(), 2);
}

#[test]
fn a_wrong_profile_is_told_alone_because_the_names_depend_on_it() {
    let file = "profile = 'market'\nwebsocket_max_retries = 3";
    assert_eq!(
        lines(Loader::new().file_text("a.toml", file)),
        [
            "a.toml:1:1: `profile` is \"market\"; accepted: standard, chat_bot, chat_page, rooms, messenger, market_feed"
        ]
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.toml");
    let found = lines(Loader::new().file(&missing));
    assert!(
        found[0].contains("missing.toml")
            && found[0].contains("accepted: a readable .toml or .json file"),
        "{found:?}"
    );

    let large = folder.path().join("large.toml");
    std::fs::write(&large, "#".repeat(FILE_BYTES_MAX as usize + 1)).unwrap();
    assert!(lines(Loader::new().file(&large))[0].contains("larger than that"));

    let other = lines(Loader::new().file_text("settings.yaml", "queue: true"));
    assert!(other[0].starts_with("settings.yaml: its name tells no format"), "{other:?}");
}

#[test]
fn values_of_a_kind_that_no_setting_takes_are_refused() {
    let toml = "queue = [true]\nbackoff_min = 1979-05-27\nattempts_max = 99999999999999999999\n\
                urls = [['ws://a']]\n[jitter]\n[feed]\nname = 'x'\n[headers]\na = []\n[tls]\n";
    assert_eq!(
        lines(Loader::new().file_text("a.toml", toml)),
        [
            "a.toml:1:1: `queue` is \"a list\"; accepted: true or false (also 1, 0, yes, no, on, off)",
            "a.toml:2:1: `backoff_min` is \"1979-05-27\"; accepted: 0s to 15m (such as 1.5s, 500ms, 2m; a bare number is seconds)",
            "a.toml:3:1: `attempts_max` is \"99999999999999999999\"; accepted: 1 to 1000000, or none",
            "a.toml:4:1: `urls` is a list; accepted: a list of ws://host/path or wss://host/path, in the dialect socketio also http:// and https://",
            "a.toml:5:2: `jitter` is \"a table\"; accepted: none, factor, scaled, full, equal, decorrelated",
            "a.toml:6:2: `feed` is not a setting",
            "a.toml:8:2: `headers` is not shown, it may hold a secret; accepted: a table, or lines of `Name: value`",
        ]
    );
    let json = r#"{"queue": null, "backoff_min": {"seconds": 1}, "attempts_max": 1e300}"#;
    let found = lines(Loader::new().file_text("a.json", json));
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn what_may_be_a_secret_is_never_repeated() {
    let loader = Loader::new()
        .argument("url", "https://ann:hunter2@example.org/?token=hunter2")
        .argument("proxy", "ftp://user:hunter2@proxy")
        .argument("headers", "Authorization hunter2");
    let found = lines(loader);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.iter().all(|line| !line.contains("hunter2")), "{found:?}");
    assert!(found.iter().any(|line| line.contains("\"https://example.org/?…\"")), "{found:?}");
    assert_eq!(found.iter().filter(|line| line.contains("not shown")).count(), 2, "{found:?}");
    // A password that no URL can have makes it none: then nobody knows where it ends.
    for url in ["wss://ann:hun#ter2@h", "ws://ann:hun/ter2@h", "ann:hunter2@h", "hunter2"] {
        let found = lines(Loader::new().argument("url", url));
        assert!(!found[0].contains("ter2") && !found[0].contains("ann"), "{url}: {found:?}");
    }
}

#[test]
fn addresses_are_checked_before_anything_is_dialed() {
    for url in ["", "example.org", "http://example.org", "ws://", "ftp://example.org"] {
        let found = lines(Loader::new().argument("url", url));
        assert!(
            found[0].contains("accepted: ws://host/path or wss://host/path"),
            "{url}: {found:?}"
        );
    }
}

#[test]
fn addresses_in_the_web_are_those_of_socket_io_from_every_source() {
    let http = "http://127.0.0.1:3000";
    for loader in [
        Loader::new().file_text("a.toml", "url = 'http://127.0.0.1:3000'"),
        Loader::new().environment([("EVERLINK_URL", http)]),
        Loader::new().argument_list("urls", [http, "HTTPS://example.org"]),
    ] {
        let loaded = loader.clone().argument("dialect", "socketio").load().unwrap();
        everlink::ClientBuilder::from_config(&loaded).unwrap().build().unwrap();
        let found = lines(loader.argument("dialect", "json"));
        assert!(found[0].contains("is \"http://127.0.0.1:3000/\"; accepted: ws://"), "{found:?}");
    }
}

#[test]
fn names_of_others_under_our_prefix_can_be_left_alone() {
    let variables = || [("EVERLINK_SERVER_BIND", "127.0.0.1:0")];
    assert_eq!(lines(Loader::new().environment(variables())).len(), 1);
    Loader::new().environment(variables()).leave_prefix("EVERLINK_SERVER_").load().unwrap();
}

#[cfg(unix)]
#[test]
fn bytes_that_are_no_unicode_are_refused_in_our_variables_only() {
    use std::os::unix::ffi::OsStringExt;
    let bytes = || OsString::from_vec(vec![0xff]);
    let loader = Loader::new().environment([
        ("EVERLINK_QUEUE".into(), bytes()),
        ("HOME".into(), bytes()),
        (bytes(), bytes()),
    ]);
    let error = loader.load().unwrap_err();
    let [Problem::Refused { value, .. }] = &error.problems[..] else { panic!("{error:?}") };
    assert_eq!(value, "\"not Unicode\"");
}
