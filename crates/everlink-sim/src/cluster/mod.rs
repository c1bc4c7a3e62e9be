//! A cluster: many clients, several nodes and one log, the real engines on both sides, in virtual time.
//!
//! The clients are [`Engine`]s, the nodes' connections
//! [`Session`](everlink_engine::server::Session)s; network, log, feed and drivers are simulated, and break.

mod broken;
mod client;
mod judge;
mod log;
mod name;
mod node;
mod rules;
mod seen;
mod shape;
mod store;
#[cfg(test)]
mod tests;
mod weather;
mod wire;
mod words;

pub use broken::Broken;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use everlink_engine::server::{OriginVerdict, SessionConfig};
use everlink_engine::{ChannelId, Engine, Epoch, Event, Input};

use self::client::Client;
use self::judge::Judge;
use self::log::Log;
use self::name::Name;
use self::seen::Seen;
use self::shape::Shape;
use self::store::Node;
use self::wire::{Wire, WireId};
use self::words::Identity;
use crate::agenda::Agenda;
use crate::dice::Dice;
use crate::figures::Figures;
use crate::model::Violation;
use crate::soak::{Run, Verdict};
use crate::trace::Trace;

const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1000 * MILLI;
const DAY: u64 = 86_400 * SECOND;

/// What is due at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// The first frame on its way to a node arrives.
    Up(WireId),
    /// The first frame on its way to a client arrives.
    Down(WireId),
    /// A dial is answered; or refused, by whatever stands between.
    Answered(WireId, bool),
    ClientTimer(usize),
    SessionTimer(WireId),
    /// Credentials are judged.
    Admit(WireId),
    /// The log has told a node its bounds.
    Joined(WireId),
    TakenOver(WireId),
    Commit,
    /// A node, in one of its lives, hears of a commit.
    Feed(usize, u32),
    Act(usize),
    Weather,
    ReadOn(WireId),
    Restart(usize, u32),
    DrainOver(usize, u32),
    /// A crash in the middle of an append: of the store, or of the node that appends.
    Trap(Option<usize>),
    ClientStarts(usize),
}

/// An append that waits for its commit.
#[derive(Clone, Copy, Debug)]
struct Pending {
    wire: WireId,
    channel: Name,
    producer: Option<Name>,
    sequence: u64,
    /// `None` if there was no room.
    verdict: Option<OriginVerdict>,
    refused: bool,
}

/// Who dies at the next append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trap {
    Store,
    Node,
}

/// Clients, nodes, their connections and their log.
#[derive(Debug)]
struct Cluster {
    shape: Shape,
    now: u64,
    agenda: Agenda<Due>,
    dice: Dice,
    clients: Vec<Client>,
    nodes: Vec<Node>,
    wires: BTreeMap<WireId, Wire>,
    next_wire: WireId,
    logs: Vec<Log>,
    epoch: u64,
    pending: Vec<Pending>,
    commit_due: bool,
    /// At the next append the store dies, or the node that appends, before or after the commit.
    trap: Option<Trap>,
    config: Arc<SessionConfig<Name>>,
    next_producer: u32,
    calm: bool,
    broken: Option<Broken>,
    judge: Judge,
    violation: Option<Violation>,
    figures: Figures,
    seen: Seen,
    trace: Trace,
}

/// Runs one seed of a cluster for a simulated time of connections, then lets it calm down and judges what is
/// missing. Without one of the rules, if `broken` names one: then some seeds must fail.
///
/// The same seed, time and rule give the same trace.
#[must_use]
pub fn run_seed(seed: u64, run: Run<'_>, broken: Option<Broken>) -> Verdict {
    let cluster = Cluster::run(seed, run, broken);
    Verdict {
        seed,
        figures: cluster.figures,
        trace_hash: cluster.trace.hash(),
        violation: cluster.violation,
        trace: cluster.trace.lines(),
    }
}

