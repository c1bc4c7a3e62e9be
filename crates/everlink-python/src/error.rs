//! Errors as the exceptions of `everlink.errors`.

use std::fmt::Debug;

use everlink::config::{LoadError, Problem};
use everlink::engine::{Cause, InputError};
use everlink::{
    BuildError, ConnectError, ConnectionError, Dropped, HistoryError, PoolError, PublishError,
    SendError, SubscribeError,
};
use pyo3::call::PyCallArgs;
use pyo3::prelude::*;

/// Makes an exception of a class of `everlink.errors`.
pub(crate) fn raise(class: &str, arguments: impl for<'py> PyCallArgs<'py>) -> PyErr {
    Python::attach(|py| {
        let made =
            py.import("everlink.errors").and_then(|errors| errors.getattr(class)?.call1(arguments));
        made.map_or_else(|error| error, PyErr::from_value)
    })
}

/// A failure as Python gets it: text, family, cause, and the code where it has one.
pub(crate) type Failure = (String, String, String, Option<u16>);

pub(crate) fn failure(error: &ConnectionError) -> Failure {
    #[expect(clippy::wildcard_enum_match_arm, reason = "only these four have a code")]
    let code = match error.cause() {
        Cause::ProxyRefused(code)
        | Cause::HttpStatus(code)
        | Cause::Redirected(code)
        | Cause::Closed(code) => Some(code),
        _ => None,
    };
    (error.to_string(), words(error.class()), words(error.cause()), code)
}

/// Returns the name of a variant as Python writes it: `HttpStatus(404)` is `http_status`.
pub(crate) fn words(variant: impl Debug) -> String {
    let text = format!("{variant:?}");
    let name = text.split(['(', ' ', '{']).next().unwrap_or_default();
    let mut words = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

pub(crate) fn connect(error: &ConnectError) -> PyErr {
    if let ConnectError::GaveUp(why) = error {
        let (_, reason, cause, code) = failure(why);
        return raise("ConnectError", (error.to_string(), reason, cause, code));
    }
    raise("ClientClosed", (error.to_string(),))
}

pub(crate) fn send(error: &SendError) -> PyErr {
    let text = error.to_string();
    if error.is_closed() {
        return raise("ClientClosed", (text,));
    }
    if error.is_full() || matches!(error, SendError::Behind | SendError::MustWait) {
        return raise("QueueFull", (text,));
    }
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what else there is, the dialect cannot say"
    )]
    let reason = match error {
        SendError::Refused(InputError::MessageTooBig { .. }) => "too_big",
        SendError::Refused(InputError::NotConnected) => "not_connected",
        SendError::NotStored(_) => "storage",
        SendError::Payload(_) | SendError::NotJson(_) => "payload",
        SendError::Channel(_) => "channel",
        _ => "dialect",
    };
    raise("SendError", (text, reason))
}

pub(crate) fn publish(error: &PublishError) -> PyErr {
    #[expect(clippy::wildcard_enum_match_arm, reason = "errors of publishing may grow")]
    let (reason, code) = match error {
        PublishError::Refused { code, .. } => ("refused", Some(*code)),
        PublishError::Dropped { .. } => ("dropped", None),
        _ => ("closed", None),
    };
    raise("PublishError", (error.to_string(), reason, code))
}

pub(crate) fn subscribe(error: &SubscribeError) -> PyErr {
    raise("SubscribeError", (error.to_string(),))
}

pub(crate) fn pool(error: &PoolError) -> PyErr {
    raise("SubscribeError", (error.to_string(),))
}

pub(crate) fn history(error: &HistoryError) -> PyErr {
    let code = if let HistoryError::Refused { code, .. } = error { Some(*code) } else { None };
    raise("HistoryError", (error.to_string(), words(error), code))
}

/// One thing that is wrong: the sentence, the setting, its value, and what is accepted.
type Wrong = (String, Option<String>, Option<String>, Option<String>);

pub(crate) fn load(error: &LoadError) -> PyErr {
    let problems: Vec<Wrong> = error.problems.iter().map(problem).collect();
    raise("SettingsError", (error.to_string(), problems))
}

fn problem(problem: &Problem) -> Wrong {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others name no single value")]
    let (setting, value, accepted) = match problem {
        Problem::Refused { key, value, accepted, .. } => {
            let value = value.starts_with('"').then(|| value.trim_matches('"').to_owned());
            (Some(key.clone()), value, Some(accepted.clone()))
        }
        Problem::UnknownKey { key, nearest, .. } => (Some(key.clone()), None, nearest.clone()),
        _ => (None, None, None),
    };
    (problem.to_string(), setting, value, accepted)
}

pub(crate) fn build(error: &BuildError) -> PyErr {
    let text = error.to_string();
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others say it in their sentence")]
    let parts = match error {
        BuildError::Bound { setting, value, accepted, .. } => {
            (Some((*setting).to_owned()), Some(value.to_string()), Some((*accepted).to_owned()))
        }
        _ => (None, None, None),
    };
    let (setting, value, accepted) = parts;
    let problems: Vec<Wrong> = vec![(text.clone(), setting, value, accepted)];
    raise("SettingsError", (text, problems))
}

/// Why a message was dropped, and the server's code.
pub(crate) fn dropped(why: Dropped) -> (String, Option<u32>) {
    (words(why), if let Dropped::Refused { code, .. } = why { Some(code) } else { None })
}
