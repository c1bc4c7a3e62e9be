//! The server of the demonstration: a process of its own, that can be killed and started again.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

/// `everlink serve` with a directory of its own; both end with this, and the server also with a demonstration
/// that is killed.
#[derive(Debug)]
pub(super) struct Host {
    process: Child,
    /// The server serves as long as this is open. Not within `process`: to wait for that closes it.
    lifeline: ChildStdin,
    address: SocketAddr,
    page: Option<String>,
    folder: TempDir,
}

#[derive(Deserialize)]
struct Serving {
    addresses: Vec<SocketAddr>,
    page: Option<String>,
}

impl Host {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("everlink-demo-").tempdir()?;
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let Started { process, lifeline, address, page } = spawn(folder.path(), any).await?;
        Ok(Self { process, lifeline, address, page, folder })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of its page, if it has one.
    pub(super) fn page(&self) -> Option<&str> {
        self.page.as_deref()
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills it with -9: it gets no chance to say anything.
    pub(super) async fn kill(&mut self) -> anyhow::Result<()> {
        self.process.kill().await.context("cannot kill the server")
    }

    /// Waits until it is dead: its page can kill it too.
    pub(super) async fn died(&mut self) -> anyhow::Result<()> {
        self.process.wait().await.context("cannot watch the server")?;
        Ok(())
    }

    /// Starts it again, where it was, on what it had stored.
    pub(super) async fn restart(&mut self) -> anyhow::Result<()> {
        let started = spawn(self.folder.path(), self.address).await?;
        (self.process, self.lifeline) = (started.process, started.lifeline);
        Ok(())
    }

    /// Stops it in the middle of whatever it does, as a machine without time to spare would.
    #[cfg(unix)]
    pub(super) fn freeze(&self, frozen: bool) -> anyhow::Result<()> {
        use rustix::process::{Pid, Signal, kill_process};
        let pid = self.process.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let pid = pid.context("the server has ended")?;
        let signal = if frozen { Signal::STOP } else { Signal::CONT };
        kill_process(pid, signal).context("cannot stop the server")
    }

    #[cfg(not(unix))]
    pub(super) fn freeze(&self, _: bool) -> anyhow::Result<()> {
        Ok(())
    }
}

/// A server that serves.
struct Started {
    process: Child,
    lifeline: ChildStdin,
    address: SocketAddr,
    page: Option<String>,
}

async fn spawn(folder: &Path, address: SocketAddr) -> anyhow::Result<Started> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut command = Command::new(program);
    command.args(SERVE).arg("--listen").arg(address.to_string());
    command.arg("--data").arg(folder);
    // Settings of the caller are not those of the demonstration.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("EVERLINK_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut process = command.kill_on_drop(true).spawn().context("cannot start the server")?;
    let lifeline = process.stdin.take().context("the server has no standard input")?;
    let stdout = process.stdout.take().context("the server has no standard output")?;
    let mut lines = BufReader::new(stdout).lines();
    let line = timeout(START_MAX, lines.next_line())
        .await
        .context("the server was not ready in time")?
        .context("cannot read what the server says")?
        .context("the server ended before it was ready")?;
    let serving: Serving = serde_json::from_str(&line).context("what the server says is new")?;
    let address = serving.addresses.first().copied().context("the server has no address")?;
    // It says little more, but a full pipe must not hold it up.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok(Started { process, lifeline, address, page: serving.page })
}

/// A short heartbeat, so that its page does not wait to be seen.
const SERVE: [&str; 9] = [
    "serve",
    "--json",
    "--supervised",
    "--node",
    "demo",
    "--heartbeat-interval",
    "2s",
    "--heartbeat-timeout",
    "2s",
];

/// How long a start may take: after a crash the store is read first.
const START_MAX: Duration = Duration::from_secs(20);
