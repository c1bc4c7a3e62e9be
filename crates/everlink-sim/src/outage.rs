//! One client in one outage: when it tries, and when it is back.

use std::time::Duration;

use everlink_engine::{
    Cause, Config, Engine, Failure, Input, News, Output, Received, Timestamp, Transmit, TransportId,
};

/// What is to be simulated: a connection that stood long enough to be proved is lost, and its server
/// refuses every attempt until the outage ends.
#[derive(Clone, Debug)]
pub struct Outage {
    /// The client's configuration, of a dialect that does not greet.
    pub config: Config,
    /// How long the server is away.
    pub lasts: Duration,
    /// How long an attempt takes, whether it comes to something or not.
    pub dial: Duration,
    /// The seed of the client's jitter.
    pub seed: u32,
}

/// One attempt of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it began, since the loss.
    pub at: Duration,
    /// Whether it brought the connection back.
    pub succeeded: bool,
}

impl Outage {
    /// Returns all attempts, the last of which succeeded unless the client gave up.
    ///
    /// The same outage gives the same attempts.
    #[must_use]
    pub fn run(&self) -> Vec<Attempt> {
        let mut course = Course::new(self);
        course.input(Input::Connect);
        while course.attempts.last().is_none_or(|last| !last.succeeded)
            && course.attempts.len() < ATTEMPTS_MAX
        {
            if !course.step() {
                break;
            }
        }
        course.attempts
    }
}

struct Course<'a> {
    outage: &'a Outage,
    engine: Engine<()>,
    now: Timestamp,
    lost_at: Timestamp,
    /// What is on its way to the engine.
    coming: Vec<(Timestamp, TransportId, News<()>)>,
    attempts: Vec<Attempt>,
}

impl<'a> Course<'a> {
    fn new(outage: &'a Outage) -> Self {
        Self {
            outage,
            engine: Engine::new(outage.config.clone(), outage.seed),
            now: Timestamp::ZERO,
            lost_at: Timestamp::ZERO.after(PROVED_AFTER),
            coming: Vec::new(),
            attempts: Vec::new(),
        }
    }

    /// Goes on to what happens next; returns whether there is anything.
    fn step(&mut self) -> bool {
        self.coming.sort_by_key(|(at, ..)| *at);
        let news = self.coming.first().map(|(at, ..)| *at);
        let timer = self.engine.poll_timeout().map(|(at, _)| at);
        let Some(next) = news.into_iter().chain(timer).min() else {
            return false;
        };
        self.now = self.now.max(next);
        if news == Some(next) {
            let (_, transport, news) = self.coming.remove(0);
            self.input(Input::Transport(transport, news));
        } else {
            self.input(Input::Timeout);
        }
        true
    }

    fn input(&mut self, input: Input<()>) {
        let taken = self.engine.handle_input(self.now, input);
        debug_assert!(taken.is_ok(), "only sends and subscriptions can fail");
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Dial(dial) => self.dial(dial.transport),
                Output::Transmit { transport, frame } => {
                    self.comes(Duration::ZERO, transport, News::Written { frames: 1 });
                    if let Transmit::Ping { level, nonce } = frame {
                        let pong = Received::Pong { level, nonce: Some(nonce), window: None };
                        self.comes(ROUND_TRIP, transport, News::Frame(pong));
                    }
                }
                Output::HangUp { .. } | Output::Event(_) => {}
            }
        }
    }

    fn dial(&mut self, transport: TransportId) {
        let ends = self.now.after(self.outage.dial);
        let is_first = self.now < self.lost_at;
        let is_over = ends >= self.lost_at.after(self.outage.lasts);
        let failure = Failure::new(Cause::Refused);
        let news = match is_first || is_over {
            true => News::Opened,
            false => News::Failed { failure, verdict: None },
        };
        self.comes(self.outage.dial, transport, news);
        if is_first {
            let lost = News::Lost { failure: Failure::new(Cause::Reset), verdict: None };
            self.comes(self.lost_at.since(self.now), transport, lost);
        } else {
            let at = self.now.since(self.lost_at);
            self.attempts.push(Attempt { at, succeeded: is_over });
        }
    }

    fn comes(&mut self, after: Duration, transport: TransportId, news: News<()>) {
        self.coming.push((self.now.after(after), transport, news));
    }
}

/// How long the connection had stood: every profile counts it as proved by then.
const PROVED_AFTER: Duration = Duration::from_secs(300);

const ROUND_TRIP: Duration = Duration::from_millis(20);

/// A client that has no delays at all ends here.
const ATTEMPTS_MAX: usize = 100_000;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use everlink_engine::{Config, ConfigBuilder, Profile};

    use super::{Attempt, Outage};

    fn attempts(change: impl Fn(ConfigBuilder) -> ConfigBuilder, seed: u32) -> Vec<Attempt> {
        let config = change(Config::builder(Profile::Standard)).build().unwrap();
        let (lasts, dial) = (Duration::from_secs(900), Duration::from_millis(50));
        Outage { config, lasts, dial, seed }.run()
    }

    /// Both brakes spare a server that is away, and neither gives up.
    #[test]
    fn req_x13_req_x14_adaptive_delays_and_a_breaker_make_fewer_attempts_in_an_outage() {
        let count = |change: fn(ConfigBuilder) -> ConfigBuilder| -> usize {
            (1..=50)
                .map(|seed| {
                    let attempts = attempts(change, seed);
                    let last = attempts.last().unwrap();
                    assert!(last.succeeded && last.at >= Duration::from_millis(899_900));
                    assert!(last.at < Duration::from_secs(990), "{last:?}");
                    attempts.len()
                })
                .sum()
        };
        let plain = count(|settings| settings.backoff_adaptive(false));
        let adaptive = count(|settings| settings.backoff_adaptive(true));
        let braked = count(|settings| settings.backoff_adaptive(false).breaker_failures(Some(5)));
        assert!(adaptive * 10 < plain * 8, "{adaptive} of {plain}");
        assert!(braked * 10 < plain * 5, "{braked} of {plain}");
    }

    #[test]
    fn a_client_that_gives_up_ends_the_run() {
        let attempts = attempts(|settings| settings.attempts_max(Some(3)), 1);
        assert_eq!(
            attempts.iter().map(|attempt| attempt.succeeded).collect::<Vec<_>>(),
            [false; 3]
        );
    }
}
