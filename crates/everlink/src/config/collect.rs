//! Gathers what the sources say, key by key, and what is wrong with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use everlink_engine::{Accepted, Profile, SETTINGS, SettingValue};
use url::Url;

use super::aliases::{ALIASES, Alias, Reading};
use super::json::Node;
use super::keys::{self, CLIENT_KEYS, ClientKey, Takes};
use super::problem::{Problem, Source};
use super::value::{SHOWN_CHARS_MAX, ValueError, flag, value_from_millis, value_from_text};
use crate::dial::web_socket_address;

/// A value that a source gives to a key.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) source: Source,
    /// Its name at the source, as errors show it.
    pub(super) name: String,
    pub(super) target: Target,
    pub(super) given: Given,
}

/// What an item is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    Setting(&'static str, Accepted),
    Client(&'static ClientKey),
}

/// The value as it was given.
#[derive(Clone, Debug)]
pub(super) enum Given {
    Node(Node, Reading),
    /// By code, typed already.
    Typed(SettingValue),
}

/// A checked value of a client key.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Setting(SettingValue),
    Text(String),
    Path(PathBuf),
    List(Vec<String>),
    Pairs(Vec<(String, String)>),
}

/// Everything that the sources say.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) settings: BTreeMap<&'static str, (SettingValue, Source)>,
    pub(super) client: BTreeMap<&'static str, (Value, Source)>,
    pub(super) problems: Vec<Problem>,
}

impl Target {
    /// Finds a key by its own name.
    pub(super) fn by_key(key: &str) -> Option<Self> {
        let setting = SETTINGS.iter().find(|setting| setting.key == key);
        if let Some(setting) = setting {
            return Some(Self::Setting(setting.key, setting.accepted));
        }
        CLIENT_KEYS.iter().find(|known| known.key == key).map(Self::Client)
    }

    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Setting(key, _) => key,
            Self::Client(known) => known.key,
        }
    }

    fn is_secret(self) -> bool {
        matches!(self, Self::Client(known) if known.is_secret)
    }
}

impl Collected {
    /// Takes an item over what was taken before for its key.
    pub(super) fn take(&mut self, item: Item) {
        let result = match item.target {
            Target::Setting(_, accepted) => setting(&accepted, &item.given).map(Value::Setting),
            Target::Client(known) => client_value(known, &item),
        };
        match (item.target, result) {
            (Target::Setting(key, _), Ok(Value::Setting(value))) => {
                self.settings.insert(key, (value, item.source));
            }
            (target, Ok(value)) => {
                self.client.insert(target.key(), (value, item.source));
            }
            (target, Err(error)) => self.problems.push(refused(item, target, error)),
        }
    }

    pub(super) fn client(&self, key: &str) -> Option<&Value> {
        self.client.get(key).map(|(value, _)| value)
    }

    pub(super) fn source(&self, key: &str) -> Option<&Source> {
        let setting = self.settings.get(key).map(|(_, source)| source);
        setting.or_else(|| self.client.get(key).map(|(_, source)| source))
    }
}

