//! Sockets that can be recovered: whose they are now, and which nobody came back for.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::inbox::{Command, Inbox};
use super::personal;
use super::socket::{Socket, WeakSocket};
use crate::log::{Log, LogError};
use crate::speech::Name;

/// Sockets by private id.
#[derive(Debug, Default)]
pub(super) struct Held {
    sockets: DashMap<Name, Entry>,
    /// The log has been looked through for those from before the start.
    found: OnceCell<()>,
}

#[derive(Debug)]
struct Entry {
    /// While its connection has it, or a handler holds it. What it is stands in the log alone.
    socket: Option<WeakSocket>,
    /// Since when nobody is connected by it.
    gone: Option<Instant>,
}

impl Entry {
    fn socket(&self) -> Option<Socket> {
        self.socket.as_ref()?.upgrade()
    }
}

impl Held {
    /// A socket is connected for the first time.
    pub(super) fn began(&self, pid: &Name, socket: &Socket) {
        let entry = Entry { socket: Some(socket.downgrade()), gone: None };
        self.sockets.insert(Arc::clone(pid), entry);
    }

    /// Returns whether it is too late to come back.
    pub(super) fn is_over(&self, pid: &str, window: Duration) -> bool {
        let gone = self.sockets.get(pid).and_then(|entry| entry.gone);
        gone.is_some_and(|gone| gone.elapsed() > window)
    }

    /// A socket goes over to another connection; the one that had it is told. `false` if it is gone for good.
    pub(super) fn take_over(
        &self,
        pid: &Name,
        fresh: &Socket,
        inbox: &Arc<Inbox>,
        rooms: Vec<Name>,
    ) -> Option<Socket> {
        let mut entry = self.sockets.get_mut(pid)?;
        entry.gone = None;
        let socket = entry.socket().unwrap_or_else(|| fresh.clone());
        entry.socket = Some(socket.downgrade());
        let before = socket.taken_over(inbox, rooms);
        drop(entry);
        if !Arc::ptr_eq(&before, inbox) {
            before.push(Command::TakenOver { sid: socket.sid().clone() });
        }
        Some(socket)
    }

    /// The connection of a socket has ended; it may come back.
    pub(super) fn went(&self, pid: &str, inbox: &Arc<Inbox>) {
        if let Some(mut entry) = self.sockets.get_mut(pid) {
            let its = entry.socket().is_some_and(|socket| socket.is_of(inbox));
            if its && entry.gone.is_none() {
                entry.gone = Some(Instant::now());
            }
        }
    }

    /// A socket is gone for good.
    pub(super) fn remove(&self, pid: &str) -> bool {
        let removed = self.sockets.remove(pid);
        if let Some(socket) = removed.as_ref().and_then(|(_, entry)| entry.socket()) {
            socket.acks().clear();
        }
        removed.is_some()
    }

    /// Takes those whose time is up.
    pub(super) fn take_due(&self, window: Duration) -> Vec<Name> {
        let due = |entry: &Entry| entry.gone.is_some_and(|gone| gone.elapsed() > window);
        let due: Vec<_> = self
            .sockets
            .iter()
            .filter(|entry| due(entry.value()))
            .map(|entry| entry.key().clone())
            .collect();
        due.into_iter()
            .filter(|pid| {
                self.sockets.remove_if(pid, |_, entry| due_still(entry, window)).is_some()
            })
            .collect()
    }

    /// Finds in the log, once, who was connected when the server ended: they may come back from now on.
    pub(super) async fn find_in(&self, log: &dyn Log) -> Result<(), LogError> {
        self.found.get_or_try_init(|| self.look_through(log)).await.map(drop)
    }

    async fn look_through(&self, log: &dyn Log) -> Result<(), LogError> {
        let mut after = personal::RESERVED.to_owned();
        loop {
            let page = log.channels(Some(&after), CHANNELS_AT_ONCE).await?;
            for channel in &page {
                let Some(pid) = personal::pid_of(channel) else {
                    return Ok(());
                };
                let gone = Some(Instant::now());
                self.sockets.entry(pid.into()).or_insert(Entry { socket: None, gone });
            }
            match page.last() {
                Some(last) if page.len() == CHANNELS_AT_ONCE => after = last.to_string(),
                _ => return Ok(()),
            }
        }
    }
}

fn due_still(entry: &Entry, window: Duration) -> bool {
    if entry.gone.is_none_or(|gone| gone.elapsed() <= window) {
        return false;
    }
    if let Some(socket) = entry.socket() {
        socket.acks().clear();
    }
    true
}

const CHANNELS_AT_ONCE: usize = 256;
