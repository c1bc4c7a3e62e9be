//! The handle of a running proxy.

use super::book::{FaultId, InForce, Layer, Scope};
use super::builder::ChaosProxyBuilder;
use super::counters::Counters;
use super::direction::End;
use super::error::{Rejected, WaitError};
use super::fault::{Fault, check_time};
use super::root::Shared;
use super::schedule::Schedule;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// A running chaos proxy. When this is dropped every socket closes and every task ends.
#[derive(Debug)]
pub struct ChaosProxy {
    shared: Arc<Shared>,
    local: SocketAddr,
    control: Option<SocketAddr>,
    tasks: Vec<JoinHandle<()>>,
}

impl ChaosProxy {
    /// Starts to configure a proxy.
    #[must_use]
    pub fn builder() -> ChaosProxyBuilder {
        ChaosProxyBuilder::default()
    }

    pub(crate) fn new(
        shared: Arc<Shared>,
        local: SocketAddr,
        control: Option<SocketAddr>,
        tasks: Vec<JoinHandle<()>>,
    ) -> Self {
        Self { shared, local, control, tasks }
    }

    /// Puts a fault in force for live and new connections, until cleared.
    ///
    /// It takes the place of a fault of the same kind and ways that was set like this before.
    ///
    /// # Errors
    ///
    /// When a value is out of range, or [`FAULTS_IN_FORCE_MAX`](super::limits::FAULTS_IN_FORCE_MAX)
    /// are in force; nothing has changed then.
    pub fn set(&self, fault: Fault) -> Result<FaultId, Rejected> {
        self.set_on(Scope::All, fault)
    }

    /// Puts a fault in force for the connections of `scope`, until cleared.
    ///
    /// # Errors
    ///
    /// As [`Self::set`].
    pub fn set_on(&self, scope: Scope, fault: Fault) -> Result<FaultId, Rejected> {
        self.shared.set(fault, scope, Layer::Base, None)
    }

    /// Puts a fault in force for `length`, on top of what stands; what stood below comes back.
    ///
    /// # Errors
    ///
    /// As [`Self::set`]; `length` may be at most [`TIME_MAX`](super::limits::TIME_MAX).
    pub fn set_for(
        &self,
        length: Duration,
        scope: Scope,
        fault: Fault,
    ) -> Result<FaultId, Rejected> {
        check_time("set_for", "length", length)?;
        self.shared.set(fault, scope, Layer::Timed, Some(length))
    }

    /// Ends one fault; says whether it was in force.
    pub fn remove(&self, id: FaultId) -> bool {
        let mut removed = false;
        self.shared.book.send_modify(|book| removed = book.remove(id));
        removed
    }

    /// Ends every fault. Schedules that run go on.
    pub fn clear(&self) {
        self.shared.book.send_modify(super::book::Book::clear);
    }

    /// Ends every live connection once; new ones are welcome.
    pub fn cut(&self, end: End) {
        self.shared.end_all(end);
    }

    /// Plays a schedule, its times counted from now.
    ///
    /// # Errors
    ///
    /// When [`SCHEDULES_MAX`](super::limits::SCHEDULES_MAX) wait to start.
    pub fn play(&self, schedule: Schedule) -> Result<(), Rejected> {
        self.shared.play(schedule)
    }

    /// Closes the listener and every connection (FIN), waits for all tasks, and returns the counters.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends everything at once.
    pub async fn shutdown(mut self) -> Counters {
        self.shared.book.send_modify(super::book::Book::close);
        for task in &mut self.tasks[..1] {
            // A task that panicked has ended too.
            drop(task.await);
        }
        self.shared.tally.read()
    }

    /// Returns the address that clients connect to.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Returns the address of the control port, when there is one.
    #[must_use]
    pub fn control_addr(&self) -> Option<SocketAddr> {
        self.control
    }

    /// Returns the counters.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.tally.read()
    }

    /// Returns the faults in force.
    #[must_use]
    pub fn in_force(&self) -> Vec<InForce> {
        self.shared.book.borrow().in_force().to_vec()
    }

    /// Waits until the counters satisfy `wanted`, for at most `limit`.
    ///
    /// # Errors
    ///
    /// With the counters as they were when the time was up.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: waiting changes nothing.
    pub async fn wait_until(
        &self,
        limit: Duration,
        wanted: impl Fn(&Counters) -> bool,
    ) -> Result<Counters, WaitError> {
        let waited = tokio::time::timeout(limit, self.shared.tally.wait(wanted)).await;
        waited.map_err(|_| WaitError { waited: limit, seen: self.counters() })
    }
}

impl Drop for ChaosProxy {
    fn drop(&mut self) {
        // Each of these tasks owns the sockets and tasks that it started.
        for task in &self.tasks {
            task.abort();
        }
    }
}