impl Value {
    pub(super) fn setting(&self) -> Option<SettingValue> {
        if let Self::Setting(value) = self { Some(*value) } else { None }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn path(&self) -> Option<&Path> {
        if let Self::Path(path) = self { Some(path) } else { None }
    }

    pub(super) fn list(&self) -> Vec<String> {
        if let Self::List(list) = self { list.clone() } else { Vec::new() }
    }

    pub(super) fn pairs(&self) -> Vec<(String, String)> {
        if let Self::Pairs(pairs) = self { pairs.clone() } else { Vec::new() }
    }
}

/// Says what is wrong with a name in a file or an argument that no key has.
pub(super) fn unknown(from: Source, name: &str, profile: Profile) -> Problem {
    let named = |alias: &&Alias| alias.variable == name || alias.file_key == Some(name);
    let alias = ALIASES.iter().find(named);
    if let Some(alias) = alias
        && let Some(owner) = alias.profile.filter(|owner| *owner != profile)
        && alias.file_key == Some(name)
    {
        let (key, meant) = (name.to_owned(), alias.key);
        let (owner, profile) = (owner.word(), profile.word());
        return Problem::ForeignKey { from, key, owner, profile, meant };
    }
    // No profile helps where only the environment knows the name.
    let meant = alias.map(|alias| alias.key.to_owned());
    let nearest = meant.or_else(|| nearest(name, names_in_files(profile)));
    Problem::UnknownKey { from, key: cut(name), nearest }
}

/// Every name that a file may use under a profile.
fn names_in_files(profile: Profile) -> impl Iterator<Item = String> {
    let aliases = ALIASES.iter().filter(move |alias| alias.belongs_to(profile));
    keys::all().chain(aliases.filter_map(|alias| alias.file_key)).map(str::to_owned)
}

/// Returns the candidate that a mistyped name resembles, if one does.
pub(super) fn nearest(name: &str, candidates: impl Iterator<Item = String>) -> Option<String> {
    let name = cut(name).to_lowercase().replace('-', "_");
    let likeness =
        |candidate: String| (strsim::jaro_winkler(&name, &candidate.to_lowercase()), candidate);
    let best = candidates.map(likeness).max_by(|left, right| left.0.total_cmp(&right.0))?;
    (best.0 >= 0.8).then_some(best.1)
}

fn cut(text: &str) -> String {
    text.chars().take(SHOWN_CHARS_MAX).collect()
}

fn refused(item: Item, target: Target, error: ValueError) -> Problem {
    let value = match target {
        // What was refused of it says no more than it may.
        Target::Client(known) if matches!(known.key, "url" | "urls") => error.value,
        _ if target.is_secret() => NOT_SHOWN.to_owned(),
        Target::Setting(..) | Target::Client(_) => format!("{:?}", error.value),
    };
    Problem::Refused { from: item.source, key: item.name, value, accepted: error.accepted }
}

fn setting(accepted: &Accepted, given: &Given) -> Result<SettingValue, ValueError> {
    let (node, reading) = match given {
        Given::Node(node, reading) => (node, *reading),
        Given::Typed(value) if accepted.accepts(*value) => return Ok(*value),
        Given::Typed(value) => {
            return Err(ValueError::new(&value.to_string(), super::accepted_text(accepted)));
        }
    };
    let text = scalar(node, &super::accepted_text(accepted))?;
    match reading {
        Reading::Milliseconds => value_from_millis(accepted, text),
        Reading::Exponential => {
            let exponential = flag(&text.trim().to_lowercase())
                .ok_or_else(|| ValueError::new(text, super::accepted_text(&Accepted::Flag)))?;
            value_from_text(accepted, if exponential { "exponential" } else { "fixed" })
        }
        Reading::Same | Reading::WebAddress => value_from_text(accepted, text),
    }
}

fn client_value(known: &ClientKey, item: &Item) -> Result<Value, ValueError> {
    let Given::Node(node, reading) = &item.given else {
        let Takes::Value(accepted) = known.takes else {
            return Err(ValueError::new("a value of another kind", takes_text(known.takes)));
        };
        return setting(&accepted, &item.given).map(Value::Setting);
    };
    let accepted = takes_text(known.takes);
    match known.takes {
        Takes::Value(range) => {
            let text = scalar(node, &accepted)?;
            let word = if known.key == "log_level" { log_level(text) } else { text };
            value_from_text(&range, word).map(Value::Setting)
        }
        Takes::Text(_) => checked(known, *reading, scalar(node, &accepted)?).map(Value::Text),
        Takes::Path(_) => path(&item.source, scalar(node, &accepted)?).map(Value::Path),
        Takes::List(_) => {
            let items = list(node, &accepted)?;
            let items = items.iter().map(|text| checked(known, *reading, text));
            items.collect::<Result<_, _>>().map(Value::List)
        }
        Takes::Pairs(_) => pairs(node, &accepted).map(Value::Pairs),
    }
}

fn takes_text(takes: Takes) -> String {
    match takes {
        Takes::Value(accepted) => super::accepted_text(&accepted),
        Takes::Text(words) | Takes::Path(words) => words.to_owned(),
        Takes::List(words) => format!("a list of {words}"),
        Takes::Pairs(words) => format!("a table, or lines of `{words}`"),
    }
}

fn scalar<'a>(node: &'a Node, accepted: &str) -> Result<&'a str, ValueError> {
    match node {
        Node::Scalar(text) => Ok(text),
        Node::Other(text) => Err(ValueError::new(text, accepted)),
        Node::List(_) => Err(ValueError::new("a list", accepted)),
        Node::Table(_) => Err(ValueError::new("a table", accepted)),
    }
}

