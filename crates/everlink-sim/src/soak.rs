//! Worlds by seed: profile, peer, network and faults are drawn, and run for a simulated time.

use std::sync::atomic::Ordering;
use std::time::Duration;

use everlink_engine::{
    BackoffKind, Config, ConfigBuilder, Dialect, Input, Jitter, Overflow, Profile,
};

use crate::dice::Dice;
use crate::figures::Figures;
use crate::model::Violation;
use crate::network::{Fault, Network};
use crate::peer::{Echo, Exchange, Manner, Peer, Resume, SessionManner, Sessions};
use crate::world::{Habits, World};

/// Which peers a seed may draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A plain echo server.
    Plain,
    /// An echo server with JSON pings.
    Json,
    /// An exchange.
    Exchange,
    /// A server of `everlink.v1`, by script.
    Resume,
    /// A server that keeps sessions and answers, as one of Socket.IO does.
    Sessions,
    /// Many clients on several nodes with one log: the real engines on both sides.
    Cluster,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Plain, Self::Json, Self::Exchange, Self::Resume, Self::Sessions, Self::Cluster];

    /// Returns its name on a command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Json => "json",
            Self::Exchange => "exchange",
            Self::Resume => "resume",
            Self::Sessions => "sessions",
            Self::Cluster => "cluster",
        }
    }

    /// Returns the kind that a seed draws: one in eight is a cluster, which costs more.
    const fn of(seed: u64) -> Self {
        match seed % 8 {
            7 => Self::Cluster,
            0 => Self::Plain,
            4 => Self::Sessions,
            1 | 5 => Self::Json,
            2 | 6 => Self::Exchange,
            _ => Self::Resume,
        }
    }
}

/// What a seed came to.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The seed.
    pub seed: u64,
    /// What was counted.
    pub figures: Figures,
    /// The hash of its trace.
    pub trace_hash: u64,
    /// The first rule that was broken.
    pub violation: Option<Violation>,
    /// The last lines of its trace, if they were asked for.
    pub trace: Vec<String>,
}

/// How to run a seed.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// How much time to simulate, before the world calms down.
    pub time: Duration,
    /// The peer, instead of the one that the seed draws.
    pub only: Option<Kind>,
    /// Whether to keep the last lines of the trace.
    pub record: bool,
    /// Asked once a simulated day; when it is true the run ends there, unjudged.
    pub stop: Option<&'a std::sync::atomic::AtomicBool>,
}

/// Runs one seed for a simulated time, then lets the world calm down and judges what is missing.
///
/// The same seed, kind and time give the same trace.
#[must_use]
pub fn run_seed(seed: u64, run: Run<'_>) -> Verdict {
    let Run { time, only, record, stop } = run;
    let kind = only.unwrap_or(Kind::of(seed));
    if kind == Kind::Cluster {
        return crate::cluster::run_seed(seed, run, None);
    }
    let mut dice = Dice::new(seed ^ 0x5EED_0FE7_E811_4C00);
    let mut world = draw(seed, kind, &mut dice);
    if record {
        world.record();
    }
    world.input(Input::Connect);
    let end = world.now() + time;
    let is_stopped = || stop.is_some_and(|stop| stop.load(Ordering::Relaxed));
    while world.now() < end && world.violation().is_none() && !is_stopped() {
        let next = end.min(world.now() + DAY);
        world.run_until(next.as_nanos() as u64);
    }
    if world.violation().is_none() && !is_stopped() {
        world.calm_down();
    }
    Verdict {
        seed,
        figures: world.figures(),
        trace_hash: world.trace_hash(),
        violation: world.violation().cloned(),
        trace: world.trace_lines(),
    }
}

const DAY: Duration = Duration::from_secs(86_400);
const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1000 * MILLI;
const ZERO: Duration = Duration::ZERO;

/// The mix: mostly cuts of every kind, now and then something rare.
const FAULTS: &[(u64, Fault)] = &[
    (300, Fault::Cut),
    (80, Fault::Reset),
    (100, Fault::Close(1001)),
    (50, Fault::HalfOpenUp),
    (50, Fault::HalfOpenDown),
    (60, Fault::BlackHole),
    (20, Fault::SlowReader),
    (30, Fault::ReadPause(ZERO)),
    (30, Fault::Away(ZERO)),
    (20, Fault::Crash { durable: true }),
    (5, Fault::Crash { durable: false }),
    (40, Fault::NetworkGone),
    (30, Fault::NetworkChanged),
    (15, Fault::Online),
    (15, Fault::Offline),
    (10, Fault::Suspend(ZERO)),
    (20, Fault::Noise { data: false }),
    (5, Fault::Expire),
];

/// Draws a world with one engine; a cluster has a world of its own.
fn draw(seed: u64, kind: Kind, dice: &mut Dice) -> World {
    let (profile, dialect) = profile(kind, dice);
    let mut builder = Config::builder(profile);
    if let Some(dialect) = dialect {
        builder = builder.dialect(dialect);
    }
    let builder = varied(builder, dice);
    let config = builder.build().unwrap_or_else(|wrong| {
        unreachable!("seed {seed} draws settings within their ranges: {wrong}")
    });
    let latency = dice.pick(&[1, 5, 20, 80, 250]).unwrap_or(20);
    // An exchange counts frames in a second as they arrive: what a network or a driver bunches up
    // beyond the engine's margin is beyond anybody.
    let (jitter_max, lazy) = if kind == Kind::Exchange { (100, 50) } else { (250, 300) };
    let mut network = Network::steady(latency, dice.between(0, latency).min(jitter_max));
    network.lazy = Duration::from_millis(lazy);
    network.lazy_in = dice.pick(&[0, 0, 3, 10]).unwrap_or(0);
    let (channels, wanted) = match kind {
        Kind::Plain | Kind::Json => (0, 0),
        Kind::Exchange => (dice.between(1, 12) as u32, 3),
        Kind::Resume | Kind::Cluster | Kind::Sessions => (dice.between(1, 4) as u32, 4),
    };
    let mut world = World::with_peer(config, peer(kind, channels, dice), network, seed);
    for channel in 0..channels.min(wanted) {
        let channel = everlink_engine::ChannelId(channel);
        world.input(Input::Subscribe { channel, from: None });
    }
    world.live_by(Habits {
        acts_every: dice.pick(&[20, 60, 60, 120]).unwrap_or(60) * SECOND,
        breaks_every: dice.pick(&[60, 200, 300, 600]).unwrap_or(300) * SECOND,
        channels,
        addressed: kind == Kind::Resume,
        asks: kind == Kind::Sessions,
        faults: FAULTS,
        weight: FAULTS.iter().map(|(share, _)| share).sum(),
        outage_until: 0,
    });
    world
}