/// Runs one seed, and returns how often it has met what is rare, by its name.
#[must_use]
pub fn survey(seed: u64, run: Run<'_>) -> BTreeMap<&'static str, u64> {
    Cluster::run(seed, run, None).seen.0
}

impl Cluster {
    fn run(seed: u64, run: Run<'_>, broken: Option<Broken>) -> Self {
        let mut cluster = Self::draw(seed, broken);
        if run.record {
            cluster.trace.record();
        }
        let is_stopped = || run.stop.is_some_and(|stop| stop.load(Ordering::Relaxed));
        let time = run.time.as_nanos() as u64 / cluster.clients.len() as u64;
        let end = cluster.now + time;
        cluster.start();
        while cluster.now < end && cluster.violation.is_none() && !is_stopped() {
            cluster.run_until(end.min(cluster.now + DAY));
        }
        if cluster.violation.is_none() && !is_stopped() {
            cluster.calm_down();
        }
        cluster.figures.nanos = cluster.now * cluster.clients.len() as u64;
        cluster
    }

    fn draw(seed: u64, broken: Option<Broken>) -> Self {
        let mut dice = Dice::new(seed ^ 0xC1A5_7E25_0000_0001);
        let shape = Shape::draw(&mut dice);
        Self::new(shape, dice, broken)
    }

    fn new(shape: Shape, dice: Dice, broken: Option<Broken>) -> Self {
        let may_lag = shape.session.lag_max.is_some();
        let mut cluster = Self {
            now: SECOND,
            agenda: Agenda::default(),
            clients: Vec::new(),
            nodes: shape.feeds.iter().map(|delay| Node::new(*delay)).collect(),
            wires: BTreeMap::new(),
            next_wire: 1,
            logs: (0..shape.channels).map(|_| Log::new(Epoch(1))).collect(),
            epoch: 1,
            pending: Vec::new(),
            commit_due: false,
            trap: None,
            config: Arc::new(shape.session.clone()),
            next_producer: 1,
            calm: false,
            broken,
            judge: Judge::new(shape.clients, shape.channels, may_lag),
            violation: None,
            figures: Figures::default(),
            seen: Seen::default(),
            trace: Trace::default(),
            shape,
            dice,
        };
        for at in 0..cluster.shape.clients {
            let durable = cluster.dice.one_in(2);
            let (engine, who) = cluster.process(at);
            cluster.clients.push(Client::new(engine, who, durable));
        }
        cluster
    }

    fn start(&mut self) {
        for at in 0..self.clients.len() {
            self.clients[at].channels = (0..self.logs.len() as u32).collect();
            self.start_engine(at);
            let delay = self.dice.waiting(SECOND);
            self.later(delay, Due::ClientStarts(at));
            if self.shape.acts_every > 0 {
                self.later(delay + SECOND, Due::Act(at));
            }
        }
        if self.shape.breaks_every > 0 {
            let delay = self.dice.waiting(self.shape.breaks_every);
            self.later(delay, Due::Weather);
        }
    }

    /// A fresh process: an engine, and a producer that nobody was before.
    fn process(&mut self, at: usize) -> (Engine<u64>, Identity) {
        let engine = Engine::new(self.shape.engine.clone(), self.dice.roll() as u32);
        let producer = self.next_producer;
        self.next_producer += 1;
        // Half of the processes keep the client's name, so that they take over from the one that died.
        let name = if self.dice.one_in(2) { at as u32 } else { 1_000_000 + producer };
        (engine, Identity { client: Name::Number(name), producer })
    }

    /// Starts a fresh process of a client, with what it has on disk; it connects a moment later.
    fn start_engine(&mut self, at: usize) {
        let (engine, who) = self.process(at);
        self.clients[at].is_reborn(engine, who);
        for channel in self.clients[at].channels.clone() {
            let from = self.judge.cursor(at, channel);
            self.input(at, Input::Subscribe { channel: ChannelId(channel), from });
        }
    }

    fn run_until(&mut self, end: u64) {
        while self.violation.is_none() && self.agenda.next_at().is_some_and(|at| at <= end) {
            self.now = self.now.max(self.agenda.next_at().unwrap_or(end));
            if let Some(due) = self.agenda.take() {
                self.happens(due);
            }
        }
        self.now = self.now.max(end);
    }

    fn happens(&mut self, due: Due) {
        match due {
            Due::Up(id) => self.reaches_node(id),
            Due::Down(id) => self.reaches_client(id),
            Due::Answered(id, refused) => self.answered(id, refused),
            Due::ClientTimer(at) => self.client_times_out(at),
            Due::SessionTimer(id) => self.session_times_out(id),
            Due::Admit(id) => self.admits(id),
            Due::Joined(id) => self.joins(id),
            Due::TakenOver(id) => self.tell_taken_over(id),
            Due::Commit => self.commit(),
            Due::Feed(at, life) => self.hears(at, life),
            Due::Act(at) => self.acts(at),
            Due::Weather => self.weather(),
            Due::ReadOn(id) => self.reads_on(id),
            Due::Restart(at, life) => self.restarts(at, life),
            Due::DrainOver(at, life) => self.drain_is_over(at, life),
            Due::Trap(node) => self.trap_closes(node),
            Due::ClientStarts(at) => self.input(at, Input::Connect),
        }
    }

    fn later(&mut self, delay: u64, due: Due) {
        self.agenda.enter(self.now + delay, due);
    }

    /// Draws how long a frame takes that is sent now, and returns when it arrives.
    fn arrival(&mut self) -> u64 {
        self.now + self.shape.latency + self.dice.below(self.shape.jitter + 1)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only few events are counted")]
    fn count(&mut self, event: &Event<u64>) {
        let figures = &mut self.figures;
        match event {
            Event::Message { .. } => figures.delivered += 1,
            Event::Disconnected { .. } => figures.cuts += 1,
            Event::Gap { .. } => figures.gaps += 1,
            Event::DuplicateDropped { .. } => figures.duplicates += 1,
            Event::Moved => figures.moves += 1,
            _ => {}
        }
    }
}
