//! Clients that nobody here wrote (Socket.IO's own in JavaScript, python-socketio), and our package for JavaScript
//! under Node, each a program that does what it is told line by line.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::environment::Environment;
use crate::program::Program;

/// Whose client it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// npm's `socket.io-client`.
    JavaScript,
    /// PyPI's `python-socketio`.
    Python,
    /// Our own package, on npm's `ws`. It speaks `everlink.v1`, and knows only `open` and `publish`.
    EverlinkWeb,
}

/// A program that holds sockets. It ends when this and all its sockets are dropped.
#[derive(Clone, Debug)]
pub struct OfficialClient(Arc<Program>);

/// One socket of an [`OfficialClient`].
#[derive(Debug)]
pub struct OfficialSocket {
    program: Arc<Program>,
    name: String,
    acks: AtomicU64,
}

impl OfficialClient {
    /// Starts the program; no socket is opened yet.
    ///
    /// # Errors
    ///
    /// When it or what it needs cannot be had.
    pub fn start(library: Library) -> Result<Self> {
        let environment = Environment::set_up()?;
        let mut command = match library {
            Library::JavaScript => environment.node("socket_io_client.js"),
            Library::Python => environment.python("socket_io_client.py"),
            Library::EverlinkWeb => {
                let mut command = environment.node("everlink_client.js");
                command.arg(environment.web_package()?);
                command
            }
        };
        Ok(Self(Arc::new(Program::start(&mut command)?)))
    }

    /// Returns a socket of this name, which is not opened yet.
    #[must_use]
    pub fn socket(&self, name: &str) -> OfficialSocket {
        let program = Arc::clone(&self.0);
        OfficialSocket { program, name: name.to_owned(), acks: AtomicU64::new(0) }
    }
}

impl OfficialSocket {
    /// Opens it; `options` are those of the script, such as `transports` and `auth`.
    ///
    /// # Errors
    ///
    /// When the program is gone.
    pub fn open(&self, url: &str, options: Value) -> Result<()> {
        let mut command = options;
        command["url"] = url.into();
        self.tell("open", command)
    }

    /// Tells it to do something that the script knows.
    ///
    /// # Errors
    ///
    /// When the program is gone.
    pub fn tell(&self, verb: &str, fields: Value) -> Result<()> {
        let mut command = fields;
        command["do"] = verb.into();
        command["socket"] = self.name.as_str().into();
        self.program.say(&command.to_string())
    }

    /// Emits an event and asks for no acknowledgement.
    ///
    /// # Errors
    ///
    /// When the program is gone.
    pub fn emit(&self, event: &str, arguments: Value) -> Result<()> {
        self.tell("emit", json!({ "name": event, "args": arguments }))
    }

    /// Emits an event, and returns the arguments of its acknowledgement.
    ///
    /// # Errors
    ///
    /// When there was none in time; the error holds what the client said.
    pub fn ask(&self, event: &str, arguments: Value) -> Result<Vec<Value>> {
        let (ack, from) = (self.acks.fetch_add(1, Ordering::Relaxed), self.mark());
        let within_ms = u64::try_from(LIMIT.as_millis())?;
        let command =
            json!({ "name": event, "args": arguments, "ack": ack, "within_ms": within_ms });
        self.tell("emit", command)?;
        let answer = self.wait(from, "acked", |fields| fields["ack"] == ack)?;
        anyhow::ensure!(answer["error"].is_null(), "{event} {arguments}: {answer}");
        Ok(answer["args"].as_array().cloned().unwrap_or_default())
    }

    /// Returns where what comes from now on begins, for [`Self::wait`].
    #[must_use]
    pub fn mark(&self) -> usize {
        self.program.count()
    }

    /// Waits for an event of the script (`connected`, `disconnected`, …), and returns its fields.
    ///
    /// # Errors
    ///
    /// When it did not come in time; the error lists what came instead.
    pub fn event(&self, from: usize, event: &str) -> Result<Value> {
        self.wait(from, event, |_| true)
    }

    /// Waits for an event of the script that `wanted` accepts.
    ///
    /// # Errors
    ///
    /// As [`Self::event`].
    pub fn wait(&self, from: usize, event: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let line = self.program.wait(from, LIMIT, |line| {
            let fields = line.json();
            fields["socket"] == *self.name && fields["event"] == event && wanted(&fields)
        });
        line.map(|line| line.json()).with_context(|| format!("{}: {event}", self.name))
    }

    /// Returns how often the script told of an event.
    #[must_use]
    pub fn count(&self, event: &str) -> usize {
        let lines = self.program.lines().into_iter().map(|line| line.json());
        lines.filter(|fields| fields["socket"] == *self.name && fields["event"] == event).count()
    }

    /// Returns the arguments of each event of Socket.IO of this name so far.
    #[must_use]
    pub fn heard(&self, name: &str) -> Vec<Value> {
        self.heard_since(0, name).0
    }

    /// Waits until so many events of this name have come since the program began; returns the first argument of each.
    ///
    /// # Errors
    ///
    /// When they did not come in time.
    pub fn hear(&self, name: &str, count: usize) -> Result<Vec<Value>> {
        let deadline = Instant::now() + LIMIT;
        let (mut heard, mut at) = self.heard_since(0, name);
        while heard.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            self.program.wait(at, left, |_| true).with_context(|| {
                let last = self.program.lines().pop().map(|line| line.text);
                format!("{}: {} of {count} {name}; last: {last:?}", self.name, heard.len())
            })?;
            let (more, next) = self.heard_since(at, name);
            heard.extend(more);
            at = next;
        }
        Ok(heard.into_iter().map(|mut arguments| arguments[0].take()).collect())
    }

    /// Returns what was heard from a line on, and the line behind it.
    fn heard_since(&self, from: usize, name: &str) -> (Vec<Value>, usize) {
        let lines = self.program.since(from);
        let next = from + lines.len();
        let fields = lines.into_iter().map(|line| line.json());
        let heard = fields.filter(|fields| {
            fields["socket"] == *self.name && fields["event"] == "heard" && fields["name"] == name
        });
        (heard.map(|mut fields| fields["args"].take()).collect(), next)
    }
}

/// Longest wait for anything that a client says.
const LIMIT: Duration = Duration::from_secs(30);
