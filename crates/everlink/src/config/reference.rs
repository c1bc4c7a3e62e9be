//! The reference of settings and verdicts, printed from the tables that the code uses.

use std::fmt::Write;

use everlink_engine::{Causes, Profile, SETTINGS, Setting, TABLE};

use super::aliases::{ALIASES, Reading};
use super::keys::{CLIENT_KEYS, Takes, flag_name, variable_name};
use super::value::{accepted_text, value_text};

/// Returns every setting as Markdown: key, option, variable, default of each profile, what is
/// accepted and what it means.
#[must_use]
pub fn settings_reference() -> String {
    let mut text = String::from(
        "## The engine's settings\n\n\
         | key | option | variable | default | accepted | meaning |\n|---|---|---|---|---|---|\n",
    );
    for setting in SETTINGS {
        let names = names(setting.key);
        let (default, meaning) = (defaults(setting), meaning(setting.doc));
        let accepted = cell(&accepted_text(&setting.accepted));
        line(&mut text, format_args!("| {names} | {default} | {accepted} | {meaning} |"));
    }
    text.push_str(
        "\n## The client's settings\n\n\
         | key | option | variable | accepted | meaning and default |\n|---|---|---|---|---|\n",
    );
    for known in CLIENT_KEYS {
        let accepted = match known.takes {
            Takes::Value(accepted) => accepted_text(&accepted),
            Takes::Text(words) | Takes::Path(words) | Takes::Pairs(words) => words.to_owned(),
            Takes::List(words) => format!("a list of {words}"),
        };
        let (names, accepted) = (names(known.key), cell(&accepted));
        line(&mut text, format_args!("| {names} | {accepted} | {} |", cell(known.doc)));
    }
    aliases(&mut text);
    text
}

/// Returns the table of verdicts as Markdown: which failure leads to what, and why.
#[must_use]
pub fn verdict_reference() -> String {
    let mut text = String::from("| failure | verdict | why |\n|---|---|---|\n");
    for rule in TABLE {
        let (causes, verdict) = (causes(rule.causes), words(&format!("{:?}", rule.verdict)));
        line(&mut text, format_args!("| {causes} | {verdict} | {} |", cell(rule.why)));
    }
    text
}

fn aliases(text: &mut String) {
    text.push_str(
        "\n## Names of the source systems\n\n\
         | profile | variable | key in a file | setting | read as |\n|---|---|---|---|---|\n",
    );
    for alias in ALIASES {
        let profile = alias.profile.map_or("all", Profile::word);
        let file_key = alias.file_key.map_or(String::new(), |key| format!("`{key}`"));
        let reading = match alias.reading {
            Reading::Same => "the setting's own",
            Reading::Milliseconds => "a bare number is milliseconds",
            Reading::Exponential => "true: `exponential`, false: `fixed`",
            Reading::WebAddress => "`http` is `ws`, `https` is `wss`",
        };
        let (variable, key) = (alias.variable, alias.key);
        line(text, format_args!("| {profile} | `{variable}` | {file_key} | `{key}` | {reading} |"));
    }
}

fn names(key: &str) -> String {
    format!("`{key}` | `{}` | `{}`", flag_name(key), variable_name(key))
}

/// The default of `standard`, then of each profile that has another one.
fn defaults(setting: &Setting) -> String {
    let value =
        |profile: Profile| profile.settings().get(setting.key).map(value_text).unwrap_or_default();
    let standard = value(Profile::Standard);
    let mut text = format!("`{standard}`");
    for profile in Profile::ALL {
        let own = value(profile);
        if own != standard {
            text.push_str(&format!("; {}: `{own}`", profile.word()));
        }
    }
    text
}

/// The prose of a doc comment without its default and range, which have columns of their own.
fn meaning(doc: &str) -> String {
    let doc = doc.split_whitespace().collect::<Vec<_>>().join(" ");
    let (meaning, rest) = doc.split_once(" Default: ").unwrap_or((&doc, ""));
    let why = rest.find("Why").map_or("", |at| &rest[at..]);
    cell(format!("{meaning} {why}").trim_end())
}

fn causes(causes: Causes) -> String {
    let range =
        |first, last| if first == last { format!("{first}") } else { format!("{first} to {last}") };
    match causes {
        Causes::One(cause) => words(&format!("{cause:?}")),
        Causes::HttpStatuses(first, last) => format!("HTTP status {}", range(first, last)),
        Causes::CloseCodes(first, last) => format!("close code {}", range(first, last)),
        Causes::ProxyRefusals(0, u16::MAX) => "proxy refused, other".to_owned(),
        Causes::ProxyRefusals(first, last) if first == last => {
            format!("proxy refused with {first}")
        }
        Causes::ProxyRefusals(first, last) => format!("proxy refused with {first} to {last}"),
        Causes::Redirects => "redirected".to_owned(),
    }
}

/// `NameNotFound` as `name not found`.
fn words(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn line(text: &mut String, row: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{row}");
}
