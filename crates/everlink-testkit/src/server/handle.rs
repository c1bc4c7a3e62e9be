//! The handle of a running server.

use super::acceptor::Orders;
use super::builder::ScriptedServerBuilder;
use super::connection::Connection;
use super::record::NotSeen;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A running scripted server. When this is dropped every socket closes and every task ends.
#[derive(Debug)]
pub struct ScriptedServer {
    pub(crate) address: SocketAddr,
    pub(crate) orders: watch::Sender<Orders>,
    pub(crate) listens: watch::Receiver<bool>,
    pub(crate) connections: watch::Receiver<Vec<Connection>>,
    pub(crate) wait_max: Duration,
    pub(crate) task: JoinHandle<()>,
}

/// The server could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
#[non_exhaustive]
pub struct ServerError {
    /// The address as given.
    pub address: String,
    /// What the operating system said.
    pub source: io::Error,
}

impl ScriptedServer {
    /// Starts to configure a server.
    #[must_use]
    pub fn builder() -> ScriptedServerBuilder {
        ScriptedServerBuilder::default()
    }

    /// Returns the address that the server listens on, also while it is stopped.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Returns the address as a URL, such as `ws://127.0.0.1:40123/`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}/", self.address)
    }

    /// Waits for the connection of this number, counted from 1 over the whole life of the server.
    ///
    /// # Errors
    ///
    /// When fewer were accepted within `wait_max`.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn connection(&self, number: usize) -> Result<Connection, NotSeen> {
        let index = number.saturating_sub(1);
        let mut connections = self.connections.clone();
        let wait = connections.wait_for(|connections| connections.len() > index);
        match timeout(self.wait_max, wait).await {
            Ok(Ok(connections)) => Ok(connections[index].clone()),
            Ok(Err(_)) | Err(_) => Err(NotSeen {
                what: format!("connection {number}"),
                waited: self.wait_max,
                found: format!("{} connections", self.connection_count()),
            }),
        }
    }

    /// Returns every connection so far.
    #[must_use]
    pub fn connections(&self) -> Vec<Connection> {
        self.connections.borrow().clone()
    }

    /// Returns how many connections were accepted so far.
    #[must_use]
    pub fn connection_count(&self) -> usize {
        self.connections.borrow().len()
    }

    /// Resets every live connection; the server goes on.
    pub fn kill(&self) {
        self.orders.send_modify(|orders| orders.life += 1);
    }

    /// Neither accepts, reads nor writes until thawed; sockets stay open.
    pub fn freeze(&self) {
        self.orders.send_modify(|orders| orders.is_frozen = true);
    }

    /// Goes on after a freeze.
    pub fn thaw(&self) {
        self.orders.send_modify(|orders| orders.is_frozen = false);
    }

    /// Resets every live connection and closes the listener, so that new ones are refused. Scripts not
    /// yet begun are kept for those who come after [`Self::start`].
    ///
    /// # Errors
    ///
    /// When the listener did not close within `wait_max`.
    ///
    /// # Cancel safety
    ///
    /// The order stands once the future was polled.
    pub async fn stop(&self) -> Result<(), NotSeen> {
        self.orders.send_modify(|orders| {
            orders.life += 1;
            orders.listens = false;
        });
        self.until_listens(false).await
    }

    /// Listens again, on the same port.
    ///
    /// # Errors
    ///
    /// When the port could not be had within `wait_max`.
    ///
    /// # Cancel safety
    ///
    /// The order stands once the future was polled.
    pub async fn start(&self) -> Result<(), NotSeen> {
        self.orders.send_modify(|orders| orders.listens = true);
        self.until_listens(true).await
    }

    /// Stops and starts again, on the same port.
    ///
    /// # Errors
    ///
    /// As [`Self::stop`] and [`Self::start`].
    ///
    /// # Cancel safety
    ///
    /// Dropped half-way, the server may stay stopped.
    pub async fn restart(&self) -> Result<(), NotSeen> {
        self.stop().await?;
        self.start().await
    }

    async fn until_listens(&self, wanted: bool) -> Result<(), NotSeen> {
        let mut listens = self.listens.clone();
        let wait = listens.wait_for(|listens| *listens == wanted);
        match timeout(self.wait_max, wait).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(NotSeen {
                what: format!("listening on {}: {wanted}", self.address),
                waited: self.wait_max,
                found: format!("listening: {}", !wanted),
            }),
        }
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        // The task owns the sockets and the tasks of all connections.
        self.task.abort();
    }
}
