//! What was found, for people as it is found, and for programs at the end.

use everlink::dial::Endpoint;
use serde::Serialize;
use serde_json::Value;

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
    #[serde(skip)]
    json: bool,
}

impl Report {
    pub(super) fn new(endpoint: &Endpoint, json: bool) -> Self {
        let url = endpoint.to_string();
        if !json {
            println!("{url}");
        }
        Self { url, findings: Vec::new(), settings: Vec::new(), json }
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
            println!("  {} {step:<9} {text}", level.mark());
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
    pub(super) fn finish(&self) {
        if self.json {
            match serde_json::to_string(self) {
                Ok(line) => println!("{line}"),
                Err(error) => eprintln!("everlink: the report cannot be written as JSON: {error}"),
            }
            return;
        }
        if self.settings.is_empty() {
            return;
        }
        println!("\nSettings that suit it:");
        for advice in &self.settings {
            let flag = format!("--{} {}", advice.setting.replace('_', "-"), advice.value);
            println!("  {flag:<32} {}", advice.why);
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
