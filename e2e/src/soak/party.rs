//! The client processes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::options::Options;

/// All client processes; they are killed when this is dropped.
#[derive(Debug)]
pub(super) struct Party {
    folder: PathBuf,
    url: String,
    rate: u16,
    rooms: u16,
    members: Vec<Member>,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Publisher,
    Subscriber,
}

#[derive(Debug)]
struct Member {
    kind: Kind,
    index: u16,
    process: Child,
}

impl Party {
    pub(super) fn start(options: &Options, folder: &Path, address: SocketAddr) -> Result<Self> {
        let mut party = Self {
            folder: folder.to_owned(),
            url: format!("ws://{address}/ws"),
            rate: options.rate,
            rooms: options.rooms,
            members: Vec::new(),
        };
        for index in 0..options.subscribers {
            party.add(Kind::Subscriber, index)?;
        }
        for index in 0..options.publishers {
            party.add(Kind::Publisher, index)?;
        }
        Ok(party)
    }

    pub(super) fn add(&mut self, kind: Kind, index: u16) -> Result<()> {
        let process = self.spawn(kind, index)?;
        self.members.push(Member { kind, index, process });
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Kills a member with -9.
    pub(super) async fn kill(&mut self, at: usize) -> Result<Kind> {
        let member = &mut self.members[at];
        member.process.kill().await.context("cannot kill a client")?;
        Ok(member.kind)
    }

    /// Starts a member that has ended, on what it left.
    pub(super) fn restart(&mut self, at: usize) -> Result<()> {
        let Member { kind, index, .. } = self.members[at];
        self.members[at].process = self.spawn(kind, index)?;
        Ok(())
    }

    /// Returns members that ended although nobody has killed them, in words, and starts them again.
    pub(super) fn revive(&mut self) -> Result<Vec<String>> {
        let mut told = Vec::new();
        for at in 0..self.members.len() {
            let Member { kind, index, process } = &mut self.members[at];
            if let Some(status) = process.try_wait()? {
                told.push(format!("{kind:?} {index} ended by itself: {status}"));
                self.restart(at)?;
            }
        }
        Ok(told)
    }

    /// Lets the members of a kind end in order; returns in words which did not.
    pub(super) async fn end(&mut self, kind: Kind, limit: Duration) -> Result<Vec<String>> {
        let mut told = Vec::new();
        let ours = |member: &&mut Member| member.kind == kind;
        for member in self.members.iter_mut().filter(ours) {
            drop(member.process.stdin.take());
        }
        for member in self.members.iter_mut().filter(ours) {
            let index = member.index;
            match timeout(limit, member.process.wait()).await {
                Ok(status) => {
                    let status = status?;
                    if !status.success() {
                        told.push(format!("{kind:?} {index} did not end in order: {status}"));
                    }
                }
                Err(_) => told.push(format!("{kind:?} {index} did not end within {limit:?}")),
            }
        }
        Ok(told)
    }

    fn spawn(&self, kind: Kind, index: u16) -> Result<Child> {
        let mut command = Command::new(std::env::current_exe().context("where is this program?")?);
        let word = match kind {
            Kind::Publisher => "publisher",
            Kind::Subscriber => "subscriber",
        };
        command.arg(word).arg(&self.url).arg(&self.folder).arg(index.to_string());
        match kind {
            Kind::Publisher => {
                command.args([index % self.rooms, self.rate].map(|number| number.to_string()))
            }
            Kind::Subscriber => command.arg(self.rooms.to_string()),
        };
        command.stdin(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true);
        command.spawn().with_context(|| format!("cannot start {word} {index}"))
    }
}
