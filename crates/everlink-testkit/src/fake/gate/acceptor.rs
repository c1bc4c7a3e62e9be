//! The server's one task: listens, accepts, and owns every connection's task, so that all end with it.

use super::Host;
use super::http;
use super::orders::Listens;
use super::server::Gate;
use crate::fake::limits::{CONNECTIONS_MAX, RETRY_EVERY};
use crate::socket;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

pub(crate) struct Acceptor<H> {
    address: SocketAddr,
    listener: Option<TcpListener>,
    gate: Arc<Gate<H>>,
    listens: watch::Sender<bool>,
    tasks: JoinSet<()>,
    /// When to try again what failed.
    retry: Option<Instant>,
}

impl<H: Host> Acceptor<H> {
    pub(crate) fn new(
        address: SocketAddr,
        listener: TcpListener,
        gate: Arc<Gate<H>>,
        listens: watch::Sender<bool>,
    ) -> Self {
        let (listener, tasks) = (Some(listener), JoinSet::new());
        Self { address, listener, gate, listens, tasks, retry: None }
    }

    pub(crate) async fn run(mut self) {
        let mut orders = self.gate.orders.subscribe();
        loop {
            let listens = orders.borrow_and_update().listens;
            let now = Instant::now();
            if self.retry.is_some_and(|at| at <= now) {
                self.retry = None;
            }
            let opens_at = self.open_or_close(listens, now);
            let wake = self.retry.or(opens_at);
            let may_accept = self.retry.is_none() && self.tasks.len() < CONNECTIONS_MAX;
            tokio::select! {
                biased;
                changed = orders.changed() => if changed.is_err() { return },
                Some(_) = self.tasks.join_next() => {}
                () = sleep_until(wake.unwrap_or(now)), if wake.is_some() => {}
                accepted = accept(self.listener.as_ref()), if may_accept => self.accepted(accepted),
            }
        }
    }

    /// Follows the order; returns when it wants the port open again.
    fn open_or_close(&mut self, listens: Listens, now: Instant) -> Option<Instant> {
        let opens_at = match listens {
            Listens::From(at) if at > now => Some(at),
            Listens::Yes | Listens::No | Listens::From(_) => None,
        };
        let wanted = listens != Listens::No && opens_at.is_none();
        match (wanted, &self.listener) {
            (false, _) => self.listener = None,
            (true, None) if self.retry.is_none() => match socket::listen(self.address, None) {
                Ok(listener) => self.listener = Some(listener),
                Err(error) => {
                    tracing::warn!(address = %self.address, %error, "cannot listen again yet");
                    self.retry = Some(now + RETRY_EVERY);
                }
            },
            (true, _) => {}
        }
        self.listens.send_if_modified(|listens| {
            let before = std::mem::replace(listens, self.listener.is_some());
            before != *listens
        });
        opens_at
    }

    fn accepted(&mut self, accepted: io::Result<(TcpStream, SocketAddr)>) {
        match accepted {
            Ok((stream, peer)) => {
                // A socket that is gone already refuses, and is noticed at the first read.
                drop(stream.set_nodelay(true));
                // An order that was given since then means this connection too.
                let cuts = self.gate.orders.borrow().cuts;
                self.tasks.spawn(http::serve(self.gate.clone(), stream, peer.ip(), cuts));
            }
            Err(error) => {
                tracing::warn!(%error, "accept failed");
                self.retry = Some(Instant::now() + RETRY_EVERY);
            }
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}
