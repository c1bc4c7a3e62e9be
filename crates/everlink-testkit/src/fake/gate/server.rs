//! A running server, whatever it serves.

use super::Host;
use super::acceptor::Acceptor;
use super::orders::{Cut, Listens, Orders};
use crate::chaos::Rejected;
use crate::fake::error::FakeError;
use crate::fake::limits::WAIT_MAX;
use crate::socket;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::lookup_host;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Told one line for each thing that happens.
#[derive(Clone, Default)]
pub(crate) struct Observer(Option<Arc<Tell>>);

type Tell = dyn Fn(&str) + Send + Sync;

/// What all tasks of one server share.
pub(crate) struct Gate<H> {
    pub(crate) host: Arc<H>,
    pub(crate) orders: watch::Sender<Orders>,
    observer: Observer,
}

/// The handle of a running server. When it is dropped, every socket closes and every task ends.
pub(crate) struct Server<H> {
    address: SocketAddr,
    gate: Arc<Gate<H>>,
    listens: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Observer {
    pub(crate) fn new(tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    pub(crate) fn tell(&self, line: &str) {
        if let Some(tell) = &self.0 {
            tell(line);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Observer" } else { "nobody" })
    }
}

impl<H> Gate<H> {
    pub(crate) fn tell(&self, line: &str) {
        self.observer.tell(line);
    }
}

impl<H: Host> Server<H> {
    /// Listens, and serves `host` from then on.
    pub(crate) async fn start(
        listen: &str,
        host: Arc<H>,
        orders: watch::Sender<Orders>,
        observer: Observer,
    ) -> Result<Self, FakeError> {
        let fail = |source| FakeError::Listen { address: listen.to_owned(), source };
        let address = resolve(listen).await.map_err(fail)?;
        if !address.ip().is_loopback() {
            // There is no authentication, neither for clients nor for commands.
            let accepted = "an address of this machine, such as 127.0.0.1:0 or [::1]:8080";
            return Err(Rejected::new("fake server", "listen", listen, accepted).into());
        }
        let listener = socket::listen(address, None).map_err(fail)?;
        let address = listener.local_addr().map_err(fail)?;
        let gate = Arc::new(Gate { host, orders, observer });
        let (listens, listens_seen) = watch::channel(true);
        let acceptor = Acceptor::new(address, listener, gate.clone(), listens);
        Ok(Self { address, gate, listens: listens_seen, task: tokio::spawn(acceptor.run()) })
    }

    pub(crate) fn host(&self) -> &Arc<H> {
        &self.gate.host
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn order(&self, order: impl FnOnce(&mut Orders)) {
        self.gate.orders.send_modify(order);
    }

    pub(crate) fn cut(&self, how: Cut) -> Result<(), Rejected> {
        how.check()?;
        self.order(|orders| orders.cut(how));
        Ok(())
    }

    pub(crate) fn refuse(&self, status: Option<u16>) -> Result<(), Rejected> {
        if let Some(other) = status.filter(|status| !(400..=599).contains(status)) {
            return Err(Rejected::new("fake server", "status", other, "400 to 599"));
        }
        self.order(|orders| orders.refusal = status);
        Ok(())
    }

    pub(crate) async fn stop(&self) -> Result<(), FakeError> {
        self.order(|orders| {
            orders.cut(Cut::Reset);
            orders.listens = Listens::No;
        });
        self.until_listens(false).await
    }

    pub(crate) async fn start_again(&self) -> Result<(), FakeError> {
        self.order(|orders| orders.listens = Listens::Yes);
        self.until_listens(true).await
    }

    async fn until_listens(&self, wanted: bool) -> Result<(), FakeError> {
        let mut listens = self.listens.clone();
        let wait = listens.wait_for(|listens| *listens == wanted);
        match timeout(WAIT_MAX, wait).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(FakeError::NotSeen {
                what: format!("{} {}", self.address, if wanted { "open" } else { "closed" }),
                waited: WAIT_MAX,
                found: format!("listening: {}", !wanted),
            }),
        }
    }
}

impl<H> fmt::Debug for Server<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl<H> Drop for Server<H> {
    fn drop(&mut self) {
        // The task owns the sockets and the tasks of all connections.
        self.task.abort();
    }
}

async fn resolve(listen: &str) -> io::Result<SocketAddr> {
    let mut found = lookup_host(listen).await?;
    found.next().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such address"))
}
