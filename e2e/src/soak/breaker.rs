//! Breaks one thing after the other, drawn from a seed, and mends it again.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use everlink_engine::Random;
use everlink_testkit::chaos::ChaosProxy;
use tokio::time::sleep;

use super::fault::{FaultKind, Means};
use super::party::{Kind, Party};
use super::screen::Screen;
use super::server::Server;

/// Owns what can be broken.
#[derive(Debug)]
pub(super) struct Breaker {
    server: Server,
    proxy: ChaosProxy,
    pub(super) party: Party,
    random: Random,
    counts: Counts,
    down: Option<FaultKind>,
    /// Clients that are dead now.
    dead: Vec<usize>,
    /// Processes that ended although nobody has killed them.
    complaints: Vec<String>,
}

/// How often what was broken.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub(super) struct Counts {
    pub(super) publishers_killed: u64,
    pub(super) subscribers_killed: u64,
    pub(super) server_killed: u64,
    pub(super) faults: BTreeMap<&'static str, u64>,
}

impl Breaker {
    pub(super) fn new(server: Server, proxy: ChaosProxy, party: Party, seed: u32) -> Self {
        Self {
            server,
            proxy,
            party,
            random: Random::new(seed),
            counts: Counts::default(),
            down: None,
            dead: Vec::new(),
            complaints: Vec::new(),
        }
    }

    /// Goes on until it is dropped.
    pub(super) async fn run(&mut self, screen: &Screen) -> Result<()> {
        let mut order = Vec::new();
        loop {
            sleep(self.random.between(PEACE_MIN, PEACE_MAX)).await;
            self.look()?;
            if order.is_empty() {
                order = self.shuffled();
            }
            if let Some(kind) = order.pop() {
                self.round(kind, screen).await?;
            }
        }
    }

    /// Ends every fault; returns which processes ended although nobody had killed them.
    pub(super) async fn mend(&mut self) -> Result<Vec<String>> {
        self.raise().await?;
        self.look()?;
        Ok(std::mem::take(&mut self.complaints))
    }

    pub(super) const fn counts(&self) -> &Counts {
        &self.counts
    }

    async fn round(&mut self, kind: FaultKind, screen: &Screen) -> Result<()> {
        *self.counts.faults.entry(kind.name()).or_default() += 1;
        let victims = self.victims(kind);
        screen.say(&told(kind, victims.len()));
        self.down = Some(kind);
        match kind.means() {
            Means::Cut(end) => self.proxy.cut(end),
            Means::Set(fault) => drop(self.proxy.set(fault)?),
            Means::FreezeServer => self.server.freeze(true)?,
            Means::KillServer => {
                self.counts.server_killed += 1;
                self.server.kill().await?;
            }
            Means::Nothing => {}
        }
        for victim in victims {
            self.kill(victim).await?;
        }
        let (least, most) = match kind {
            FaultKind::Cut | FaultKind::Reset | FaultKind::ClientsKilled => SHORT,
            FaultKind::BlackHole
            | FaultKind::HalfOpenUp
            | FaultKind::HalfOpenDown
            | FaultKind::LinkFrozen
            | FaultKind::ServerFrozen
            | FaultKind::ServerKilled => LASTING,
        };
        sleep(self.random.between(least, most)).await;
        self.raise().await
    }

    /// Brings everything back that is down.
    async fn raise(&mut self) -> Result<()> {
        // Whoever is cut short here must find it down still.
        match self.down {
            Some(FaultKind::ServerKilled) => self.server.restart().await?,
            Some(FaultKind::ServerFrozen) => self.server.freeze(false)?,
            Some(_) | None => {}
        }
        self.down = None;
        self.proxy.clear();
        for at in std::mem::take(&mut self.dead) {
            self.party.restart(at)?;
        }
        Ok(())
    }

    /// Looks for processes that have ended by themselves.
    fn look(&mut self) -> Result<()> {
        self.complaints.extend(self.party.revive()?);
        if let Some(status) = self.server.ended()? {
            anyhow::bail!("the server ended by itself: {status}");
        }
        anyhow::ensure!(
            self.complaints.len() < COMPLAINTS_MAX,
            "clients end again and again: {}",
            self.complaints.join("; ")
        );
        Ok(())
    }

    async fn kill(&mut self, at: usize) -> Result<()> {
        self.dead.push(at);
        match self.party.kill(at).await? {
            Kind::Publisher => self.counts.publishers_killed += 1,
            Kind::Subscriber => self.counts.subscribers_killed += 1,
        }
        Ok(())
    }

    /// Draws which clients die: one or more in a round of their own, perhaps one in another.
    fn victims(&mut self, kind: FaultKind) -> Vec<usize> {
        let least = usize::from(kind == FaultKind::ClientsKilled);
        let count = least + self.random.next_u32() as usize % 2;
        let mut victims: Vec<usize> = (0..self.party.len()).collect();
        shuffle(&mut victims, &mut self.random);
        victims.truncate(count);
        victims
    }

    fn shuffled(&mut self) -> Vec<FaultKind> {
        let mut order = FaultKind::ORDER.to_vec();
        shuffle(&mut order, &mut self.random);
        order
    }
}

fn told(kind: FaultKind, victims: usize) -> String {
    match victims {
        0 => kind.name().to_owned(),
        _ => format!("{}, {victims} of the clients killed with -9", kind.name()),
    }
}

fn shuffle<T>(items: &mut [T], random: &mut Random) {
    for at in (1..items.len()).rev() {
        items.swap(at, random.next_u32() as usize % (at + 1));
    }
}

/// Time without a fault.
const PEACE_MIN: Duration = Duration::from_millis(200);
const PEACE_MAX: Duration = Duration::from_millis(1500);

/// How long clients stay dead where nothing else is down.
const SHORT: (Duration, Duration) = (Duration::from_millis(0), Duration::from_millis(800));

/// How long a fault that lasts does last: some are longer than a client needs to notice.
const LASTING: (Duration, Duration) = (Duration::from_millis(300), Duration::from_millis(3000));

/// After so many there is nothing to learn from more.
const COMPLAINTS_MAX: usize = 20;
