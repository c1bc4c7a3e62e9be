//! The load: connections in a room that count what comes, and one that publishes.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use everlink::wire::ws::{Item, Text};
use tokio::sync::{Notify, Semaphore, mpsc, watch};

use super::audience::Audience;
use super::job::{Job, Outcome, Speech};
use super::log_load;
use super::raw::{Dialer, Raw};
use super::returner::Herd;
use super::speech::Word;
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
    let mut bed = Bed::default();
    while let Some(line) = jobs.recv().await {
        let job: Job = serde_json::from_str(&line)?;
        let outcome = match tokio::time::timeout(JOB_MAX, bed.work(job)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => Outcome::Failed { why: format!("{error:#}") },
            Err(_) => Outcome::Failed { why: format!("it took longer than {JOB_MAX:?}") },
        };
        let mut stdout = std::io::stdout();
        writeln!(stdout, "{}", serde_json::to_string(&outcome)?)?;
        stdout.flush()?;
    }
    Ok(())
}

/// What lasts from one job to the next.
#[derive(Default)]
struct Bed {
    crowd: Option<Crowd>,
    herd: Option<Herd>,
    audience: Option<Audience>,
}

impl Bed {
    async fn work(&mut self, job: Job) -> Result<Outcome> {
        let began = Instant::now();
        match job {
            Job::Gather { addresses, speech, clients, certificate } => {
                if self.crowd.is_none() {
                    let crowd = Crowd::new(&addresses, speech, certificate.as_deref()).await?;
                    self.crowd = Some(crowd);
                }
                self.crowd()?.gather(&addresses, clients).await?;
            }
            Job::Broadcast { messages, in_flight, size } => {
                self.crowd()?.broadcast(messages, in_flight, size).await?;
            }
            Job::Up { size } => self.crowd()?.up(size).await?,
            Job::Publish { addresses, publishers, size, millis } => {
                let us = log_load::publish(&addresses, publishers, size, millis).await?;
                return Ok(Outcome::Published { us });
            }
            Job::Fill { addresses, messages, size } => {
                log_load::fill(&addresses, messages, size).await?;
            }
            Job::Replay { addresses, messages, client } => {
                log_load::replay(&addresses, messages, &client).await?;
            }
            Job::Stream { addresses, messages, size } => {
                log_load::stream(&addresses, messages, size).await?;
            }
            Job::Herd { addresses, speech, clients } => {
                self.herd = Some(Herd::gather(&addresses, speech, clients).await?);
            }
            Job::Return { restarted_ms } => {
                let herd = self.herd.as_mut().context("there is no herd")?;
                return Ok(Outcome::Returned(herd.returned(restarted_ms).await?));
            }
            Job::Attend { addresses, publisher } => {
                self.audience = Some(Audience::gather(&addresses, &publisher).await?);
            }
            Job::Talk { millis, every_ms } => {
                let audience = self.audience.as_mut().context("there is no audience")?;
                return Ok(Outcome::Heard(audience.talk(millis, every_ms).await?));
            }
        }
        let elapsed_ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Ok(Outcome::Done { elapsed_ns })
    }

    fn crowd(&mut self) -> Result<&mut Crowd> {
        self.crowd.as_mut().context("nobody is there")
    }
}

struct Crowd {
    speech: Speech,
    dialer: Dialer,
    publisher: mpsc::UnboundedSender<Text>,
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
    async fn new(addresses: &[String], speech: Speech, certificate: Option<&Path>) -> Result<Self> {
        let address = addresses.first().context("no address")?;
        let dialer = Dialer::new(certificate)?;
        let mut publisher = dialer.open(address, speech.request(true)).await?;
        speech.enter(&mut publisher, "publisher", true).await?;
        let (texts, publications) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            progress: Notify::new(),
            order: watch::Sender::new(0),
        });
        tokio::spawn(publish(publisher, speech, publications, Arc::clone(&shared)));
        Ok(Self { speech, dialer, publisher: texts, published: 0, clients: 0, shared })
    }

    async fn gather(&mut self, addresses: &[String], clients: u32) -> Result<()> {
        let seats = Arc::new(Semaphore::new(OPENING_MAX));
        let mut opening = Vec::new();
        for number in self.clients..self.clients + clients {
            let address = addresses[number as usize % addresses.len()].clone();
            let seat = Arc::clone(&seats).acquire_owned().await?;
            let (speech, dialer) = (self.speech, self.dialer.clone());
            opening.push(tokio::spawn(async move {
                let mut raw = dialer.open(&address, speech.request(false)).await?;
                speech.enter(&mut raw, &format!("c{number}"), false).await?;
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
            while sent < messages && sent < delivered + u64::from(in_flight) {
                sent += 1;
                self.publish(&payload)?;
            }
            self.progress().await?;
        }
    }

    /// Waits until something has come or gone.
    async fn progress(&self) -> Result<()> {
        self.shared.progress.notified().await;
        match self.shared.lost.load(Ordering::Relaxed) {
            0 => Ok(()),
            lost => bail!("{lost} connections were lost"),
        }
    }

    fn publish(&mut self, payload: &str) -> Result<()> {
        self.published += 1;
        let text = self.speech.publication(self.published, payload);
        self.publisher.send(text.into()).context("the publisher was cut off")
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

/// The connection that publishes, until it ends.
async fn publish(
    raw: Raw,
    speech: Speech,
    texts: mpsc::UnboundedReceiver<Text>,
    shared: Arc<Shared>,
) {
    if let Err(error) = publications(raw, speech, texts).await {
        eprintln!("the publisher failed: {error:#}");
    }
    shared.lost.fetch_add(1, Ordering::Relaxed);
    shared.progress.notify_one();
}

async fn publications(
    mut raw: Raw,
    speech: Speech,
    mut texts: mpsc::UnboundedReceiver<Text>,
) -> Result<()> {
    loop {
        tokio::select! {
            text = texts.recv() => {
                let Some(text) = text else { return Ok(()) };
                raw.queue(&text);
                while let Ok(text) = texts.try_recv() {
                    raw.queue(&text);
                }
                raw.flush().await?;
            }
            more = raw.turn() => ensure!(more?, "the server cut it off"),
        }
        while let Some(item) = raw.take()? {
            if let Item::Text(text) = item
                && let Word::Heartbeat(answer) = speech.understand(text.as_bytes())
            {
                raw.queue(&answer.into());
            }
        }
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
            match speech.understand(text.as_bytes()) {
                Word::Message => came += 1,
                Word::Heartbeat(answer) => raw.queue(&answer.into()),
                Word::Other => {}
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
                raw.queue(&speech.aside(size).into());
                raw.flush().await?;
                shared.sent.fetch_add(1, Ordering::Relaxed);
                shared.progress.notify_one();
            }
        }
    }
}

const OPENING_MAX: usize = 64;
const JOB_MAX: Duration = Duration::from_secs(180);
