//! `everlink serve`: a process that is killed with -9 and started again on what it had stored.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// The server, with its directory. Killed when dropped.
#[derive(Debug)]
pub(super) struct Server {
    program: PathBuf,
    data: PathBuf,
    process: Child,
    address: SocketAddr,
}

#[derive(Deserialize)]
struct Serving {
    addresses: Vec<SocketAddr>,
}

impl Server {
    pub(super) async fn start(folder: &Path) -> Result<Self> {
        let program = PathBuf::from(crate::environment::everlink()?.get_program());
        let data = folder.join("server");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let (process, address) = spawn(&program, &data, any).await?;
        Ok(Self { program, data, process, address })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) async fn kill(&mut self) -> Result<()> {
        self.process.kill().await.context("cannot kill the server")
    }

    /// Starts it again, where it was.
    pub(super) async fn restart(&mut self) -> Result<()> {
        self.process = spawn(&self.program, &self.data, self.address).await?.0;
        Ok(())
    }

    /// Stops it in the middle of whatever it does, or lets it go on.
    pub(super) fn freeze(&self, frozen: bool) -> Result<()> {
        let pid = self.process.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let signal = if frozen { Signal::STOP } else { Signal::CONT };
        kill_process(pid.context("the server has ended")?, signal).context("cannot stop the server")
    }

    /// Returns how the server ended, if it did so without having been killed.
    pub(super) fn ended(&mut self) -> Result<Option<String>> {
        Ok(self.process.try_wait()?.map(|status| status.to_string()))
    }
}

async fn spawn(program: &Path, data: &Path, address: SocketAddr) -> Result<(Child, SocketAddr)> {
    let mut command = Command::new(program);
    // Supervised, by standard input: a run that is killed takes its server along.
    command.args(["serve", "--json", "--supervised", "--node", "soak", "--listen"]);
    command.arg(address.to_string());
    command.arg("--data").arg(data);
    // Settings of the caller are not those of the run.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("EVERLINK_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut process = command.kill_on_drop(true).spawn().context("cannot start the server")?;
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
    Ok((process, address))
}

/// How long a start may take: after a crash the store is read first.
const START_MAX: Duration = Duration::from_secs(60);
