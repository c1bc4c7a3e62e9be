//! How a cluster is built and set, and how its people and its weather behave.

use std::time::Duration;

use everlink_engine::server::{RateLimit, SessionConfig};
use everlink_engine::{Config, Dialect, Profile};

use super::name::Name;
use super::{MILLI, SECOND};
use crate::dice::Dice;

/// How a cluster is built and set.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) clients: usize,
    pub(super) channels: usize,
    /// For each node how long it takes to hear of a commit, at most.
    pub(super) feeds: Vec<u64>,
    pub(super) latency: u64,
    pub(super) jitter: u64,
    pub(super) engine: Config,
    pub(super) session: SessionConfig<Name>,
    pub(super) history_max: usize,
    /// The window for returns that nodes tell.
    pub(super) window: Duration,
    /// One message in this many is refused for good; 0 is none.
    pub(super) refuses_in: u64,
    /// How long credentials last at least, where they end.
    pub(super) expires: Option<u64>,
    /// Mean time between two things that an application does, and between two faults; 0 is never.
    pub(super) acts_every: u64,
    pub(super) breaks_every: u64,
    /// Dials find a node that takes them, and nothing stalls by itself.
    pub(super) fair: bool,
}

impl Shape {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let latency = dice.pick(&[1, 5, 20, 80, 250]).unwrap_or(20);
        let nodes = dice.between(1, 3);
        Self {
            clients: dice.between(2, 6) as usize,
            channels: dice.between(1, 3) as usize,
            feeds: (0..nodes).map(|_| dice.pick(&[0, 5, 50, 400]).unwrap_or(5) * MILLI).collect(),
            latency: latency * MILLI,
            jitter: dice.between(0, latency) * MILLI,
            engine: engine_config(dice),
            session: session_config(dice),
            history_max: dice.between(16, 600) as usize,
            window: Duration::from_secs(dice.between(0, 20)),
            refuses_in: dice.pick(&[0, 13, 97]).unwrap_or(0),
            expires: dice.one_in(3).then(|| dice.between(600, 1800) * SECOND),
            acts_every: dice.pick(&[30, 60, 120, 300]).unwrap_or(60) * SECOND,
            breaks_every: dice.pick(&[30, 60, 120]).unwrap_or(60) * SECOND,
            fair: false,
        }
    }
}

fn engine_config(dice: &mut Dice) -> Config {
    let builder = Config::builder(Profile::Standard).dialect(Dialect::EVERLINK);
    let mut builder = builder.credentials(true);
    if dice.one_in(3) {
        builder = builder.probe_dials(false);
    }
    if dice.one_in(4) {
        builder = builder.renew_after(Some(Duration::from_secs(dice.between(600, 7200))));
    }
    builder
        .stable_after(Duration::from_secs(dice.between(0, 60)))
        .build()
        .unwrap_or_else(|wrong| unreachable!("settings are drawn within their ranges: {wrong}"))
}

fn session_config(dice: &mut Dice) -> SessionConfig<Name> {
    let mut config = SessionConfig::new(Name::Words("node"));
    config.heartbeat_interval = Duration::from_secs(dice.between(15, 30));
    config.publishes_max = dice.pick(&[4, 64, 1024]).unwrap_or(64) as u32;
    config.rate = if dice.one_in(4) { RateLimit::new(20, 40) } else { None };
    config.lag_max = dice.one_in(4).then(|| dice.between(20, 100));
    config
}
