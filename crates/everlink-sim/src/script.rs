//! Worlds for tests: a scene says what there is, a test says what happens, and reads sentences.

use std::time::Duration;

use everlink_engine::{
    ChannelId, Config, ConfigBuilder, Dialect, Input, InputError, Profile, SendPolicy,
};

use crate::network::{Met, Network};
use crate::peer::{Echo, Exchange, Manner, Peer, Resume};
use crate::world::World;

/// What there is in a world: profile, peer, network and seed.
#[derive(Clone, Debug)]
#[must_use]
pub struct Scene {
    builder: ConfigBuilder,
    server: Server,
    channels: u32,
    pace: Duration,
    history_max: usize,
    return_window: Option<Duration>,
    network: Network,
    seed: u64,
}

#[derive(Clone, Copy, Debug)]
enum Server {
    Echo,
    Exchange,
    Resume,
}

impl Scene {
    fn new(builder: ConfigBuilder, server: Server) -> Self {
        Self {
            builder,
            server,
            channels: 3,
            pace: Duration::ZERO,
            history_max: 1000,
            return_window: None,
            network: Network::GOOD,
            seed: 1,
        }
    }

    /// An echo server, and a client of this profile.
    pub fn echo(profile: Profile) -> Self {
        Self::new(Config::builder(profile), Server::Echo)
    }

    /// An exchange with so many channels, and a client of the profile `market_feed`.
    pub fn exchange(channels: u32) -> Self {
        let scene = Self::new(Config::builder(Profile::MarketFeed), Server::Exchange);
        Self { channels, ..scene }
    }

    /// A server of `everlink.v1`, and a client of the profile `standard`.
    pub fn everlink() -> Self {
        let builder = Config::builder(Profile::Standard).dialect(Dialect::EVERLINK);
        Self::new(builder, Server::Resume)
    }

    /// Changes settings of the client.
    pub fn settings(self, change: impl FnOnce(ConfigBuilder) -> ConfigBuilder) -> Self {
        Self { builder: change(self.builder), ..self }
    }

    /// Sets the network.
    pub fn network(self, network: Network) -> Self {
        Self { network, ..self }
    }

    /// Sets the seed of everything that is drawn.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Lets others say something on a channel, with this mean time between.
    pub fn busy(self, pace: Duration) -> Self {
        Self { pace, ..self }
    }

    /// Sets how many messages the log of a channel keeps.
    pub fn history(self, history_max: usize) -> Self {
        Self { history_max, ..self }
    }

    /// Sets the window over which the server wants its clients to return.
    pub fn return_window(self, window: Duration) -> Self {
        Self { return_window: Some(window), ..self }
    }

    /// Makes the world; it tells its story from now on.
    ///
    /// # Panics
    ///
    /// If a setting is out of its range.
    #[must_use]
    pub fn world(self) -> World {
        let config = match self.builder.build() {
            Ok(config) => config,
            Err(wrong) => panic!("{wrong}"),
        };
        let pace = self.pace.as_nanos() as u64;
        let peer = match self.server {
            Server::Echo => Peer::Echo(Echo { answers: true }),
            Server::Exchange => Peer::Exchange(Exchange::new(pace, self.channels)),
            Server::Resume => Peer::Resume(Box::new(Resume::new(Manner {
                channels: self.channels,
                history_max: self.history_max,
                pace,
                heartbeat: None,
                return_window: self.return_window,
                backoff_max: None,
                rate: None,
                window_drifts: false,
                origin_ttl: None,
                refuses_in: 0,
            }))),
        };
        let mut world = World::with_peer(config, peer, self.network, self.seed);
        world.tell_story();
        world
    }
}

/// What a test says.
impl World {
    /// Connects, and lets a second pass.
    pub fn connect(&mut self) -> &mut Self {
        self.give(Input::Connect).run_for(Duration::from_secs(1))
    }

    /// Gives the engine an input of the application or the platform now.
    pub fn give(&mut self, input: Input<u64>) -> &mut Self {
        self.input(input);
        self
    }

    /// Wants channels from 0 up to a number.
    pub fn subscribe(&mut self, channels: u32) -> &mut Self {
        for channel in (0..channels).map(ChannelId) {
            self.input(Input::Subscribe { channel, from: None });
        }
        self
    }

    /// Sends a message of ten bytes by the configured policy; messages are numbered from 1.
    ///
    /// # Errors
    ///
    /// As the engine says.
    pub fn send(&mut self) -> Result<u64, InputError> {
        self.send_by(SendPolicy::Configured)
    }

    /// Sends a message of ten bytes by a policy.
    ///
    /// # Errors
    ///
    /// As the engine says.
    pub fn send_by(&mut self, policy: SendPolicy) -> Result<u64, InputError> {
        self.offer(Some(ChannelId(0)), 10, policy).map(|id| id.0)
    }

    /// Says what the next dials meet, one after the other; later ones are accepted.
    pub fn dials_meet(&mut self, met: &[Met]) -> &mut Self {
        self.set_dials(met, Met::Accept);
        self
    }

    /// Says what every dial meets from now on.
    pub fn all_dials_meet(&mut self, met: Met) -> &mut Self {
        self.set_dials(&[], met);
        self
    }

    /// Lets time pass until a sentence of the story begins like this; returns how long that took.
    ///
    /// # Panics
    ///
    /// If it is not told within `limit`.
    #[track_caller]
    pub fn until(&mut self, beginning: &str, limit: Duration) -> Duration {
        let start = self.now();
        let seen = self.story().len();
        while self.now() - start < limit {
            if self.story()[seen..].iter().any(|sentence| sentence.starts_with(beginning)) {
                return self.now() - start;
            }
            self.run_for(Duration::from_millis(10));
        }
        panic!("`{beginning}` was not told within {limit:?}:\n{}", self.tale());
    }

    /// Takes the story so far, and compares it.
    ///
    /// # Panics
    ///
    /// If it is another one, or a rule was broken.
    #[track_caller]
    pub fn expect(&mut self, expected: &[&str]) -> &mut Self {
        self.expect_no_violation();
        let told = self.take_story();
        assert!(told == expected, "told {told:#?}, expected {expected:#?}\n{}", self.tale());
        self
    }

    /// Takes the story so far.
    ///
    /// # Panics
    ///
    /// If a rule was broken.
    #[track_caller]
    pub fn told(&mut self) -> Vec<String> {
        self.expect_no_violation();
        self.take_story()
    }

    /// Judges that no rule was broken so far.
    ///
    /// # Panics
    ///
    /// If a rule was broken.
    #[track_caller]
    pub fn expect_no_violation(&self) {
        if let Some(violation) = self.violation() {
            panic!("{violation}\n{}", self.tale());
        }
    }

    fn tale(&self) -> String {
        let lines = self.trace_lines();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }
}
