//! A world: one engine, its driver, its network, its peer and its judge, in virtual time.

mod break_things;
mod carry;
mod core;
mod drive;
mod habits;
mod story;

pub(crate) use self::core::Core;
pub(crate) use habits::Habits;

use std::collections::VecDeque;
use std::time::Duration;

use everlink_engine::{Config, ConnectionInfo, ConnectionState, Engine, Timestamp};

use crate::agenda::Agenda;
use crate::dice::Dice;
use crate::figures::Figures;
use crate::model::{Judge, Violation};
use crate::network::{Conns, Met, Network};
use crate::peer::Peer;
use crate::trace::Trace;

/// A dial, as the network saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialed {
    /// When.
    pub at: Duration,
    /// To which endpoint, from 0.
    pub endpoint: u16,
    /// Whether fresh credentials were asked for.
    pub refresh_credentials: bool,
}

/// One engine in its simulated world.
#[derive(Debug)]
pub struct World {
    engine: Engine<u64>,
    peer: Peer,
    core: Core,
    trace: Trace,
    /// What the next dials meet, and what all later ones do.
    dials: VecDeque<Met>,
    otherwise: Met,
    /// When the driver's timer goes off.
    wake: Option<u64>,
    asleep_until: Option<u64>,
    /// Whether the platform tells the driver of a sleep.
    says_woke: bool,
    /// The driver's timers go off at multiples of this; 0 is at once.
    grain: u64,
    next_id: u64,
    next_read: u32,
    habits: Option<Habits>,
    /// Every dial, while a story is told.
    dialed: Vec<Dialed>,
    pings: u64,
    /// When anything was last written, and the longest time in which nothing was.
    wrote: u64,
    quiet_max: u64,
    rests: u32,
    /// Something was transmitted since the last flush.
    unflushed: bool,
}

impl World {
    pub(crate) fn with_peer(config: Config, peer: Peer, network: Network, seed: u64) -> Self {
        let judge = Judge::new(&config);
        let mut dice = Dice::new(seed);
        let engine = Engine::new(config, dice.roll() as u32);
        let core = Core {
            now: 1_000_000_000,
            agenda: Agenda::default(),
            conns: Conns::default(),
            network,
            dice,
            judge,
            figures: Figures::default(),
            story: None,
        };
        let mut world = Self {
            engine,
            peer,
            core,
            trace: Trace::default(),
            dials: VecDeque::new(),
            otherwise: Met::Accept,
            wake: None,
            asleep_until: None,
            says_woke: false,
            grain: 0,
            next_id: 1,
            next_read: 0,
            habits: None,
            dialed: Vec::new(),
            pings: 0,
            wrote: 0,
            quiet_max: 0,
            rests: 0,
            unflushed: false,
        };
        world.peer.start(&mut world.core);
        world
    }

    /// Lets the world go on for some time, or until a rule is broken.
    pub fn run_for(&mut self, time: Duration) -> &mut Self {
        self.run_until(self.core.now + time.as_nanos() as u64);
        self
    }

    pub(crate) fn run_until(&mut self, end: u64) {
        while self.core.judge.violation().is_none() && self.step(end) {}
        self.core.now = self.core.now.max(end);
        self.core.figures.nanos = self.core.now;
    }

    /// Takes the next thing that happens up to `end`; returns whether there was one.
    fn step(&mut self, end: u64) -> bool {
        let due = self.core.agenda.next_at();
        let (due, wake) = (due.unwrap_or(u64::MAX), self.wake.unwrap_or(u64::MAX));
        let next = due.min(wake);
        if next > end {
            return false;
        }
        self.core.now = self.core.now.max(next);
        // At the same moment news goes first: a late timer must not kill a link that is alive.
        if due <= wake {
            if let Some(due) = self.core.agenda.take() {
                self.happens(due);
            }
        } else {
            self.times_out();
        }
        true
    }

    /// Returns the first rule that was broken.
    #[must_use]
    pub fn violation(&self) -> Option<&Violation> {
        self.core.judge.violation()
    }

    /// Returns the state of the engine.
    #[must_use]
    pub fn state(&self) -> ConnectionState {
        self.engine.state()
    }

    /// Returns what the engine says of itself.
    #[must_use]
    pub fn info(&self) -> ConnectionInfo {
        self.engine.info(self.time())
    }

    /// Returns what was counted so far.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let mut figures = self.core.figures.clone();
        figures.in_doubt = self.core.judge.lost_in_doubt();
        figures
    }

    /// Returns the hash of everything that went into the engine and came out of it.
    #[must_use]
    pub fn trace_hash(&self) -> u64 {
        self.trace.hash()
    }

    /// Returns every dial so far, in a world that tells its story.
    #[must_use]
    pub fn dials(&self) -> &[Dialed] {
        &self.dialed
    }

    /// Returns how many sockets the client holds or is opening.
    #[must_use]
    pub fn sockets(&self) -> usize {
        self.core.conns.of_client()
    }

    /// Returns how many heartbeats and probes were sent.
    #[must_use]
    pub fn pings(&self) -> u64 {
        self.pings
    }

    /// Returns the longest time in which the client wrote nothing on any connection.
    #[must_use]
    pub fn longest_silence(&self) -> Duration {
        Duration::from_nanos(self.quiet_max)
    }

    /// Lets the driver's timers go off only at multiples of a time, as in a background tab.
    pub fn timers_every(&mut self, grain: Duration) -> &mut Self {
        self.grain = grain.as_nanos() as u64;
        self
    }

    /// Moves the wall clock, which no driver looks at: there is no input for it.
    pub fn wall_clock_jumps(&mut self, by: Duration) -> &mut Self {
        self.trace.note(self.core.now, || format!("the wall clock jumps by {by:?}"));
        self
    }

    /// Keeps the last lines of the trace as text from now on.
    pub fn record(&mut self) -> &mut Self {
        self.trace.record();
        self
    }

    /// Returns the last lines of the trace.
    #[must_use]
    pub fn trace_lines(&self) -> Vec<String> {
        self.trace.lines()
    }

    /// Returns the simulated time since the world began.
    #[must_use]
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.core.now)
    }

    pub(crate) fn tell_story(&mut self) {
        self.core.story = Some(Vec::new());
        self.trace.record();
    }

    /// Returns what happened since the story was last taken, in sentences.
    #[must_use]
    pub fn story(&self) -> &[String] {
        self.core.story.as_deref().unwrap_or_default()
    }

    pub(crate) fn take_story(&mut self) -> Vec<String> {
        self.core.story.as_mut().map(std::mem::take).unwrap_or_default()
    }

    pub(crate) fn set_dials(&mut self, next: &[Met], otherwise: Met) {
        self.dials = next.iter().copied().collect();
        self.otherwise = otherwise;
    }

    pub(crate) fn time(&self) -> Timestamp {
        Timestamp::from_nanos(self.core.now)
    }
}