fn profile(kind: Kind, dice: &mut Dice) -> (Profile, Option<Dialect>) {
    match kind {
        Kind::Plain => {
            let of = [Profile::Standard, Profile::Rooms, Profile::ChatBot];
            (dice.pick(&of).unwrap_or(Profile::Standard), None)
        }
        Kind::Json => {
            let of = [Profile::Messenger, Profile::ChatPage];
            (dice.pick(&of).unwrap_or(Profile::Messenger), None)
        }
        Kind::Exchange => (Profile::MarketFeed, None),
        Kind::Resume | Kind::Cluster => (Profile::Standard, Some(Dialect::EVERLINK)),
        Kind::Sessions => {
            let of = [Profile::Standard, Profile::Rooms];
            (dice.pick(&of).unwrap_or(Profile::Standard), Some(Dialect::SOCKETIO))
        }
    }
}

/// Half of the seeds keep the profile; the others change a few settings.
fn varied(mut builder: ConfigBuilder, dice: &mut Dice) -> ConfigBuilder {
    builder = builder.endpoints(dice.between(1, 3) as u16).credentials(dice.one_in(3));
    if dice.one_in(2) {
        return builder;
    }
    if dice.one_in(2) {
        let of = [
            Jitter::None,
            Jitter::Factor,
            Jitter::Scaled,
            Jitter::Full,
            Jitter::Equal,
            Jitter::Decorrelated,
        ];
        builder = builder.jitter(dice.pick(&of).unwrap_or(Jitter::Full));
    }
    if dice.one_in(6) {
        builder = builder.backoff(BackoffKind::Fixed);
    }
    if dice.one_in(3) {
        builder = builder.queue_messages_max(dice.between(2, 50) as u32);
    }
    if dice.one_in(3) {
        let of = [Overflow::Wait, Overflow::Fail, Overflow::DropOldest];
        builder = builder.overflow(dice.pick(&of).unwrap_or(Overflow::Wait));
    }
    if dice.one_in(4) {
        builder = builder.renew_after(Some(Duration::from_secs(dice.between(600, 7200))));
    }
    if dice.one_in(4) {
        builder = builder.breaker_failures(Some(dice.between(3, 8) as u32));
    }
    if dice.one_in(4) {
        builder = builder.stale_after(Some(Duration::from_secs(dice.between(60, 600))));
    }
    if dice.one_in(4) {
        builder = builder.probe_dials(false);
    }
    if dice.one_in(3) {
        builder = builder.supervisor_attempts_max(dice.between(1, 5) as u32);
    }
    builder.stable_after(Duration::from_secs(dice.between(0, 60)))
}

fn peer(kind: Kind, channels: u32, dice: &mut Dice) -> Peer {
    let pace = match kind {
        Kind::Exchange => dice.pick(&[5, 10, 20]).unwrap_or(10),
        Kind::Plain | Kind::Json | Kind::Resume | Kind::Sessions | Kind::Cluster => {
            dice.pick(&[20, 60, 120]).unwrap_or(60)
        }
    } * SECOND;
    match kind {
        Kind::Plain => Peer::Echo(Echo { answers: false }),
        Kind::Json => Peer::Echo(Echo { answers: true }),
        Kind::Sessions => Peer::Sessions(Sessions::new(SessionManner {
            pace,
            channels,
            recovers: !dice.one_in(4),
            takes_over: dice.one_in(2),
            forgets_in: dice.pick(&[3, 20]).unwrap_or(3),
            ping_interval: dice.pick(&[5, 25]).unwrap_or(25) * SECOND,
            ping_timeout: dice.pick(&[5, 20]).unwrap_or(20) * SECOND,
        })),
        Kind::Exchange => Peer::Exchange(Exchange::new(pace, channels)),
        Kind::Resume | Kind::Cluster => {
            let window = dice.one_in(2).then(|| Duration::from_secs(dice.between(1, 60)));
            let beat = (Duration::from_secs(dice.between(10, 40)), Duration::from_secs(10));
            Peer::Resume(Box::new(Resume::new(Manner {
                channels,
                history_max: dice.between(16, 600) as usize,
                pace,
                heartbeat: dice.one_in(2).then_some(beat),
                return_window: window,
                backoff_max: dice.one_in(2).then(|| Duration::from_secs(dice.between(0, 60))),
                rate: dice.pick(&[None, None, Some(1), Some(20)]).flatten(),
                window_drifts: true,
                origin_ttl: dice
                    .pick(&[None, Some(60), Some(600)])
                    .flatten()
                    .map(Duration::from_secs),
                refuses_in: dice.pick(&[0, 97, 1009]).unwrap_or(0),
            })))
        }
    }
}
