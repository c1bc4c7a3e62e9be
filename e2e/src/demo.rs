//! The client through every fault, against a server that nobody here wrote, with every message counted.
//!
//! Python's `websockets` echoes numbered messages behind the chaos proxy; each fault has its turn. Beside
//! it two idle clients sit behind an nginx that cuts what is silent. [`run`] returns what became of each message.

use std::time::Duration;

use anyhow::{Context as _, Result};
use everlink::{Client, Event, Events};
use futures_util::FutureExt as _;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

mod bed;
mod fault;
mod idlers;
mod ledger;
mod report;
mod screen;
mod traffic;

use bed::Bed;
use fault::FaultKind;
use idlers::Idlers;
use ledger::Ledger;
pub use report::{FaultRow, IdleReport, Report};
use screen::Screen;
use traffic::Traffic;

/// Time between two heartbeats of the demonstration's client.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(500);

/// Longest wait for a sign of life after a heartbeat.
pub const HEARTBEAT_TIMEOUT: Duration = Duration::from_millis(500);

/// Time between two messages.
pub const MESSAGE_INTERVAL: Duration = Duration::from_millis(20);

/// One round of all faults takes this long at least before there is a second one.
const ROUND: Duration = Duration::from_secs(30);

/// Longest wait for the client to notice a fault, and then to come back.
const PATIENCE: Duration = Duration::from_secs(20);

/// Time without a fault after each return, so that the connection counts as stable.
const PEACE: Duration = Duration::from_millis(1200);

/// Breaks connections for about `length`, each kind of fault once at least.
///
/// # Errors
///
/// When the servers cannot be started, or the client did not notice a fault or did not come back.
///
/// # Cancel safety
///
/// Dropping the future ends the client and every process that was started.
pub async fn run(length: Duration, show: bool) -> Result<Report> {
    let screen = Screen::new(show, length);
    screen.say("starting Python's `websockets`, a chaos proxy and nginx");
    let (bed, idlers) = tokio::try_join!(Bed::start(), Idlers::start())?;
    let client = bed.client()?;
    let mut events = client.events();
    soon(client.connect()).await?.context("the first connection")?;
    let started = Instant::now();
    let ledger = Ledger::default();
    let traffic = Traffic::start(client.clone(), ledger.clone(), screen.clone());
    screen.say("connected; from here on things go wrong");
    let mut demo = Demo { bed, ledger: ledger.clone(), screen: screen.clone() };
    let rounds = u32::try_from((length.as_secs() / ROUND.as_secs()).max(1))?;
    let turns = rounds * FaultKind::COUNT;
    for turn in 0..turns {
        let end = started + length.mul_f64(f64::from(turn + 1) / f64::from(turns));
        demo.turn(FaultKind::of_turn(turn), &mut events, end).await?;
    }
    traffic.settle().await?;
    client.close().await;
    screen.finish();
    Ok(Report::new(started.elapsed(), &ledger, idlers.finish().await))
}

/// What the faults need.
struct Demo {
    bed: Bed,
    ledger: Ledger,
    screen: Screen,
}

impl Demo {
    /// One fault, from its beginning until the client is back and the turn's time is up.
    async fn turn(&mut self, kind: FaultKind, events: &mut Events, end: Instant) -> Result<()> {
        forget_old(events);
        self.ledger.begin(kind);
        self.screen.fault(kind);
        let began = Instant::now();
        self.bed.begin(kind).await?;
        let noticed = Watch::until(events, Watch::has_noticed).await;
        let mut noticed = noticed.with_context(|| format!("{}: never noticed", kind.name()))?;
        sleep_until(noticed.at.max(began + kind.length_min())).await;
        let over = self.bed.end(kind).await?;
        noticed.go_on(events).await.with_context(|| format!("{}: never back", kind.name()))?;
        let back = noticed.back.unwrap_or(over).saturating_duration_since(over);
        let told = (noticed.at.duration_since(began), back, noticed.attempts);
        self.ledger.survived(told.0, told.1, told.2);
        self.screen.survived(kind, told.0, told.1, told.2);
        sleep(PEACE).await;
        sleep_until(end).await;
        Ok(())
    }
}

/// What the events said since a fault began.
#[derive(Debug)]
struct Watch {
    noticed: bool,
    at: Instant,
    back: Option<Instant>,
    attempts: u32,
}

impl Watch {
    async fn until(events: &mut Events, reached: fn(&Self) -> bool) -> Result<Self> {
        let mut watch = Self { noticed: false, at: Instant::now(), back: None, attempts: 0 };
        watch.wait(events, reached).await?;
        Ok(watch)
    }

    fn has_noticed(&self) -> bool {
        self.noticed
    }

    async fn go_on(&mut self, events: &mut Events) -> Result<()> {
        self.wait(events, |watch| watch.back.is_some()).await
    }

    async fn wait(&mut self, events: &mut Events, reached: fn(&Self) -> bool) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !reached(self) {
            let event = timeout_at(deadline, events.next()).await;
            let event = event.with_context(|| format!("not within {PATIENCE:?}"))?;
            self.take(&event.context("the client is gone")?);
        }
        Ok(())
    }

    fn take(&mut self, event: &Event) {
        let now = Instant::now();
        let is_back = matches!(event, Event::Reconnected { .. } | Event::Moved);
        // A planned move notices and repairs in one moment.
        if !self.noticed && matches!(event, Event::Disconnected { .. } | Event::Moved) {
            self.noticed = true;
            self.at = now;
        }
        if is_back {
            self.back.get_or_insert(now);
        }
        if matches!(event, Event::Reconnecting { .. }) {
            self.attempts += 1;
        }
    }
}

/// Waits for something that takes moments when all is well.
async fn soon<T>(work: impl Future<Output = T>) -> Result<T> {
    timeout(PATIENCE, work).await.with_context(|| format!("no connection within {PATIENCE:?}"))
}

/// Passes over the events of before.
fn forget_old(events: &mut Events) {
    while let Some(Some(_)) = events.next().now_or_never() {}
}

/// Returns a client for a turbulent life: it notices and comes back quickly.
fn nervous(url: &str) -> everlink::ClientBuilder {
    let loopback = |dial: everlink::dial::DialOptionsBuilder| {
        dial.proxy(everlink::dial::Proxy::none()).upgrade_timeout(Duration::from_secs(1))
    };
    Client::builder(url).dial(loopback).settings(|settings| {
        settings
            .heartbeat_interval(HEARTBEAT_INTERVAL)
            .heartbeat_timeout(HEARTBEAT_TIMEOUT)
            .return_window(Some(Duration::from_millis(100)))
            .backoff_floor(Duration::from_millis(50))
            .backoff_min(Duration::from_millis(100))
            .backoff_max(Duration::from_millis(500))
            .stable_after(Duration::from_millis(500))
            .connect_timeout(Duration::from_secs(1))
            .dials_per_minute(None)
    })
}
