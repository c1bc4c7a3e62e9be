//! What a busy time leaves behind is given back on request. Alone in its process, because it counts
//! every allocation.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]

use std::alloc::System;

use everlink_engine::{
    Config, Engine, Input, MessageId, News, Outgoing, Output, Profile, SendPolicy, Timestamp,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MESSAGES: u32 = 4000;

struct Bench {
    engine: Engine<u8>,
    last: u64,
}

impl Bench {
    fn new() -> Self {
        let builder = Config::builder(Profile::Standard).queue_messages_max(2 * MESSAGES);
        let mut bench = Self { engine: Engine::new(builder.build().unwrap(), 1), last: 0 };
        bench.input(Input::Connect);
        bench
    }

    fn input(&mut self, input: Input<u8>) {
        self.engine.handle_input(Timestamp::from_millis(1), input).unwrap();
    }

    fn send(&mut self, policy: SendPolicy) {
        self.last += 1;
        let id = MessageId(self.last);
        let (channel, key, origin) = (None, None, None);
        self.input(Input::Send(Outgoing {
            id,
            channel,
            bytes: 1,
            policy,
            key,
            origin,
            payload: 0,
        }));
    }

    /// Takes all outputs; returns the transport that was dialed among them.
    fn dialed(&mut self) -> Option<everlink_engine::TransportId> {
        let mut dialed = None;
        while let Some(output) = self.engine.poll_output() {
            if let Output::Dial(dial) = output {
                dialed = Some(dial.transport);
            }
        }
        dialed
    }

    /// Returns how many bytes are given back, after every output was taken.
    fn released(&mut self) -> usize {
        self.dialed();
        let region = Region::new(ALLOCATOR);
        let before = self.engine.clone();
        let cloned = region.change();
        self.engine.release();
        assert!(self.engine.info(Timestamp::ZERO) == before.info(Timestamp::ZERO));
        let change = region.change();
        let given_back = |stats: &stats_alloc::Stats| {
            (stats.bytes_deallocated as isize - stats.bytes_allocated as isize)
                - stats.bytes_reallocated
        };
        usize::try_from(given_back(&change) - given_back(&cloned)).unwrap()
    }
}

/// One test for all three, so that no other test allocates meanwhile.
#[test]
fn queues_that_a_busy_time_filled_are_given_back_once_they_are_empty() {
    let at_least = MESSAGES as usize * 8;

    let mut outbox = Bench::new();
    for _ in 0..MESSAGES {
        outbox.send(SendPolicy::Fail);
        outbox.dialed();
    }
    outbox.input(Input::Disconnect);
    assert!(outbox.released() > at_least, "of the outbox");
    assert_eq!(outbox.released(), 0, "there is no more");

    let mut outputs = Bench::new();
    for _ in 0..MESSAGES {
        outputs.send(SendPolicy::Volatile);
    }
    assert!(outputs.released() > at_least, "of the outputs");

    let mut pipe = Bench::new();
    let transport = pipe.dialed().unwrap();
    pipe.input(Input::Transport(transport, News::Opened));
    for _ in 0..MESSAGES {
        pipe.send(SendPolicy::Volatile);
        pipe.dialed();
    }
    pipe.input(Input::Transport(transport, News::Written { frames: MESSAGES }));
    assert!(pipe.released() > at_least, "of what was handed to the transport");
}
