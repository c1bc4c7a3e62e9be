//! Responders from a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::keywords::Rule;
use super::{Keywords, RespondHandle, RespondOptions, Webhook};
use crate::server::Server;

/// Responders as a file lists them, in TOML or, where its name ends in `.json`, in JSON. A table of
/// keywords has `rules` and maybe a `fallback`; a webhook has a `url`.
///
/// ```toml
/// [[responder]]
/// name = "support"
/// channels = "support-chat"
/// rules = [{ words = ["price", "how much"], reply = "It costs nothing." }]
/// fallback = "Somebody will answer soon."
///
/// [[responder]]
/// name = "assistant"
/// channels = "ai-*"
/// url = "http://127.0.0.1:9000/answer"
/// timeout = "2min"
/// secret_file = "/etc/everlink/worker.secret"
/// ```
#[derive(Debug, Default)]
pub struct ResponderFile {
    responders: Vec<(RespondOptions, Kind)>,
}

#[derive(Debug)]
enum Kind {
    Keywords(Keywords),
    Webhook(Webhook),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    #[serde(default, alias = "responders")]
    responder: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    channels: String,
    #[serde(default)]
    rules: Vec<Rule>,
    fallback: Option<String>,
    url: Option<String>,
    timeout: Option<String>,
    attempts_max: Option<u32>,
    secret_file: Option<PathBuf>,
    age_max: Option<String>,
    concurrent_max: Option<usize>,
}

impl ResponderFile {
    /// Reads a file, and the files with secrets that it names.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or something in it cannot be used; nothing is attached then.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ResponderFileError> {
        let path = path.as_ref();
        let wrong = |reason: String| ResponderFileError { path: path.to_owned(), reason };
        let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let json = path.extension().is_some_and(|extension| extension == "json");
        Self::parse(&text, json).map_err(wrong)
    }

    /// Reads the content of a file. Says in words what is wrong with it.
    fn parse(text: &str, json: bool) -> Result<Self, String> {
        let content: Content = if json {
            serde_json::from_str(text).map_err(|error| error.to_string())?
        } else {
            toml::from_str(text).map_err(|error| error.to_string())?
        };
        let mut responders = Vec::new();
        for entry in content.responder {
            let name = entry.name.clone();
            if responders.iter().any(|(known, _): &(RespondOptions, Kind)| *known.name == *name) {
                return Err(format!(
                    "responder {name:?} is there twice; each needs a name of its own"
                ));
            }
            let checked = entry.check().map_err(|why| format!("responder {name:?}: {why}"))?;
            responders.push(checked);
        }
        Ok(Self { responders })
    }

    /// Returns how many responders there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.responders.len()
    }

    /// Returns whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.responders.is_empty()
    }

    /// Attaches all of them; they answer until the handles are dropped. Must be called inside a tokio runtime.
    #[must_use = "responders answer until their handles are dropped"]
    pub fn attach(self, server: &Server) -> Vec<RespondHandle> {
        let attached = self.responders.into_iter().map(|(options, kind)| match kind {
            Kind::Keywords(table) => server.respond(options, table),
            Kind::Webhook(webhook) => server.respond(options, webhook),
        });
        // The options were checked when the file was read.
        attached.filter_map(Result::ok).collect()
    }
}

impl Entry {
    fn check(self) -> Result<(RespondOptions, Kind), String> {
        let mut options = RespondOptions::new(self.name.as_str(), self.channels.as_str());
        if let Some(age) = &self.age_max {
            options = options.age_max(duration("age_max", age)?);
        }
        if let Some(concurrent) = self.concurrent_max {
            options = options.concurrent_max(concurrent);
        }
        options.check().map_err(|error| error.to_string())?;
        let kind = match &self.url {
            Some(url) => Kind::Webhook(self.webhook(url)?),
            None => Kind::Keywords(self.keywords()?),
        };
        Ok((options, kind))
    }

