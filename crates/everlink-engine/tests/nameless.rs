//! Peers whose pongs have no number: which ping one answers can only be told from the order, and from time.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]

use std::time::Duration;

use everlink_engine::{
    Cause, Config, ConfigBuilder, Engine, Event, Failure, Input, MessageId, News, Outgoing, Output,
    PingLevel, Profile, Received, SendPolicy, Timestamp, Transmit, TransportId,
};

const TRANSPORT: TransportId = TransportId(1);

/// A client of dialect `json`, and a peer that other traffic keeps alive.
struct Bench {
    engine: Engine<u8>,
    now: u64,
    pings: Vec<u64>,
    /// How many of the pings were answered, or never will be.
    answered: usize,
    latencies: Vec<Duration>,
    in_doubt: Vec<(u64, u64)>,
}

fn messenger() -> ConfigBuilder {
    Config::builder(Profile::Messenger).probe_dials(false)
}

impl Bench {
    fn new(config: ConfigBuilder) -> Self {
        let engine = Engine::new(config.build().unwrap(), 1);
        let (pings, latencies, in_doubt) = (Vec::new(), Vec::new(), Vec::new());
        let mut bench = Self { engine, now: 0, pings, answered: 0, latencies, in_doubt };
        bench.input(Input::Connect);
        bench.news(News::Opened);
        bench
    }

    fn input(&mut self, input: Input<u8>) {
        self.engine.handle_input(Timestamp::from_millis(self.now), input).unwrap();
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Transmit { frame, .. } => {
                    if matches!(frame, Transmit::Ping { .. }) {
                        self.pings.push(self.now);
                    }
                    let written = Input::Transport(TRANSPORT, News::Written { frames: 1 });
                    self.engine.handle_input(Timestamp::from_millis(self.now), written).unwrap();
                }
                Output::Event(Event::HealthCheck { latency, .. }) => self.latencies.push(latency),
                Output::Event(Event::InDoubt { first, last }) => {
                    self.in_doubt.push((first.0, last.0));
                }
                Output::Event(_) | Output::Dial(_) => {}
                Output::HangUp { .. } => panic!("hung up at {} ms", self.now),
            }
        }
    }

    fn news(&mut self, news: News<u8>) {
        self.input(Input::Transport(TRANSPORT, news));
    }

    fn send(&mut self, id: u64) {
        self.input(Input::Send(Outgoing::new(MessageId(id), None, 1, SendPolicy::Wait, 0)));
    }

    fn pong(&mut self) {
        let frame = Received::Pong { level: PingLevel::Application, nonce: None, window: None };
        self.news(News::Frame(frame));
    }

    /// Lets time pass in steps of 100 ms; data comes in each, and pings are answered after `trip`,
    /// which is none for those whose place is in `silent`.
    fn run(&mut self, millis: u64, trip: u64, silent: &[usize]) {
        for _ in 0..millis / 100 {
            self.now += 100;
            self.input(Input::Timeout);
            self.news(News::Heard { data: true });
            while let Some(sent) = self.pings.get(self.answered).copied() {
                let is_silent = silent.contains(&self.answered);
                if !is_silent && sent + trip > self.now {
                    break;
                }
                self.answered += 1;
                if !is_silent {
                    self.pong();
                }
            }
        }
    }

    fn lose(&mut self) -> Vec<(u64, u64)> {
        self.news(News::Lost { failure: Failure::new(Cause::EndedAbruptly), verdict: None });
        std::mem::take(&mut self.in_doubt)
    }
}

/// Req: C02, M04
#[test]
fn req_c02_after_a_ping_without_an_answer_on_a_live_link_later_ones_go_out_and_are_measured() {
    for silent in [&[0][..], &[1], &[2, 3], &[0, 2, 4]] {
        let mut bench = Bench::new(messenger());
        bench.run(300_000, 200, silent);
        assert_eq!(bench.pings.len(), 10, "one each 30 s: {:?}", bench.pings);
        let expected = vec![Duration::from_millis(200); 10 - silent.len()];
        assert_eq!(bench.latencies[..], expected[1..], "without an answer: {silent:?}");
    }
}

#[test]
fn req_c02_where_pings_come_faster_than_their_deadline_a_lost_one_is_not_waited_for_for_ever() {
    let config = messenger().heartbeat_interval(Duration::from_secs(1));
    let mut bench = Bench::new(config);
    bench.run(60_000, 200, &[5]);
    let wrong: Vec<_> = bench.latencies.iter().filter(|trip| trip.as_millis() != 200).collect();
    assert_eq!(wrong, Vec::<&Duration>::new());
    let last = *bench.pings.last().unwrap();
    assert!(bench.latencies.len() >= 40 && last >= 59_000, "{:?} {last}", bench.latencies.len());
}

#[test]
fn round_trips_that_take_longer_than_the_interval_are_measured_as_what_they_are() {
    let config = messenger().heartbeat_interval(Duration::from_secs(1));
    let mut bench = Bench::new(config);
    bench.run(60_000, 2_500, &[]);
    assert!(bench.latencies.len() > 15, "{:?}", bench.latencies);
    assert!(bench.latencies.iter().all(|trip| trip.as_millis() == 2_500), "{:?}", bench.latencies);
}

/// A ping that is not answered must not leave everything that is sent later in doubt.
#[test]
fn req_n01_after_a_ping_without_an_answer_only_what_no_pong_vouches_for_is_in_doubt() {
    let mut bench = Bench::new(messenger());
    for id in 1..=10 {
        bench.send(id);
        bench.run(30_000, 200, &[0]);
    }
    // Which ping the last pong answered is not certain: it vouches for what was sent before the one before.
    bench.run(1000, 200, &[]);
    assert_eq!(bench.lose(), [(10, 10)]);
}
