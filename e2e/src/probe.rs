//! A client that is not ours, for what must be seen with other eyes.

use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::environment::Environment;
use crate::network::Side;

/// A client on Python's `websockets`: connects once, asks, leaves. It never comes back by itself.
#[derive(Clone, Debug)]
pub struct Probe {
    url: String,
    limit: Duration,
    inside: Option<Side>,
}

impl Probe {
    /// Makes a client of `url` that gives up after 10 s.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), limit: Duration::from_secs(10), inside: None }
    }

    /// Sets the time after which it gives up, connecting included.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Lets it run inside a network of its own.
    #[must_use]
    pub fn inside(mut self, side: &Side) -> Self {
        self.inside = Some(side.clone());
        self
    }

    /// Sends each message in turn, and returns the answer to each.
    ///
    /// # Errors
    ///
    /// When it cannot connect, is cut off, or gives up; the error holds what the client said.
    pub fn ask(&self, messages: &[&str]) -> Result<Vec<String>> {
        let answers = self.run(messages)?;
        answers.lines().map(|line| serde_json::from_str(line).context("no JSON string")).collect()
    }

    /// Connects, says nothing and sends no pings, and returns once somebody ended the connection.
    ///
    /// # Errors
    ///
    /// When it cannot connect, or gives up waiting.
    pub fn idle(&self) -> Result<()> {
        self.run(&["--idle"]).map(drop)
    }

    fn run(&self, arguments: &[&str]) -> Result<String> {
        let Output { status, stdout, stderr } =
            self.command(arguments)?.output().context("the probe")?;
        let said = String::from_utf8_lossy(&stderr);
        anyhow::ensure!(status.success(), "the probe of {}: {}", self.url, said.trim());
        String::from_utf8(stdout).context("the probe printed no UTF-8")
    }

    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut probe = Environment::set_up()?.python("probe.py");
        probe.arg(&self.url).arg(self.limit.as_secs_f64().to_string()).args(arguments);
        Ok(match &self.inside {
            Some(side) => side.enter(&probe),
            None => probe,
        })
    }
}
