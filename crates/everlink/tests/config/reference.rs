//! The printed reference says everything, and says what the code does.

use everlink::config::{
    ALIASES, CLIENT_KEYS, Takes, flag_name, setting_from_text, settings_reference, value_from_text,
    variable_name, verdict_reference,
};
use everlink_engine::{Accepted, Dialect, Profile, SETTINGS, SettingValue, TABLE};

#[test]
fn every_setting_has_a_default_in_its_documentation_and_it_is_the_real_one() {
    for setting in SETTINGS {
        let doc = setting.doc.split_whitespace().collect::<Vec<_>>().join(" ");
        let (_, default) =
            doc.split_once("Default: ").unwrap_or_else(|| panic!("{}: {doc}", setting.key));
        let end = default.find(['.', ';']).filter(|at| {
            default[*at..].starts_with(". ")
                || default[*at..].starts_with(';')
                || *at + 1 == default.len()
        });
        let written = default[..end.unwrap_or_else(|| default.find(". ").unwrap_or(default.len()))]
            .trim_matches(['`', '.']);
        let real = Profile::Standard.settings().get(setting.key).unwrap();
        let read = setting_from_text(setting, written);
        assert_eq!(read, Ok(real), "{}: {written:?}", setting.key);
    }
    for known in CLIENT_KEYS {
        assert!(known.doc.contains("Default: "), "{}", known.key);
    }
}

#[test]
fn every_key_stands_in_the_reference_with_its_names_on_the_command_line_and_in_the_environment() {
    let text = settings_reference();
    let keys = SETTINGS.iter().map(|setting| setting.key);
    for key in keys.chain(CLIENT_KEYS.iter().map(|known| known.key)) {
        let names = format!("| `{key}` | `{}` | `{}` |", flag_name(key), variable_name(key));
        assert_eq!(text.matches(&names).count(), 1, "{names}");
    }
    for alias in ALIASES {
        assert!(text.contains(&format!("`{}`", alias.variable)), "{}", alias.variable);
    }
    assert!(text.contains("| `backoff_max` | `--backoff-max` | `EVERLINK_BACKOFF_MAX` | `30s`; chat_bot: `60s`; chat_page: `16s`; rooms: `5s`;"), "{text}");
}

#[test]
fn every_table_of_the_reference_is_whole() {
    for text in [settings_reference(), verdict_reference()] {
        let mut columns = 0;
        for line in text.lines().map(|line| line.replace("\\|", "")) {
            let bars = line.matches('|').count();
            if line.starts_with('|') && columns > 0 {
                assert_eq!(bars, columns, "{line}");
            }
            columns = if line.starts_with('|') { bars } else { 0 };
        }
    }
}

#[test]
fn no_two_keys_share_a_name_and_every_alias_leads_somewhere() {
    let keys: Vec<_> = SETTINGS
        .iter()
        .map(|setting| setting.key)
        .chain(CLIENT_KEYS.iter().map(|known| known.key))
        .collect();
    let mut variables: Vec<_> = keys.iter().map(|key| variable_name(key)).collect();
    variables.sort();
    variables.dedup();
    assert_eq!(variables.len(), keys.len());
    assert!(ALIASES.iter().all(|alias| keys.contains(&alias.key)));
}

#[test]
fn every_dialect_and_profile_can_be_named() {
    let words = |key: &str| {
        let known = CLIENT_KEYS.iter().find(|known| known.key == key).unwrap();
        let Takes::Value(accepted) = known.takes else { panic!("{key}") };
        accepted
    };
    for dialect in Dialect::ALL {
        assert_eq!(
            value_from_text(&words("dialect"), dialect.name),
            Ok(SettingValue::Choice(dialect.name))
        );
    }
    let Accepted::Choice(profiles) = words("profile") else { panic!("profile is a word") };
    assert_eq!(profiles.len(), Profile::ALL.len());
}

#[test]
fn req_x10_every_verdict_stands_in_the_reference() {
    let text = verdict_reference();
    assert_eq!(text.lines().count(), TABLE.len() + 2);
    assert!(
        text.contains("| HTTP status 401 | refresh credentials | credentials may have expired |"),
        "{text}"
    );
    assert!(text.contains("| HTTP status 500 to 599 | retry | the server is unwell |"), "{text}");
}
