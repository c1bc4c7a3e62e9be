//! The proxy's one task: accepts, and owns every other task, so that all end with it.

use super::book::{Book, FaultId, Layer, Scope};
use super::conditions::Conditions;
use super::connection::carry;
use super::counters::Tally;
use super::direction::{End, Refusal};
use super::error::Rejected;
use super::fault::Fault;
use super::limits::{RETRY_EVERY, SCHEDULES_MAX};
use super::schedule::{Schedule, play};
use crate::socket;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// What the handle, the control port, the schedules and the connections have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) book: watch::Sender<Book>,
    pub(crate) tally: Tally,
    pub(crate) schedules: mpsc::Sender<Schedule>,
    pub(crate) upstream: String,
    pub(crate) seed: u64,
    pub(crate) next_connection: AtomicU64,
}

impl Shared {
    pub(crate) fn set(
        &self,
        fault: Fault,
        scope: Scope,
        layer: Layer,
        length: Option<Duration>,
    ) -> Result<FaultId, Rejected> {
        let until = length.map(|length| Instant::now() + length);
        let first_new = self.next_connection.load(Ordering::Relaxed);
        let mut id = None;
        self.book.send_modify(|book| id = Some(book.add(fault, scope, layer, until, first_new)));
        let id = id.expect("send_modify always calls its closure")?;
        self.tally.add(&self.tally.faults_applied, 1);
        Ok(id)
    }

    pub(crate) fn end_all(&self, end: End) {
        let below = self.next_connection.load(Ordering::Relaxed);
        self.book.send_modify(|book| book.cut(below, end));
        self.tally.add(&self.tally.faults_applied, 1);
    }

    pub(crate) fn play(&self, schedule: Schedule) -> Result<(), Rejected> {
        self.schedules.try_send(schedule).map_err(|_| {
            let accepted = format!("at most {SCHEDULES_MAX} that wait to start");
            Rejected::new("proxy", "schedules", SCHEDULES_MAX + 1, accepted)
        })
    }
}

/// The state of the proxy's task.
#[derive(Debug)]
pub(crate) struct Root {
    shared: Arc<Shared>,
    news: watch::Receiver<Book>,
    listener: Option<TcpListener>,
    listen: ListenOptions,
    orders: mpsc::Receiver<Schedule>,
    connections: JoinSet<()>,
    connections_max: usize,
    schedules: JoinSet<()>,
    retry_at: Option<Instant>,
}

/// How to open the listener, the first time and after a refusal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListenOptions {
    pub(crate) address: SocketAddr,
    pub(crate) receive_buffer_bytes: Option<u32>,
}

impl ListenOptions {
    pub(crate) fn listen(self) -> io::Result<TcpListener> {
        socket::listen(self.address, self.receive_buffer_bytes)
    }
}

impl Root {
    pub(crate) fn new(
        shared: Arc<Shared>,
        listener: TcpListener,
        listen: ListenOptions,
        orders: mpsc::Receiver<Schedule>,
        connections_max: usize,
    ) -> Self {
        Self {
            news: shared.book.subscribe(),
            shared,
            listener: Some(listener),
            listen,
            orders,
            connections: JoinSet::new(),
            connections_max,
            schedules: JoinSet::new(),
            retry_at: None,
        }
    }

    pub(crate) async fn run(mut self) {
        loop {
            self.open_or_close_listener();
            if self.news.borrow_and_update().is_closing() {
                break;
            }
            let wake = self.wake();
            tokio::select! {
                biased;
                changed = self.news.changed() => if changed.is_err() { return },
                Some(schedule) = self.orders.recv(), if self.schedules.len() < SCHEDULES_MAX => {
                    self.schedules.spawn(play(schedule, self.shared.clone()));
                }
                Some(_) = self.schedules.join_next() => {}
                Some(_) = self.connections.join_next() => {}
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => self.woken(),
                accepted = accept(self.listener.as_ref()), if self.may_accept() => self.accepted(accepted),
            }
        }
        self.listener = None;
        self.schedules.shutdown().await;
        while self.connections.join_next().await.is_some() {}
    }

    fn open_or_close_listener(&mut self) {
        let number = self.shared.next_connection.load(Ordering::Relaxed);
        let conditions = Conditions::of(&self.news.borrow(), number);
        match (conditions.refusal, &self.listener) {
            (Some(Refusal::Closed), _) => self.listener = None,
            (_, None) => self.listen_again(),
            (_, Some(_)) => {}
        }
    }

    fn listen_again(&mut self) {
        match self.listen.listen() {
            Ok(listener) => self.listener = Some(listener),
            Err(error) => {
                tracing::warn!(address = %self.listen.address, %error, "cannot listen again yet");
                self.retry_at = Some(Instant::now() + RETRY_EVERY);
            }
        }
    }

    fn accepted(&mut self, accepted: io::Result<TcpStream>) {
        let client = match accepted {
            Ok(client) => client,
            Err(error) => {
                tracing::warn!(%error, "accept failed");
                self.retry_at = Some(Instant::now() + RETRY_EVERY);
                return;
            }
        };
        let tally = &self.shared.tally;
        let number = self.shared.next_connection.fetch_add(1, Ordering::Relaxed);
        tally.add(&tally.connections, 1);
        if Conditions::of(&self.shared.book.borrow(), number).refusal.is_some() {
            socket::reset(&client);
            tally.add(&tally.refused, 1);
            return;
        }
        // Delay is this proxy's business, not Nagle's. A socket that is gone already refuses.
        drop(client.set_nodelay(true));
        self.connections.spawn(carry(client, number, self.shared.clone()));
    }

    fn woken(&mut self) {
        let now = Instant::now();
        self.retry_at = self.retry_at.filter(|at| *at > now);
        self.shared.book.send_if_modified(|book| {
            let before = book.in_force().len();
            book.expire(now);
            book.in_force().len() != before
        });
    }

    fn wake(&self) -> Option<Instant> {
        let expiry = self.news.borrow().next_expiry();
        [expiry, self.retry_at].into_iter().flatten().min()
    }

    fn may_accept(&self) -> bool {
        self.listener.is_some()
            && self.retry_at.is_none()
            && self.connections.len() < self.connections_max
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}
