//! Settings of a proxy, checked before it starts.

use super::book::{Book, Layer, Scope};
use super::control;
use super::counters::Tally;
use super::error::{ChaosError, Rejected};
use super::fault::Fault;
use super::limits::{CONNECTIONS_DEFAULT, SCHEDULES_MAX};
use super::proxy::ChaosProxy;
use super::root::{ListenOptions, Root, Shared};
use super::schedule::Schedule;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::net::{TcpListener, lookup_host};
use tokio::sync::{mpsc, watch};

/// Settings of a [`ChaosProxy`].
#[derive(Clone, Debug)]
pub struct ChaosProxyBuilder {
    listen: String,
    upstream: Option<String>,
    seed: u64,
    connections_max: usize,
    receive_buffer_bytes: Option<u32>,
    control: Option<String>,
    control_public: bool,
    faults: Vec<Fault>,
    schedules: Vec<Schedule>,
}

impl Default for ChaosProxyBuilder {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            upstream: None,
            seed: 0,
            connections_max: CONNECTIONS_DEFAULT,
            receive_buffer_bytes: None,
            control: None,
            control_public: false,
            faults: Vec::new(),
            schedules: Vec::new(),
        }
    }
}

impl ChaosProxyBuilder {
    /// Where clients connect to, as `host:port`. Default: `127.0.0.1:0`, a free port.
    #[must_use]
    pub fn listen(mut self, address: impl ToString) -> Self {
        self.listen = address.to_string();
        self
    }

    /// Where connections are forwarded to, as `host:port`; resolved again for each. Required.
    #[must_use]
    pub fn upstream(mut self, address: impl ToString) -> Self {
        self.upstream = Some(address.to_string());
        self
    }

    /// Seed of every decision by chance. Default: 0.
    ///
    /// The same seed, connection number and byte position decide the same.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Most connections at once; more wait in the accept queue. Default: 10,000. Range: 1 and more.
    #[must_use]
    pub fn connections_max(mut self, connections: usize) -> Self {
        self.connections_max = connections;
        self
    }

    /// Size of the kernel's receive buffer for clients. Unit: bytes. Default: the system's.
    ///
    /// Small values make a client's writes pile up sooner behind a slow reader or a freeze.
    #[must_use]
    pub fn receive_buffer_bytes(mut self, bytes: u32) -> Self {
        self.receive_buffer_bytes = Some(bytes);
        self
    }

    /// Opens an HTTP control port at `host:port`. Default: none. The address must be a loopback one,
    /// unless [`Self::control_public`] says otherwise, since there is no authentication.
    #[must_use]
    pub fn control(mut self, address: impl ToString) -> Self {
        self.control = Some(address.to_string());
        self
    }

    /// Allows a control port that other machines can reach. Default: false.
    #[must_use]
    pub fn control_public(mut self, allowed: bool) -> Self {
        self.control_public = allowed;
        self
    }

    /// Puts a fault in force from the start.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Plays a schedule from the start.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedules.push(schedule);
        self
    }

    /// Starts the proxy.
    ///
    /// # Errors
    ///
    /// When a setting is not accepted or an address cannot be listened on.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn build(self) -> Result<ChaosProxy, ChaosError> {
        let upstream = self.checked_upstream()?;
        let (schedules, orders) = mpsc::channel(SCHEDULES_MAX);
        let shared = Arc::new(Shared {
            book: watch::Sender::new(Book::default()),
            tally: Tally::default(),
            schedules,
            upstream,
            seed: self.seed,
            next_connection: AtomicU64::new(1),
        });
        for fault in &self.faults {
            shared.set(fault.clone(), Scope::All, Layer::Base, None)?;
        }
        for schedule in &self.schedules {
            shared.play(schedule.clone())?;
        }
        let (listener, mut listen) = self.open_listener().await?;
        listen.address = local_addr(&listener, &self.listen, "proxy")?;
        let control = self.open_control().await?;
        let root = Root::new(shared.clone(), listener, listen, orders, self.connections_max);
        let mut tasks = vec![tokio::spawn(root.run())];
        let control_addr = control.as_ref().map(|(_, address)| *address);
        if let Some((listener, _)) = control {
            tasks.push(tokio::spawn(control::serve(listener, shared.clone(), listen.address)));
        }
        Ok(ChaosProxy::new(shared, listen.address, control_addr, tasks))
    }

    fn checked_upstream(&self) -> Result<String, Rejected> {
        if self.connections_max == 0 {
            return Err(Rejected::new("proxy", "connections_max", 0, "1 and more"));
        }
        let accepted = "host:port, such as 127.0.0.1:9000";
        let Some(upstream) = self.upstream.clone() else {
            return Err(Rejected::new("proxy", "upstream", "missing", accepted));
        };
        let port = upstream.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_none_or(|port| port == 0) {
            return Err(Rejected::new("proxy", "upstream", upstream, accepted));
        }
        Ok(upstream)
    }

    async fn open_listener(&self) -> Result<(TcpListener, ListenOptions), ChaosError> {
        let fail = |source| listen_error(&self.listen, "proxy", source);
        let address = resolve(&self.listen).await.map_err(fail)?;
        let options = ListenOptions { address, receive_buffer_bytes: self.receive_buffer_bytes };
        Ok((options.listen().map_err(fail)?, options))
    }

    async fn open_control(&self) -> Result<Option<(TcpListener, SocketAddr)>, ChaosError> {
        let Some(text) = &self.control else {
            return Ok(None);
        };
        let fail = |source| listen_error(text, "control", source);
        let address = resolve(text).await.map_err(fail)?;
        if !address.ip().is_loopback() && !self.control_public {
            let accepted = "a loopback address, or any with control_public (--control-public)";
            return Err(Rejected::new("proxy", "control", text, accepted).into());
        }
        let options = ListenOptions { address, receive_buffer_bytes: None };
        let listener = options.listen().map_err(fail)?;
        let local = local_addr(&listener, text, "control")?;
        Ok(Some((listener, local)))
    }
}

async fn resolve(address: &str) -> io::Result<SocketAddr> {
    let mut found = lookup_host(address).await?;
    found.next().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such address"))
}

fn local_addr(
    listener: &TcpListener,
    address: &str,
    purpose: &'static str,
) -> Result<SocketAddr, ChaosError> {
    listener.local_addr().map_err(|source| listen_error(address, purpose, source))
}

fn listen_error(address: &str, purpose: &'static str, source: io::Error) -> ChaosError {
    ChaosError::Listen { address: address.to_owned(), purpose, source }
}
