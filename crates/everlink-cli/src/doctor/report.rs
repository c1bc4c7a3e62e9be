//! What was found, for people as it is found, and for programs at the end.

use std::fmt::Display;
use std::io;

use everlink::dial::Endpoint;
use serde::Serialize;
use serde_json::Value;

use crate::streams::print;

/// How a finding is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// As it should be.
    Good,
    /// Worth knowing.
    Note,
    /// Will hurt some day.
    Warning,
    /// Does not work.
    Bad,
}

/// One thing that was found.
#[derive(Debug, Serialize)]
struct Finding {
    step: &'static str,
    level: Level,
    text: String,
    #[serde(skip_serializing_if = "Value::is_null")]
    data: Value,
}

/// One setting that suits the endpoint.
#[derive(Debug, Serialize)]
struct Advice {
    setting: &'static str,
    value: String,
    why: String,
}

/// Everything that was found.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    url: String,
    findings: Vec<Finding>,
    settings: Vec<Advice>,
    /// How writing went so far.
    #[serde(skip)]
    written: io::Result<()>,
    #[serde(skip)]
    json: bool,
}

impl Report {
    pub(super) fn new(endpoint: &Endpoint, json: bool) -> Self {
        let (url, mut written) = (endpoint.to_string(), Ok(()));
        if !json {
            written = print(&url);
        }
        Self { url, findings: Vec::new(), settings: Vec::new(), written, json }
    }

    /// Adds a finding, and tells it at once to a person.
    pub(super) fn add(&mut self, step: &'static str, level: Level, text: impl Into<String>) {
        self.add_with(step, level, text, Value::Null);
    }

    /// Adds a finding with figures for programs.
    pub(super) fn add_with(
        &mut self,
        step: &'static str,
        level: Level,
        text: impl Into<String>,
        data: Value,
    ) {
        let text = text.into();
        if !self.json {
            self.print(format_args!("  {} {step:<9} {text}", level.mark()));
        }
        self.findings.push(Finding { step, level, text, data });
    }

    /// Adds a setting that suits the endpoint.
    pub(super) fn advise(&mut self, setting: &'static str, value: String, why: impl Into<String>) {
        self.settings.push(Advice { setting, value, why: why.into() });
    }

    pub(super) fn worst(&self) -> Level {
        self.findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Good)
    }

    /// Prints what belongs at the end.
    ///
    /// # Errors
    ///
    /// When anything could not be printed, since the first line.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if self.json {
            return print(serde_json::to_string(&self)?);
        }
        if !self.settings.is_empty() {
            self.print("\nSettings that suit it:");
        }
        for advice in std::mem::take(&mut self.settings) {
            let flag = format!("--{} {}", advice.setting.replace('_', "-"), advice.value);
            self.print(format_args!("  {flag:<32} {}", advice.why));
        }
        self.written
    }

    fn print(&mut self, line: impl Display) {
        if self.written.is_ok() {
            self.written = print(line);
        }
    }
}

impl Level {
    /// A sign that does not need colour.
    const fn mark(self) -> &'static str {
        match self {
            Self::Good => "ok  ",
            Self::Note => "note",
            Self::Warning => "warn",
            Self::Bad => "BAD ",
        }
    }
}
