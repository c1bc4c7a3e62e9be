//! Processes of the benchmark, which end with it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::job::ClientKind;
use crate::environment::Environment;

/// A process that answers each line with a line. Killed when dropped; the end of its standard input,
/// or of this process, ends it too.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Process {
    /// Starts the server; returns it with its addresses.
    pub(super) fn server() -> Result<(Self, Vec<String>)> {
        let mut process = Self::spawn("server", ours()?.arg("server"))?;
        let addresses = process.read(Duration::from_secs(10))?;
        Ok((process, addresses))
    }

    /// Starts the worker of a client.
    pub(super) fn worker(kind: ClientKind) -> Result<Self> {
        if kind == ClientKind::Python {
            let environment = Environment::set_up()?;
            return Self::spawn(kind.name(), &mut environment.python("bench_client.py"));
        }
        Self::spawn(kind.name(), ours()?.args(["worker", kind.name()]))
    }

    pub(crate) fn spawn(name: &str, command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let input = child.stdin.take().context("no standard input")?;
        let output = child.stdout.take().context("no standard output")?;
        let (lines, received) = sync_channel(4);
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { name: name.to_owned(), child, input, lines: received })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks and waits for the answer.
    pub(crate) fn ask<Q: Serialize, A: DeserializeOwned>(
        &mut self,
        question: &Q,
        limit: Duration,
    ) -> Result<A> {
        let line = serde_json::to_string(question)?;
        writeln!(self.input, "{line}").with_context(|| format!("{} is gone", self.name))?;
        self.input.flush().with_context(|| format!("{} is gone", self.name))?;
        self.read(limit).with_context(|| format!("{} was asked for {line}", self.name))
    }

    /// Waits for the next line.
    pub(crate) fn read<A: DeserializeOwned>(&mut self, limit: Duration) -> Result<A> {
        match self.lines.recv_timeout(limit) {
            Ok(line) => {
                serde_json::from_str(&line).with_context(|| format!("{} said {line}", self.name))
            }
            Err(RecvTimeoutError::Timeout) => {
                bail!("{} did not answer within {limit:?}", self.name)
            }
            Err(RecvTimeoutError::Disconnected) => bail!("{} has ended", self.name),
        }
    }
}

impl Process {
    /// Ends it as a crash would, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        // It may be gone already; there is nobody to tell otherwise.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Lets the system end this process when the one that started it ends, however that happens.
pub(crate) fn end_with_parent() -> Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .context("the system does not end us with our parent")?;
    Ok(())
}

fn ours() -> Result<Command> {
    Ok(Command::new(std::env::current_exe().context("where is this program?")?))
}
