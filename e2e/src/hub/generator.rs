//! The load: connections in a room that count what comes, and one that publishes.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use everlink::wire::ws::Item;
use tokio::sync::{Notify, Semaphore, mpsc, watch};

use super::job::{Job, Outcome, Speech};
use super::raw::{self, Raw};
use crate::bench::{end_with_parent, raise_open_files};

/// Does the jobs that come on standard input.
pub(super) fn run() -> Result<()> {
    end_with_parent()?;
    raise_open_files()?;
    let (lines, jobs) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if lines.blocking_send(line).is_err() {
                return;
            }
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(answer(jobs))
}

/// Connections are served between two jobs too: the server wants its heartbeats.
async fn answer(mut jobs: mpsc::Receiver<String>) -> Result<()> {
    let mut crowd = None;
    while let Some(line) = jobs.recv().await {
        let job: Job = serde_json::from_str(&line)?;
        let began = Instant::now();
        let outcome = match tokio::time::timeout(JOB_MAX, work(&mut crowd, job)).await {
            Ok(Ok(())) => {
                let elapsed_ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                Outcome::Done { elapsed_ns }
            }
            Ok(Err(error)) => Outcome::Failed { why: format!("{error:#}") },
            Err(_) => Outcome::Failed { why: format!("it took longer than {JOB_MAX:?}") },
        };
        let mut stdout = std::io::stdout();
        writeln!(stdout, "{}", serde_json::to_string(&outcome)?)?;
        stdout.flush()?;
    }
    Ok(())
}

async fn work(crowd: &mut Option<Crowd>, job: Job) -> Result<()> {
    match job {
        Job::Gather { addresses, speech, clients } => {
            if crowd.is_none() {
                *crowd = Some(Crowd::new(&addresses, speech).await?);
            }
            let crowd = crowd.as_mut().context("there is one")?;
            crowd.gather(&addresses, clients).await
        }
        Job::Broadcast { messages, in_flight, size } => {
            crowd.as_mut().context("nobody is there")?.broadcast(messages, in_flight, size).await
        }
        Job::Up { size } => crowd.as_mut().context("nobody is there")?.up(size).await,
    }
}

struct Crowd {
    speech: Speech,
    publisher: Raw,
    published: u64,
    clients: u32,
    shared: Arc<Shared>,
}

struct Shared {
    received: AtomicU64,
    sent: AtomicU64,
    lost: AtomicU64,
    /// The next message that everyone waits for has come, or something went wrong.
    progress: Notify,
    /// The size of what each is to send.
    order: watch::Sender<usize>,
}

impl Crowd {
    async fn new(addresses: &[String], speech: Speech) -> Result<Self> {
        let address = addresses.first().context("no address")?;
        let mut publisher = raw::open(address, speech, "/publish").await?;
        if speech == Speech::Everlink {
            raw::greet(&mut publisher, "publisher", "").await?;
        }
        let shared = Arc::new(Shared {
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            progress: Notify::new(),
            order: watch::Sender::new(0),
        });
        Ok(Self { speech, publisher, published: 0, clients: 0, shared })
    }

