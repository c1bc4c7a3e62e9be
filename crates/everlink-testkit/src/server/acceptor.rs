//! The server's one task: accepts, and owns every connection's task, so that all end with it.

use super::connection::Connection;
use super::limits::{CLOSE_TIME_MAX, CONNECTIONS_MAX, ORDERS_MAX, RETRY_EVERY};
use super::perform::Performer;
use super::record::{Ending, Log, ScriptFailure};
use super::script::{Script, Stall, Step};
use super::talk::Stop;
use crate::socket;
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

/// What the handle tells the tasks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Orders {
    pub(crate) is_frozen: bool,
    pub(crate) listens: bool,
    /// Connections of an earlier life are reset.
    pub(crate) life: u64,
}

/// The state of the server's task.
#[derive(Debug)]
pub(crate) struct Acceptor {
    pub(crate) address: SocketAddr,
    pub(crate) listener: Option<TcpListener>,
    pub(crate) orders: watch::Receiver<Orders>,
    pub(crate) listens: watch::Sender<bool>,
    pub(crate) connections: watch::Sender<Vec<Connection>>,
    pub(crate) scripts: VecDeque<Script>,
    pub(crate) otherwise: Script,
    pub(crate) wait_max: Duration,
    pub(crate) tasks: JoinSet<()>,
    pub(crate) block: Option<Block>,
}

/// Why nothing is accepted for now.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Block {
    Until(Instant),
    Life(u64),
}

impl Acceptor {
    pub(crate) async fn run(mut self) {
        loop {
            let orders = *self.orders.borrow_and_update();
            self.open_or_close(orders);
            let wake = self.unblock(orders);
            let may_accept = !orders.is_frozen && self.block.is_none();
            tokio::select! {
                biased;
                changed = self.orders.changed() => if changed.is_err() { return },
                Some(_) = self.tasks.join_next() => {}
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
                accepted = accept(self.listener.as_ref()), if may_accept => self.accepted(accepted, orders.life),
            }
        }
    }

    fn open_or_close(&mut self, orders: Orders) {
        match (orders.listens, &self.listener) {
            (true, Some(_)) => {}
            (true, None) => match socket::listen(self.address, None) {
                Ok(listener) => self.listener = Some(listener),
                Err(error) => {
                    tracing::warn!(address = %self.address, %error, "cannot listen again yet");
                    self.block = Some(Block::Until(Instant::now() + RETRY_EVERY));
                }
            },
            (false, _) => self.listener = None,
        }
        self.listens.send_if_modified(|listens| {
            let before = std::mem::replace(listens, self.listener.is_some());
            before != *listens
        });
    }

    /// Lifts a block that is over; returns when to look again.
    fn unblock(&mut self, orders: Orders) -> Option<Instant> {
        match self.block {
            Some(Block::Until(at)) if at > Instant::now() => return Some(at),
            Some(Block::Life(life)) if life == orders.life => return None,
            Some(Block::Until(_) | Block::Life(_)) | None => {}
        }
        self.block = None;
        None
    }

    fn accepted(&mut self, accepted: io::Result<TcpStream>, life: u64) {
        let known = self.connections.borrow().len();
        let stream = match accepted {
            Ok(stream) if known < CONNECTIONS_MAX => stream,
            Ok(stream) => return socket::reset(&stream),
            Err(error) => {
                tracing::warn!(%error, "accept failed");
                self.block = Some(Block::Until(Instant::now() + RETRY_EVERY));
                return;
            }
        };
        // A socket that is gone already refuses, and is noticed at the first read.
        drop(stream.set_nodelay(true));
        let script = self.next_script(life);
        let log = Arc::new(Log::default());
        let (sender, scripts) = mpsc::channel(ORDERS_MAX);
        let connection = Connection {
            number: known + 1,
            log: log.clone(),
            orders: sender,
            wait_max: self.wait_max,
        };
        self.connections.send_modify(|connections| connections.push(connection));
        self.tasks.spawn(serve(stream, script, log, scripts, self.orders.clone(), life));
    }

    /// Takes the script of the next connection, and holds back those after it if it says so.
    fn next_script(&mut self, life: u64) -> Script {
        let mut script = self.scripts.pop_front().unwrap_or_else(|| self.otherwise.clone());
        if let Some(delay) = script.accept_delay {
            // Accepted or in the queue is the same to the client, as long as nothing is read.
            script.steps.insert(0, Step::Stall(delay));
            self.block = Some(match delay {
                Stall::For(length) => Block::Until(Instant::now() + length),
                Stall::Forever => Block::Life(life),
            });
        }
        script
    }
}

/// Serves one connection to its end.
async fn serve(
    stream: TcpStream,
    script: Script,
    log: Arc<Log>,
    mut scripts: mpsc::Receiver<Script>,
    orders: watch::Receiver<Orders>,
    life: u64,
) {
    let mut performer = Performer::new(&stream, &log);
    let play = async {
        match performer.run(script, &mut scripts).await {
            Ok(never) => match never {},
            Err(stop) => stop,
        }
    };
    let stop = tokio::select! {
        biased;
        () = killed(orders.clone(), life) => Stop::Reset(Ending::Killed),
        stop = unless_frozen(orders, play) => stop,
    };
    conclude(&stream, &log, stop).await;
}

/// Writes down how a connection ended, and ends its socket.
async fn conclude(stream: &TcpStream, log: &Log, stop: Stop) {
    let (ending, script, is_reset) = match stop {
        Stop::Ended(ending) => (ending.clone(), ScriptFailure::Ended(ending), false),
        Stop::Reset(ending) => (ending.clone(), ScriptFailure::Ended(ending), true),
        Stop::Failed(failure) => (Ending::Script, failure, false),
    };
    if is_reset {
        socket::reset(stream);
    } else {
        socket::close(stream);
    }
    log.change(|record| {
        record.finish_script(Err(script));
        record.ending = Some(ending);
    });
    if !is_reset {
        // Dropped now, bytes on their way from the client would be answered by RST, which could
        // overtake what was sent last. An error is the same end.
        drop(timeout(CLOSE_TIME_MAX, socket::drain(stream)).await);
    }
}

async fn killed(mut orders: watch::Receiver<Orders>, life: u64) {
    // An error means that the server itself is gone.
    drop(orders.wait_for(|orders| orders.life > life).await);
}

/// Runs `work`, but not while the server is frozen.
async fn unless_frozen<T>(mut orders: watch::Receiver<Orders>, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        if orders.wait_for(|orders| !orders.is_frozen).await.is_err() {
            // The server is gone, and with it this task at its next turn.
            std::future::pending::<()>().await;
        }
        tokio::select! {
            biased;
            Ok(_) = orders.wait_for(|orders| orders.is_frozen) => {}
            result = &mut work => return result,
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}