fn list(node: &Node, accepted: &str) -> Result<Vec<String>, ValueError> {
    if let Node::List(items) = node {
        return items.iter().map(|item| scalar(item, accepted).map(str::to_owned)).collect();
    }
    let parts =
        scalar(node, accepted)?.split(|letter: char| letter == ',' || letter.is_whitespace());
    Ok(parts.filter(|part| !part.is_empty()).map(str::to_owned).collect())
}

fn pairs(node: &Node, accepted: &str) -> Result<Vec<(String, String)>, ValueError> {
    if let Node::Table(table) = node {
        let pair =
            |(name, node): &(String, Node)| Ok((name.clone(), scalar(node, accepted)?.to_owned()));
        return table.iter().map(pair).collect();
    }
    let lines = scalar(node, accepted)?.lines().filter(|line| !line.trim().is_empty());
    let pair = |line: &str| {
        let (name, value) = line.split_once(':').ok_or_else(|| ValueError::new(line, accepted))?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    lines.map(pair).collect()
}

/// A path that stands in a file is meant from that file's folder.
fn path(source: &Source, text: &str) -> Result<PathBuf, ValueError> {
    if text.is_empty() {
        return Err(ValueError::new(text, "a file; the text is empty"));
    }
    Ok(match source {
        Source::File { path, .. } => {
            path.parent().map_or_else(|| text.into(), |folder| folder.join(text))
        }
        Source::Argument | Source::Variable(_) => text.into(),
    })
}

/// Checks the texts that have a form of their own; what connects checks them in full.
fn checked(known: &ClientKey, reading: Reading, text: &str) -> Result<String, ValueError> {
    let refused = || ValueError::new(text, takes_text(known.takes));
    match known.key {
        "url" | "urls" => {
            let refused = || ValueError::new(&shown_url(text), takes_text(known.takes));
            let parsed = Url::parse(text).map_err(|_| refused())?;
            // Whether `http` will do depends on the dialect, which another source may name.
            let fits = SCHEMES.contains(&parsed.scheme());
            if !fits || !parsed.has_host() {
                return Err(refused());
            }
            let translated = reading == Reading::WebAddress;
            Ok(if translated { web_socket_address(text).into_owned() } else { text.to_owned() })
        }
        "path" if !text.starts_with('/') => Err(refused()),
        "proxy" if !matches!(text, "env" | "none") => {
            let parsed = Url::parse(text).map_err(|_| refused())?;
            let schemes = ["http", "https", "socks5", "socks5h"];
            if schemes.contains(&parsed.scheme()) { Ok(text.to_owned()) } else { Err(refused()) }
        }
        _ if text.is_empty() => Err(refused()),
        _ => Ok(text.to_owned()),
    }
}

/// Returns what an error may say of a URL: no user, password or query, and nothing of a text that only resembles
/// one but its scheme.
pub(super) fn shown_url(text: &str) -> String {
    let Ok(url) = Url::parse(text) else {
        return match text.split_once("://") {
            Some((scheme, _)) if SCHEMES.contains(&scheme) => format!("\"{scheme}://…\""),
            _ if text.is_empty() => "\"\"".to_owned(),
            _ => NOT_SHOWN.to_owned(),
        };
    };
    let Some(host) = url.host_str() else { return NOT_SHOWN.to_owned() };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let query = if url.query().is_some() { "?…" } else { "" };
    format!("\"{}://{host}{port}{}{query}\"", url.scheme(), url.path())
}

/// What errors say instead of a value that may be a secret.
const NOT_SHOWN: &str = "not shown, it may hold a secret";

/// Those that people write.
const SCHEMES: [&str; 4] = ["ws", "wss", "http", "https"];

/// The words that other logging systems use.
fn log_level(text: &str) -> &str {
    match text.trim().to_lowercase().as_str() {
        "warning" => "warn",
        "critical" | "fatal" => "error",
        "notset" => "trace",
        _ => text,
    }
}