    async fn gather(&mut self, addresses: &[String], clients: u32) -> Result<()> {
        let seats = Arc::new(Semaphore::new(OPENING_MAX));
        let mut opening = Vec::new();
        for number in self.clients..self.clients + clients {
            let address = addresses[number as usize % addresses.len()].clone();
            let seat = Arc::clone(&seats).acquire_owned().await?;
            let speech = self.speech;
            opening.push(tokio::spawn(async move {
                let mut raw = raw::open(&address, speech, "/room").await?;
                if speech == Speech::Everlink {
                    raw::greet(&mut raw, &format!("c{number}"), r#"{"c":"room"}"#).await?;
                }
                drop(seat);
                Ok::<_, anyhow::Error>(raw)
            }));
        }
        for opening in opening {
            let raw = opening.await??;
            let orders = self.shared.order.subscribe();
            let shared = Arc::clone(&self.shared);
            tokio::spawn(member(raw, self.speech, shared, orders));
        }
        self.clients += clients;
        Ok(())
    }

    async fn broadcast(&mut self, messages: u32, in_flight: u32, size: usize) -> Result<()> {
        let (all, before) = (u64::from(self.clients), self.shared.received.load(Ordering::Relaxed));
        let payload = "x".repeat(size);
        let (mut sent, messages) = (0, u64::from(messages));
        loop {
            let delivered = (self.shared.received.load(Ordering::Relaxed) - before) / all;
            if delivered >= messages {
                return Ok(());
            }
            let mut more = false;
            while sent < messages && sent < delivered + u64::from(in_flight) {
                sent += 1;
                more = true;
                self.publish(&payload);
            }
            if more {
                self.publisher.flush().await?;
            }
            self.progress().await?;
        }
    }

    /// Waits until something has come: to a member, or, read away, to the publisher.
    async fn progress(&mut self) -> Result<()> {
        tokio::select! {
            () = self.shared.progress.notified() => {}
            more = self.publisher.turn() => ensure!(more?, "the publisher was cut off"),
        }
        while let Some(item) = self.publisher.take()? {
            if let Item::Text(text) = item
                && let Some(pong) = raw::pong(text.as_bytes())
            {
                self.publisher.queue(&pong.into());
            }
        }
        match self.shared.lost.load(Ordering::Relaxed) {
            0 => Ok(()),
            lost => bail!("{lost} connections were lost"),
        }
    }

    fn publish(&mut self, payload: &str) {
        self.published += 1;
        let number = self.published;
        let text = match self.speech {
            Speech::Everlink => {
                format!(r#"{{"t":"pub","c":"room","s":{number},"d":"{payload}"}}"#)
            }
            Speech::Plain => payload.to_owned(),
        };
        self.publisher.queue(&text.into());
    }

    async fn up(&mut self, size: usize) -> Result<()> {
        let wanted = self.shared.sent.load(Ordering::Relaxed) + u64::from(self.clients);
        self.shared.order.send_replace(size);
        while self.shared.sent.load(Ordering::Relaxed) < wanted {
            self.progress().await?;
        }
        Ok(())
    }
}

/// One connection in the room, until it ends.
async fn member(
    mut raw: Raw,
    speech: Speech,
    shared: Arc<Shared>,
    mut orders: watch::Receiver<usize>,
) {
    if let Err(error) = attend(&mut raw, speech, &shared, &mut orders).await {
        eprintln!("a member failed: {error:#}");
    }
    shared.lost.fetch_add(1, Ordering::Relaxed);
    shared.progress.notify_one();
}

async fn attend(
    raw: &mut Raw,
    speech: Speech,
    shared: &Shared,
    orders: &mut watch::Receiver<usize>,
) -> Result<()> {
    loop {
        let mut came = 0;
        while let Some(item) = raw.take()? {
            let Item::Text(text) = item else { continue };
            match speech {
                Speech::Plain => came += 1,
                Speech::Everlink if raw::is_message(text.as_bytes()) => came += 1,
                Speech::Everlink => {
                    if let Some(pong) = raw::pong(text.as_bytes()) {
                        raw.queue(&pong.into());
                    }
                }
            }
        }
        if came > 0 {
            shared.received.fetch_add(came, Ordering::Relaxed);
            shared.progress.notify_one();
        }
        tokio::select! {
            more = raw.turn() => if !more? { return Ok(()) },
            changed = orders.changed() => {
                changed?;
                let size = *orders.borrow_and_update();
                raw.queue(&large(speech, size).into());
                raw.flush().await?;
                shared.sent.fetch_add(1, Ordering::Relaxed);
                shared.progress.notify_one();
            }
        }
    }
}

/// A message that concerns nobody else.
fn large(speech: Speech, size: usize) -> String {
    let payload = "y".repeat(size);
    match speech {
        Speech::Everlink => format!(r#"{{"t":"vol","c":"elsewhere","k":"k","d":"{payload}"}}"#),
        Speech::Plain => payload,
    }
}

const OPENING_MAX: usize = 64;
const JOB_MAX: Duration = Duration::from_secs(120);
