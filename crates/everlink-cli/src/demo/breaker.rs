//! What goes wrong in the demonstration, and when.

use std::collections::BTreeMap;
use std::time::Duration;

use everlink_engine::Random;
use everlink_testkit::chaos::{ChaosProxy, End, Fault, Way};
use tokio::time::{Instant, sleep, sleep_until};

use super::book::Book;
use super::host::Host;
use super::screen::Screen;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Cut,
    Reset,
    BlackHole,
    HalfOpenUp,
    HalfOpenDown,
    Frozen,
    Killed,
}

impl Kind {
    /// As often as the order says; the server dies often enough for a run of half a minute.
    const ORDER: [Self; 8] = [
        Self::Cut,
        Self::Killed,
        Self::Reset,
        Self::BlackHole,
        Self::Killed,
        Self::HalfOpenUp,
        Self::Frozen,
        Self::HalfOpenDown,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Cut => "links cut",
            Self::Reset => "links reset",
            Self::BlackHole => "black hole",
            Self::HalfOpenUp => "half-open, upwards silent",
            Self::HalfOpenDown => "half-open, downwards silent",
            Self::Frozen => "server frozen",
            Self::Killed => "server killed with -9",
        }
    }
}

/// Owns what can be broken.
#[derive(Debug)]
pub(super) struct Breaker {
    host: Host,
    proxy: ChaosProxy,
    book: Book,
    random: Random,
    faults: BTreeMap<&'static str, u64>,
    /// The server is dead or frozen.
    down: Option<Kind>,
}

impl Breaker {
    pub(super) fn new(host: Host, proxy: ChaosProxy, book: Book, seed: u32) -> Self {
        let (random, faults) = (Random::new(seed), BTreeMap::new());
        Self { host, proxy, book, random, faults, down: None }
    }

    /// Breaks one thing after the other, until it is dropped.
    pub(super) async fn run(&mut self, screen: &Screen) -> anyhow::Result<()> {
        let mut order = self.shuffled();
        loop {
            let peace = self.random.between(PEACE_MIN, PEACE_MAX);
            self.watch_for(peace).await?;
            let Some(kind) = order.pop() else {
                order = self.shuffled();
                continue;
            };
            *self.faults.entry(kind.name()).or_default() += 1;
            screen.say(kind.name());
            self.begin(kind).await?;
            if !matches!(kind, Kind::Cut | Kind::Reset) {
                sleep(self.random.between(FAULT_MIN, FAULT_MAX)).await;
            }
            self.calm().await?;
        }
    }

    /// Breaks nothing, and starts the server again when its page has killed it, until it is dropped.
    pub(super) async fn watch(&mut self) -> anyhow::Result<()> {
        loop {
            self.watch_for(LONG).await?;
        }
    }

    async fn watch_for(&mut self, time: Duration) -> anyhow::Result<()> {
        let end = Instant::now() + time;
        loop {
            tokio::select! {
                () = sleep_until(end) => return Ok(()),
                died = self.host.died() => died?,
            }
            *self.faults.entry(KILLED_BY_PAGE).or_default() += 1;
            self.down = Some(Kind::Killed);
            self.book.broken();
            sleep(DOWN).await;
            self.calm().await?;
        }
    }

    /// Ends every fault.
    pub(super) async fn calm(&mut self) -> anyhow::Result<()> {
        // The end of the run may cut a restart short: then it must be found down still.
        match self.down {
            Some(Kind::Killed) => self.host.restart().await?,
            Some(_) => self.host.freeze(false)?,
            None => {}
        }
        self.down = None;
        self.proxy.clear();
        self.book.whole();
        Ok(())
    }

    pub(super) fn server_kills(&self) -> u64 {
        let times = |name| self.faults.get(name).copied().unwrap_or_default();
        times(Kind::Killed.name()) + times(KILLED_BY_PAGE)
    }

    /// The address of the server's page, if it has one.
    pub(super) fn page(&self) -> Option<&str> {
        self.host.page()
    }

    pub(super) const fn faults(&self) -> &BTreeMap<&'static str, u64> {
        &self.faults
    }

    async fn begin(&mut self, kind: Kind) -> anyhow::Result<()> {
        self.book.broken();
        match kind {
            Kind::Cut => self.proxy.cut(End::Close),
            Kind::Reset => self.proxy.cut(End::Reset),
            Kind::BlackHole => drop(self.proxy.set(Fault::BlackHole)?),
            Kind::HalfOpenUp => drop(self.proxy.set(Fault::HalfOpen { swallowed: Way::Up })?),
            Kind::HalfOpenDown => drop(self.proxy.set(Fault::HalfOpen { swallowed: Way::Down })?),
            Kind::Frozen => {
                self.host.freeze(true)?;
                self.down = Some(kind);
            }
            Kind::Killed => {
                self.down = Some(kind);
                self.host.kill().await?;
            }
        }
        Ok(())
    }

    fn shuffled(&mut self) -> Vec<Kind> {
        let mut order = Kind::ORDER.to_vec();
        for at in (1..order.len()).rev() {
            let other = self.random.next_u32() as usize % (at + 1);
            order.swap(at, other);
        }
        order
    }
}

/// What a page can do.
const KILLED_BY_PAGE: &str = "server killed by the page";

/// How long the server stays dead then, so that it is seen.
const DOWN: Duration = Duration::from_millis(1500);

/// How often watching begins anew.
const LONG: Duration = Duration::from_secs(3600);

/// Time without a fault.
const PEACE_MIN: Duration = Duration::from_millis(400);
const PEACE_MAX: Duration = Duration::from_millis(1600);

/// How long a fault that lasts does last.
const FAULT_MIN: Duration = Duration::from_millis(300);
const FAULT_MAX: Duration = Duration::from_millis(2000);
