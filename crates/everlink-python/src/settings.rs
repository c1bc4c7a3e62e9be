//! Settings as Python gives them: the same keys, with floats for seconds.

use everlink::Profile;
use everlink::config::{CLIENT_KEYS, Loader, Takes};
use everlink::engine::{Accepted, SETTINGS};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyString, PyTuple};

/// Puts settings into a loader, as texts: what is wrong is told by it, with the value as it was given.
pub(crate) fn loader(settings: &[(String, Bound<'_, PyAny>)]) -> PyResult<Loader> {
    let mut loader = Loader::new();
    for (name, value) in settings {
        let key = key(name);
        if let Ok(pairs) = value.cast::<PyDict>() {
            let lines = pairs.iter().map(|(name, value)| Ok(format!("{name}: {value}\n")));
            loader = loader.argument(key, lines.collect::<PyResult<String>>()?);
        } else if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
            let texts: PyResult<Vec<_>> = value.try_iter()?.map(|item| text(&item?, key)).collect();
            loader = loader.argument_list(key, texts?);
        } else {
            loader = loader.argument(key, text(value, key)?);
        }
    }
    Ok(loader)
}

/// Returns the key of a setting by its name in Python: `tls_ca` is `tls.ca`.
fn key(name: &str) -> &str {
    let dotted = CLIENT_KEYS.iter().map(|known| known.key);
    dotted.into_iter().find(|key| key.replace('.', "_") == name).unwrap_or(name)
}

fn text(value: &Bound<'_, PyAny>, key: &str) -> PyResult<String> {
    if value.is_none() {
        let is_time = matches!(accepted(key), Some(Accepted::Duration(..)));
        return Ok(if is_time { "off" } else { "none" }.to_owned());
    }
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(flag.is_true().to_string());
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(text.to_str()?.to_owned());
    }
    if value.is_instance_of::<pyo3::types::PyFloat>() {
        // Rust writes no exponents, which no setting understands.
        return Ok(value.extract::<f64>()?.to_string());
    }
    Ok(value.str()?.to_str()?.to_owned())
}

fn accepted(key: &str) -> Option<Accepted> {
    let engine = SETTINGS.iter().find(|setting| setting.key == key).map(|setting| setting.accepted);
    engine.or_else(|| {
        let known = CLIENT_KEYS.iter().find(|known| known.key == key)?;
        if let Takes::Value(accepted) = known.takes { Some(accepted) } else { None }
    })
}

/// A setting as `everlink.settings` types it: name, kind, whether `None` is accepted, meaning, words.
type Row = (String, &'static str, bool, String, Vec<&'static str>);

/// Returns every setting but those that `connect` has arguments of its own for.
#[pyfunction]
pub(crate) fn settings_table() -> Vec<Row> {
    let engine = SETTINGS
        .iter()
        .map(|setting| row(setting.key, Takes::Value(setting.accepted), setting.doc));
    let own = CLIENT_KEYS.iter().filter(|known| !ARGUMENTS.contains(&known.key));
    engine.chain(own.map(|known| row(known.key, known.takes, known.doc))).collect()
}

/// Returns the words for a profile.
#[pyfunction]
pub(crate) fn profiles() -> Vec<&'static str> {
    Profile::WORDS.to_vec()
}

/// Returns the words for a dialect.
#[pyfunction]
pub(crate) fn dialects() -> Vec<&'static str> {
    if let Some(Accepted::Choice(words)) = accepted("dialect") {
        words.to_vec()
    } else {
        Vec::new()
    }
}

fn row(key: &str, takes: Takes, doc: &str) -> Row {
    #[expect(clippy::wildcard_enum_match_arm, reason = "kinds may grow; any of them is a text")]
    let (kind, optional, words): (_, _, &[&str]) = match takes {
        Takes::Value(Accepted::Duration(_, _, off)) => ("seconds", off, &[]),
        Takes::Value(Accepted::Count(_, _, none)) => ("count", none, &[]),
        Takes::Value(Accepted::Number(..)) => ("number", false, &[]),
        Takes::Value(Accepted::Flag) => ("flag", false, &[]),
        Takes::Value(Accepted::Choice(words)) => ("word", false, words),
        Takes::Path(_) => ("path", false, &[]),
        Takes::List(_) => ("list", false, &[]),
        Takes::Pairs(_) => ("pairs", false, &[]),
        _ => ("text", false, &[]),
    };
    (key.replace('.', "_"), kind, optional, doc.trim().to_owned(), words.to_vec())
}

/// What `connect` has arguments for, and the level of the log, which is Python's.
const ARGUMENTS: [&str; 5] = ["url", "urls", "profile", "dialect", "log_level"];
