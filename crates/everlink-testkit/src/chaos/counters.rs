//! What the proxy has seen and done.

use super::direction::{End, Way};
use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;

/// A reading of the counters; all count from the start of the proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counters {
    /// Connections accepted, refused ones included.
    pub connections: u64,
    /// Connections carried now.
    pub connections_open: u64,
    /// Connections accepted only to be reset, by [`Fault::Refuse`](super::Fault::Refuse).
    pub connections_refused: u64,
    /// Connections that the proxy closed by FIN, by a fault or an order.
    pub connections_cut: u64,
    /// Connections that the proxy reset, by a fault or an order, or because one side had done so.
    pub connections_reset: u64,
    /// Connections for which the upstream could not be reached.
    pub upstream_failures: u64,
    /// Bytes handed to the server.
    pub bytes_up: u64,
    /// Bytes handed to the client.
    pub bytes_down: u64,
    /// Bytes from the client that were swallowed.
    pub swallowed_up: u64,
    /// Bytes from the server that were swallowed.
    pub swallowed_down: u64,
    /// Bytes from the client that were changed.
    pub corrupted_up: u64,
    /// Bytes from the server that were changed.
    pub corrupted_down: u64,
    /// Faults put in force and orders to end connections, by hand or by a schedule.
    pub faults_applied: u64,
}

/// The live counters, and a bell that rings at each change.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) connections: AtomicU64,
    pub(crate) open: AtomicU64,
    pub(crate) refused: AtomicU64,
    cut: AtomicU64,
    reset: AtomicU64,
    pub(crate) upstream_failures: AtomicU64,
    bytes: [AtomicU64; 2],
    swallowed: [AtomicU64; 2],
    corrupted: [AtomicU64; 2],
    pub(crate) faults_applied: AtomicU64,
    bell: Notify,
}

impl Tally {
    pub(crate) fn add(&self, counter: &AtomicU64, count: usize) {
        counter.fetch_add(count as u64, Ordering::Relaxed);
        self.bell.notify_waiters();
    }

    pub(crate) fn forwarded(&self, way: Way, count: usize) {
        self.add(&self.bytes[slot(way)], count);
    }

    pub(crate) fn swallowed(&self, way: Way, count: usize) {
        self.add(&self.swallowed[slot(way)], count);
    }

    pub(crate) fn corrupted(&self, way: Way, count: usize) {
        self.add(&self.corrupted[slot(way)], count);
    }

    pub(crate) fn ended(&self, end: End) {
        match end {
            End::Close => self.add(&self.cut, 1),
            End::Reset => self.add(&self.reset, 1),
        }
    }

    /// Counts a connection as open until the guard drops, also when its task is aborted.
    pub(crate) fn opened(&self) -> Open<'_> {
        self.add(&self.open, 1);
        Open { tally: self }
    }

    pub(crate) fn read(&self) -> Counters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            connections: read(&self.connections),
            connections_open: read(&self.open),
            connections_refused: read(&self.refused),
            connections_cut: read(&self.cut),
            connections_reset: read(&self.reset),
            upstream_failures: read(&self.upstream_failures),
            bytes_up: read(&self.bytes[0]),
            bytes_down: read(&self.bytes[1]),
            swallowed_up: read(&self.swallowed[0]),
            swallowed_down: read(&self.swallowed[1]),
            corrupted_up: read(&self.corrupted[0]),
            corrupted_down: read(&self.corrupted[1]),
            faults_applied: read(&self.faults_applied),
        }
    }

    /// Waits until the counters satisfy `wanted`, and returns them.
    pub(crate) async fn wait(&self, wanted: impl Fn(&Counters) -> bool) -> Counters {
        loop {
            let mut rung = std::pin::pin!(self.bell.notified());
            // Listening before looking, so that no change falls between.
            rung.as_mut().enable();
            let counters = self.read();
            if wanted(&counters) {
                return counters;
            }
            rung.await;
        }
    }
}

/// One open connection.
#[derive(Debug)]
pub(crate) struct Open<'a> {
    tally: &'a Tally,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.tally.open.fetch_sub(1, Ordering::Relaxed);
        self.tally.bell.notify_waiters();
    }
}

fn slot(way: Way) -> usize {
    match way {
        Way::Up => 0,
        Way::Down => 1,
    }
}
