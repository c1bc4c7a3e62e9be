//! Arbitrary inputs for the engine, judged by a small reference model.
//!
//! Inputs are decoded from bytes, three for each, so that the property test and the fuzzer run the
//! same thing, and every sequence of bytes is one.

mod decode;
mod judge;

use everlink_engine::{
    Config, ConfigBuilder, Dialect, Engine, Heartbeat, Input, InputError, Output, Overflow,
    Profile, Timestamp,
};

use judge::Judge;

/// Most time-outs at one moment before it counts as a busy loop.
const TIMEOUTS_MAX: usize = 8;

/// Returns one of the configurations that are tried, by number.
pub(crate) fn config(number: u8) -> Config {
    let dialect = Dialect::ALL[usize::from(number) % Dialect::ALL.len()];
    let builder = Config::builder(Profile::Standard)
        .dialect(dialect)
        .queue_messages_max(4)
        .queue_bytes_max(1024)
        .credentials(number & 1 == 0)
        .endpoints(2);
    let build = |builder: ConfigBuilder| builder.build().expect("it is one of a few");
    match number / Dialect::ALL.len() as u8 % 6 {
        0 => build(builder),
        1 => build(builder.renew_after(Some(secs(40))).stale_after(Some(secs(30)))),
        2 => build(
            builder.heartbeat(Heartbeat::None).overflow(Overflow::DropOldest).overlap(secs(0)),
        ),
        3 => build(
            builder
                .attempts_max(Some(2))
                .supervisor_attempts_max(3)
                .breaker_failures(Some(2))
                .stable_after(secs(1)),
        ),
        4 => build(
            builder.dials_per_minute(None).backoff_min(secs(0)).backoff_floor(secs(0)).queue(false),
        ),
        _ => build(builder.reconnect(false).close_timeout(secs(0)).probe_dials(false)),
    }
}

fn secs(secs: u64) -> std::time::Duration {
    std::time::Duration::from_secs(secs)
}

/// Returns the first words in which two engines differ.
fn difference(before: &Engine<u32>, after: &Engine<u32>) -> String {
    let (before, after) = (format!("{before:?}"), format!("{after:?}"));
    let words = before.split(", ").zip(after.split(", "));
    words.filter(|(b, a)| a != b).take(4).map(|(b, a)| format!("`{b}` became `{a}`; ")).collect()
}

/// An engine, a clock, and what is known of the outside.
pub(crate) struct World {
    engine: Engine<u32>,
    now: Timestamp,
    judge: Judge,
    trace: Vec<Output<u32>>,
}

impl World {
    pub(crate) fn new(number: u8) -> Self {
        let config = config(number);
        let judge = Judge::new(&config);
        let engine = Engine::new(config, u32::from(number));
        Self { engine, now: Timestamp::from_millis(1), judge, trace: Vec::new() }
    }

    /// Runs a whole sequence; returns everything that came out.
    pub(crate) fn run(number: u8, steps: &[[u8; 3]]) -> Vec<Output<u32>> {
        let mut world = Self::new(number);
        for step in steps {
            world.step(*step);
        }
        world.trace
    }

    /// Decodes one step and carries it out.
    pub(crate) fn step(&mut self, bytes: [u8; 3]) {
        match decode::step(bytes, &self.judge, &self.engine) {
            decode::Step::Input(input) => self.give(input),
            decode::Step::Pass(time) => self.pass_until(self.now.after(time)),
            decode::Step::Sleep(time) => self.now = self.now.after(time),
            decode::Step::ToDeadline => {
                if let Some((at, _)) = self.engine.poll_timeout() {
                    self.pass_until(at.max(self.now));
                }
            }
        }
        self.early_timeouts_change_nothing();
    }

    fn pass_until(&mut self, end: Timestamp) {
        while let Some((at, timer)) = self.engine.poll_timeout().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            for round in 0.. {
                assert!(round < TIMEOUTS_MAX, "busy loop: {timer:?} at {at:?}, now {:?}", self.now);
                self.give(Input::Timeout);
                if self.engine.poll_timeout().is_none_or(|(at, _)| at > self.now) {
                    break;
                }
            }
        }
        self.now = end;
    }

    fn give(&mut self, input: Input<u32>) {
        let before = self.engine.clone();
        self.judge.sees_input(&input);
        let taken = self.engine.handle_input(self.now, input.clone());
        if let Err(error) = taken {
            let waits = matches!(error, InputError::QueueFull { waits: true, .. });
            assert!(waits || before == self.engine, "{error} changed something: {input:?}");
            assert!(self.engine.poll_output().is_none(), "{error} told something");
            return;
        }
        self.judge.sees_taken(&input);
        while let Some(output) = self.engine.poll_output() {
            self.judge.sees_output(&output);
            self.trace.push(output);
        }
        self.judge.sees_end(&input, self.engine.state(), &self.engine.info(self.now));
    }

    fn early_timeouts_change_nothing(&mut self) {
        if self.engine.poll_timeout().is_some_and(|(at, _)| at <= self.now) {
            return;
        }
        let before = self.engine.clone();
        let taken = self.engine.handle_input(self.now, Input::Timeout);
        let same = taken.is_ok() && before == self.engine;
        let now = self.now;
        assert!(same, "early time-out at {now:?}: {}", difference(&before, &self.engine));
    }
}
