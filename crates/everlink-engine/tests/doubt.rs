//! What a pong vouches for, and what it does not.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]

use std::time::Duration;

use everlink_engine::{
    Cause, Config, Engine, Event, Failure, Input, MessageId, News, Outgoing, Output, PingLevel,
    Profile, Received, SendPolicy, Timestamp, TransportId,
};

const TRANSPORT: TransportId = TransportId(1);

struct Bench {
    engine: Engine<u8>,
    now: u64,
    in_doubt: Vec<(u64, u64)>,
}

impl Bench {
    fn new() -> Self {
        let config = Config::builder(Profile::Messenger)
            .probe_dials(false)
            .heartbeat_timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        let mut bench = Self { engine: Engine::new(config, 1), now: 0, in_doubt: Vec::new() };
        bench.input(Input::Connect);
        bench.news(News::Opened);
        bench
    }

    fn input(&mut self, input: Input<u8>) {
        self.engine.handle_input(Timestamp::from_millis(self.now), input).unwrap();
        while let Some(output) = self.engine.poll_output() {
            if let Output::Event(Event::InDoubt { first, last }) = output {
                self.in_doubt.push((first.0, last.0));
            }
        }
    }

    fn news(&mut self, news: News<u8>) {
        self.input(Input::Transport(TRANSPORT, news));
    }

    fn send(&mut self, id: u64) {
        self.input(Input::Send(Outgoing::new(MessageId(id), None, 1, SendPolicy::Wait, 0)));
        self.news(News::Written { frames: 1 });
    }

    fn beat(&mut self) {
        self.now += 30_000;
        self.input(Input::Timeout);
        self.news(News::Written { frames: 1 });
    }

    fn pong(&mut self) {
        let frame = Received::Pong { level: PingLevel::Application, nonce: None, window: None };
        self.news(News::Frame(frame));
    }

    fn lose(&mut self) -> Vec<(u64, u64)> {
        self.news(News::Lost { failure: Failure::new(Cause::EndedAbruptly), verdict: None });
        std::mem::take(&mut self.in_doubt)
    }
}

/// Two pings are out; a pong without a number answers the first, before the message between them.
#[test]
fn a_nameless_pong_does_not_vouch_for_what_was_sent_after_its_ping() {
    let mut bench = Bench::new();
    bench.beat();
    bench.send(1);
    bench.beat();
    bench.pong();
    assert_eq!(bench.lose(), [(1, 1)]);
}

#[test]
fn the_second_nameless_pong_vouches_for_what_was_sent_between() {
    let mut bench = Bench::new();
    bench.beat();
    bench.send(1);
    bench.beat();
    bench.pong();
    bench.pong();
    assert_eq!(bench.lose(), []);
}

/// The peer reads in order: that it answers our close frame vouches for all before it.
#[test]
fn a_disconnect_leaves_nothing_in_doubt_once_the_peer_has_answered_it() {
    let mut bench = Bench::new();
    bench.send(1);
    bench.input(Input::Disconnect);
    bench.news(News::Lost { failure: Failure::new(Cause::Closed(1000)), verdict: None });
    assert_eq!(bench.in_doubt, []);
    assert_eq!(bench.engine.poll_timeout(), None, "nothing is waited for");
    bench.now += 10_000;
    bench.input(Input::Timeout);
    assert_eq!(bench.in_doubt, []);
}

#[test]
fn a_disconnect_that_is_never_answered_leaves_what_was_written_in_doubt() {
    let mut bench = Bench::new();
    bench.send(1);
    bench.input(Input::Disconnect);
    bench.now += 999;
    bench.input(Input::Timeout);
    assert_eq!(bench.in_doubt, [], "the peer may still answer");
    bench.now += 1;
    bench.input(Input::Timeout);
    assert_eq!(bench.in_doubt, [(1, 1)]);
}
