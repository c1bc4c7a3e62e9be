//! Two transports at once: who has the voice, and that waiting for one of them is no busy loop.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]

use std::time::Duration;

use everlink_engine::{
    ChannelId, Config, Engine, Event, Input, MessageId, News, Outgoing, Output, Profile, Received,
    SendPolicy, Timestamp, TransportId,
};

struct Bench {
    engine: Engine<u64>,
    now: u64,
    dials: Vec<TransportId>,
    delivered: Vec<u64>,
}

impl Bench {
    fn new(config: Config) -> Self {
        let engine = Engine::new(config, 1);
        let (dials, delivered) = (Vec::new(), Vec::new());
        let mut bench = Self { engine, now: 0, dials, delivered };
        let channel = ChannelId(1);
        bench.input(Input::Subscribe { channel, from: None });
        bench.input(Input::Connect);
        bench
    }

    fn input(&mut self, input: Input<u64>) {
        let now = Timestamp::from_millis(self.now);
        self.engine.handle_input(now, input).unwrap();
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Dial(dial) => {
                    self.dials.push(dial.transport);
                    self.input(Input::Transport(dial.transport, News::Opened));
                }
                Output::Transmit { transport, .. } => {
                    self.input(Input::Transport(transport, News::Written { frames: 1 }));
                }
                Output::Event(Event::Message { payload, .. }) => self.delivered.push(payload),
                Output::HangUp { .. } | Output::Event(_) => {}
            }
        }
    }

    fn says(&mut self, transport: u32, frame: Received<u64>) {
        self.input(Input::Transport(TransportId(transport), News::Frame(frame)));
    }

    fn event(&mut self, transport: u32, number: u64) {
        let (channel, key) = (Some(ChannelId(1)), Some(number));
        self.says(transport, Received::Message { channel, key, payload: number });
    }
}

/// The reader pauses, so nothing of the old transport is heard; the successor brings a copy first.
#[test]
fn req_f09_a_successor_that_is_dropped_by_its_own_message_does_not_deliver_it() {
    let mut bench = Bench::new(Config::builder(Profile::MarketFeed).build().unwrap());
    bench.says(1, Received::RequestOk { request: 1 });
    bench.input(Input::Transport(TransportId(1), News::ReadPaused));
    bench.now = 5000;
    bench.input(Input::NetworkChanged);
    assert_eq!(bench.dials.len(), 2, "suspicion dials a second transport");
    bench.says(2, Received::RequestOk { request: 1 });
    bench.now = 20_000;
    bench.input(Input::Timeout);
    bench.event(2, 7);
    bench.event(1, 7);
    assert_eq!(bench.delivered, [7]);
}

/// During the drain of a planned move messages wait; a rate limit that is free must not ask for
/// time-outs that lead nowhere.
#[test]
fn waiting_for_a_drain_names_a_deadline_that_lies_ahead() {
    let age = Some(Duration::from_secs(3600));
    let builder = Config::builder(Profile::MarketFeed).renew_after(age).stale_after(None);
    let mut bench = Bench::new(builder.build().unwrap());
    bench.says(1, Received::RequestOk { request: 1 });
    // Beats every 20 s: an hour is over long before that many.
    for _ in 0..1000 {
        if bench.dials.len() == 2 {
            break;
        }
        let (at, _) = bench.engine.poll_timeout().unwrap();
        bench.now = at.as_nanos().div_ceil(1_000_000);
        bench.input(Input::Timeout);
        let level = everlink_engine::PingLevel::Protocol;
        bench.says(1, Received::Pong { level, nonce: None, window: None });
    }
    assert_eq!(bench.dials.len(), 2, "the connection reaches its age");
    bench.says(2, Received::RequestOk { request: 1 });
    let policy = SendPolicy::Wait;
    let message = Outgoing::new(MessageId(1), None, 1, policy, 1);
    bench.input(Input::Send(message));
    bench.now += 2000;
    bench.input(Input::Timeout);
    let (at, timer) = bench.engine.poll_timeout().unwrap();
    assert!(at > Timestamp::from_millis(bench.now), "{timer:?} is due already, at {at:?}");
}