    fn webhook(&self, url: &str) -> Result<Webhook, String> {
        if !self.rules.is_empty() || self.fallback.is_some() {
            return Err("it has a url, and rules or a fallback; accepted: either".to_owned());
        }
        let mut webhook = Webhook::new(url).map_err(|error| error.to_string())?;
        if let Some(timeout) = &self.timeout {
            let timeout = duration("timeout", timeout)?;
            webhook = webhook.timeout(timeout).map_err(|error| error.to_string())?;
        }
        if let Some(attempts) = self.attempts_max {
            webhook = webhook.attempts_max(attempts).map_err(|error| error.to_string())?;
        }
        if let Some(path) = &self.secret_file {
            let secret = fs::read_to_string(path)
                .map_err(|error| format!("secret_file {}: {error}", path.display()))?;
            webhook = webhook.bearer(secret.trim_end()).map_err(|error| error.to_string())?;
        }
        Ok(webhook)
    }

    fn keywords(self) -> Result<Keywords, String> {
        if self.timeout.is_some() || self.attempts_max.is_some() || self.secret_file.is_some() {
            return Err("timeout, attempts_max and secret_file go with a url".to_owned());
        }
        if self.rules.is_empty() && self.fallback.is_none() {
            return Err("it answers nothing; accepted: rules, a fallback, or a url".to_owned());
        }
        let table = Keywords::checked(self.rules).map_err(|error| error.to_string())?;
        Ok(match self.fallback {
            Some(fallback) => table.fallback(fallback),
            None => table,
        })
    }
}

fn duration(setting: &str, value: &str) -> Result<Duration, String> {
    humantime::parse_duration(value).map_err(|error| {
        format!("{setting} is {value:?} ({error}); accepted: a time such as 30s, 2min")
    })
}

/// A file of responders cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("responders in {path}: {reason}")]
#[non_exhaustive]
pub struct ResponderFileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_r04_a_file_lists_responders_in_toml_or_json() {
        let toml = r#"
            [[responder]]
            name = "support"
            channels = "support-chat"
            rules = [{ words = ["price"], reply = "Nothing." }]
            [[responder]]
            name = "assistant"
            channels = "ai-*"
            url = "http://127.0.0.1:9/answer"
            timeout = "2min"
            age_max = "10s"
        "#;
        let file = ResponderFile::parse(toml, false).unwrap();
        assert_eq!(file.len(), 2);
        let json = r#"{"responders":[{"name":"a","channels":"x","fallback":"hello"}]}"#;
        assert_eq!(ResponderFile::parse(json, true).unwrap().len(), 1);
        assert!(ResponderFile::parse("", false).unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_in_a_file_is_named_with_its_responder() {
        let entry = |more: &str| format!("[[responder]]\nname = \"a\"\nchannels = \"x\"\n{more}");
        for (text, expected) in [
            (entry(""), "answers nothing"),
            (entry("url = \"x\""), "webhook \"x\""),
            (entry("url = \"http://x/\"\nfallback = \"y\""), "either"),
            (entry("fallback = \"y\"\ntimeout = \"1s\""), "go with a url"),
            (entry("url = \"http://x/\"\ntimeout = \"soon\""), "timeout is \"soon\""),
            (entry("url = \"http://x/\"\ntimeout = \"1h\""), "100ms to 15min"),
            (entry("url = \"http://x/\"\nattempts_max = 0"), "1 to 20"),
            (entry("url = \"http://x/\"\nsecret_file = \"/none\""), "secret_file /none"),
            (entry("fallback = \"y\"\nconcurrent_max = 0"), "1 to 1024"),
            (entry("rules = [{ words = [\"?\"], reply = \"x\" }]"), "rule 1"),
            (entry("colour = 1"), "colour"),
            (entry("fallback = \"y\"\n") + &entry("fallback = \"y\""), "twice"),
        ] {
            let why = ResponderFile::parse(&text, false).unwrap_err();
            assert!(why.contains(expected), "{text}\n{why}");
        }
    }
}
