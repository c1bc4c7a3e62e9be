//! Puts what was collected together, and looks for what cannot stand together.

use std::cmp::Ordering;

use everlink_engine::{Config, ConfigError, Dialect, Profile, SettingValue};

use super::client::ClientSettings;
use super::collect::{Collected, Value, shown_url};
use super::keys::URL;
use super::loader::Loaded;
use super::problem::{LoadError, Problem, Source};
use super::value::value_text;
use crate::dial::web_socket_address;

pub(super) fn assemble(profile: Profile, mut collected: Collected) -> Result<Loaded, LoadError> {
    choose_urls(&mut collected);
    let mut engine = Config::builder(profile);
    for (key, (value, source)) in &collected.settings {
        // Each was checked against the same table already.
        if let Err(error) = engine.set(key, *value) {
            let (from, key) = (source.clone(), (*key).to_owned());
            let (value, accepted) = (value_text(*value), error.to_string());
            collected.problems.push(Problem::Refused { from, key, value, accepted });
        }
    }
    if let Some(SettingValue::Choice(name)) = collected.client("dialect").and_then(Value::setting)
        && let Some(dialect) = Dialect::ALL.iter().find(|dialect| dialect.name == name)
    {
        engine = engine.dialect(*dialect);
    }
    match engine.clone().build() {
        Ok(config) if config.dialect().name != Dialect::SOCKETIO.name => refuse_web(&mut collected),
        Ok(_) => {}
        Err(error) => collected.problems.push(contradiction(&error, profile, &collected)),
    }
    if !collected.problems.is_empty() {
        return Err(LoadError { problems: collected.problems });
    }
    let client = ClientSettings::new(&collected);
    let settings = collected.settings.into_iter().map(|(key, (_, source))| (key, source));
    let own = collected.client.into_iter().map(|(key, (_, source))| (key, source));
    Ok(Loaded { profile, engine, client, sources: settings.chain(own).collect() })
}

/// `url` and `urls` are one setting: the one from the source that goes first counts.
fn choose_urls(collected: &mut Collected) {
    let (Some(one), Some(many)) = (collected.source("url"), collected.source("urls")) else {
        return;
    };
    match rank(one).cmp(&rank(many)) {
        Ordering::Less => drop(collected.client.remove("url")),
        Ordering::Greater => drop(collected.client.remove("urls")),
        Ordering::Equal => {
            let detail = "`url` and `urls` are both given; accepted: one of them".to_owned();
            let (first, second) = (one.to_string(), many.to_string());
            collected.problems.push(Problem::Contradiction { detail, first, second });
        }
    }
}

/// Only servers of Socket.IO are named by their address in the web.
fn refuse_web(collected: &mut Collected) {
    for key in ["url", "urls"] {
        let Some((value, from)) = collected.client.get(key) else { continue };
        let urls = value.text().map(str::to_owned).into_iter().chain(value.list());
        let is_web = |url: &String| web_socket_address(url) != url.as_str();
        let problems = urls.filter(is_web).map(|url| Problem::Refused {
            from: from.clone(),
            key: key.to_owned(),
            value: shown_url(&url),
            accepted: URL.to_owned(),
        });
        collected.problems.extend(problems);
    }
}

fn rank(source: &Source) -> u8 {
    match source {
        Source::File { .. } => 0,
        Source::Variable(_) => 1,
        Source::Argument => 2,
    }
}

fn contradiction(error: &ConfigError, profile: Profile, collected: &Collected) -> Problem {
    let source = |key: &str| match collected.source(key) {
        Some(source) => format!("`{key}`: {source}"),
        None => format!("`{key}`: profile {}", profile.word()),
    };
    let (first, second) = if let ConfigError::Crossed { low_key, high_key, .. } = error {
        (source(low_key), source(high_key))
    } else {
        (error.to_string(), format!("profile {}", profile.word()))
    };
    Problem::Contradiction { detail: error.to_string(), first, second }
}
