//! `everlink serve` as a process: killed, frozen, and started again where it was on what it had stored.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::environment;
use crate::program::Program;

/// Where messages are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// In a folder of the server's own, so that they outlive a process.
    Disk,
    /// In the process.
    Memory,
}

/// A running `everlink serve`, and its folder. Both are gone when this is dropped.
#[derive(Debug)]
pub struct EverlinkServer {
    program: Program,
    address: SocketAddr,
    folder: Option<TempDir>,
    arguments: Vec<String>,
}

impl EverlinkServer {
    /// Starts it on a free port, with further arguments, and without the demonstration that answers by itself.
    ///
    /// # Errors
    ///
    /// When it cannot be built or does not serve.
    pub fn start(store: Store, arguments: &[&str]) -> Result<Self> {
        let folder = match store {
            Store::Disk => Some(tempfile::tempdir().context("a folder for the server")?),
            Store::Memory => None,
        };
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let (program, address) = spawn(any, folder.as_ref(), &arguments)?;
        Ok(Self { program, address, folder, arguments })
    }

    /// Returns where it listens; the same after [`Self::restart`].
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it at once, as `kill -9` does.
    ///
    /// # Errors
    ///
    /// When it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        self.program.kill()
    }

    /// Starts it again where it was, killing it first if it runs.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub fn restart(&mut self) -> Result<()> {
        self.program.kill()?;
        self.program = spawn(self.address, self.folder.as_ref(), &self.arguments)?.0;
        Ok(())
    }

    /// Asks it to end, as a service manager does, and returns its exit code.
    ///
    /// # Errors
    ///
    /// When it still runs after `limit`.
    pub fn stop(&mut self, limit: Duration) -> Result<i32> {
        self.program.signal(Signal::TERM)?;
        self.program.ended(limit)
    }

    /// Stops it in mid-air: its sockets stay open and nothing answers.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub fn freeze(&self) -> Result<()> {
        self.program.signal(Signal::STOP)
    }

    /// Lets it go on after [`Self::freeze`].
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub fn thaw(&self) -> Result<()> {
        self.program.signal(Signal::CONT)
    }

    /// Returns all messages of a conversation, as its REST endpoint has them.
    ///
    /// # Errors
    ///
    /// When it does not answer with them.
    pub fn history(&self, conversation: &str) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut after = Some(0);
        while let Some(place) = after {
            let path = format!("/conversations/{conversation}/messages?limit=500&after={place}");
            let page = self.get(&path)?;
            let messages = page["messages"].as_array().context("a page without messages")?;
            all.extend(messages.iter().cloned());
            after = page["next_after"].as_u64().filter(|next| *next > place);
        }
        Ok(all)
    }

    /// Returns the JSON at a path.
    ///
    /// # Errors
    ///
    /// When it answers with something else.
    pub fn get(&self, path: &str) -> Result<Value> {
        let mut socket = TcpStream::connect(self.address)?;
        socket.set_read_timeout(Some(ANSWER_MAX))?;
        write!(socket, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no answer of HTTP")?;
        anyhow::ensure!(head.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        serde_json::from_str(body).with_context(|| format!("{path}: no JSON: {body}"))
    }
}

fn spawn(
    address: SocketAddr,
    folder: Option<&TempDir>,
    arguments: &[String],
) -> Result<(Program, SocketAddr)> {
    let mut command = environment::everlink()?;
    // Supervised: a test that is killed takes its server along.
    command.args(["serve", "--json", "--supervised", "--no-demo-responders"]);
    command.args(["--listen", &address.to_string()]);
    match folder {
        Some(folder) => command.arg("--data").arg(folder.path()),
        None => command.arg("--memory"),
    };
    let program = Program::start(command.args(arguments))?;
    let line = program.wait(0, START_MAX, |line| line.json()["event"] == "serving")?;
    let address = line.json()["addresses"][0].as_str().context("no address")?.parse()?;
    Ok((program, address))
}

/// Longest wait for the first line: after a crash the store is read first.
const START_MAX: Duration = Duration::from_secs(60);

const ANSWER_MAX: Duration = Duration::from_secs(20);
