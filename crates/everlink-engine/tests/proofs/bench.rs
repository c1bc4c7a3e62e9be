//! An engine on a bench: one clock, inputs in short form, outputs in short words.

use std::time::Duration;

use everlink_engine::{
    Cause, ChannelId, Config, ConfigBuilder, ConnectionState, Cursor, Dialect, Engine, Epoch,
    Event, Failure, Input, InputError, Jitter, MessageId, News, Origin, Outcome, Outgoing, Output,
    Page, PageMessage, PingLevel, ProducerId, Profile, Received, SendPolicy, Timestamp, Transmit,
    TransportId, ValueKey,
};

use crate::words;

/// Most timers that one run may fire: more is a busy loop.
const TIMERS_MAX: usize = 100_000;

pub(crate) struct Bench {
    pub(crate) engine: Engine<u32>,
    pub(crate) now: Timestamp,
    next_message: u64,
    /// Whether every frame is written at once.
    writes: bool,
    out: Vec<Output<u32>>,
}

/// The standard profile without chance: fixed delays, no return window.
pub(crate) fn plain() -> ConfigBuilder {
    Config::builder(Profile::Standard)
        .jitter(Jitter::None)
        .return_window(None)
        .backoff_adaptive(false)
}

/// The same for `everlink.v1`.
pub(crate) fn everlink() -> ConfigBuilder {
    plain().dialect(Dialect::EVERLINK)
}

/// The same for Socket.IO.
pub(crate) fn socketio() -> ConfigBuilder {
    plain().dialect(Dialect::SOCKETIO)
}

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) fn cursor(epoch: u64, offset: u64) -> Cursor {
    Cursor { epoch: Epoch(epoch), offset }
}

pub(crate) fn origin(producer: u32, sequence: u64) -> Origin {
    Origin { producer: ProducerId(producer), sequence }
}

pub(crate) const CHANNEL: ChannelId = ChannelId(1);

pub(crate) fn welcome() -> Received<u32> {
    Received::Welcome {
        heartbeat: None,
        return_window: None,
        backoff_max: None,
        origin_ttl: None,
        kept: everlink_engine::Kept::Disk,
        rate: None,
    }
}

/// A peer that pings each 25 s lets us in, and is given 20 s more.
pub(crate) fn entered(recovered: bool) -> Received<u32> {
    Received::Entered { silence_max: Some(secs(45)), recovered }
}

/// Returns how a peer of a dialect that greets answers the greeting.
pub(crate) fn let_in(dialect: &Dialect) -> Received<u32> {
    if dialect.recovers { entered(false) } else { welcome() }
}

pub(crate) fn sub_ok(channel: u32, epoch: u64, head: u64) -> Received<u32> {
    Received::SubscribeOk { channel: ChannelId(channel), epoch: Epoch(epoch), head }
}

/// A message of another producer, whose number is its offset, and so is the payload.
pub(crate) fn delivery(channel: u32, offset: u64) -> Received<u32> {
    Received::Delivery {
        channel: ChannelId(channel),
        offset,
        epoch: None,
        origin: origin(9, offset),
        payload: offset as u32,
    }
}

pub(crate) fn ack(channel: u32, sequence: u64, offset: u64) -> Received<u32> {
    Received::Ack { channel: ChannelId(channel), origin: origin(0, sequence), offset }
}

/// The answer to a question, with one message.
pub(crate) fn page(request: u32) -> Received<u32> {
    let message = PageMessage { offset: 5, origin: origin(9, 5), payload: 55 };
    let page = Page { epoch: Epoch(1), first: 1, head: 5, messages: vec![message] };
    Received::Page { request, channel: CHANNEL, page }
}

pub(crate) fn pong(nonce: u32, level: PingLevel) -> Received<u32> {
    Received::Pong { level, nonce: Some(nonce), window: None }
}

impl Bench {
    pub(crate) fn new(config: ConfigBuilder) -> Self {
        Self::seeded(config, 1)
    }

    pub(crate) fn seeded(config: ConfigBuilder, seed: u32) -> Self {
        let engine = Engine::new(config.build().unwrap(), seed);
        Self {
            engine,
            now: Timestamp::from_millis(1000),
            next_message: 1,
            writes: false,
            out: Vec::new(),
        }
    }

    /// Connects, and opens the first transport.
    pub(crate) fn up(config: ConfigBuilder) -> Self {
        let mut bench = Self::new(config);
        bench.give(Input::Connect);
        bench.news(1, News::Opened);
        let dialect = *bench.engine.config().dialect();
        if dialect.greets {
            bench.frame(1, let_in(&dialect));
        }
        assert!(bench.engine.info(bench.now).is_connected());
        bench.drain();
        bench
    }

    /// The same with channel 1, read from `from` on, and attached at its head.
    pub(crate) fn reading(config: ConfigBuilder, epoch: u64, head: u64) -> Self {
        let mut bench = Self::new(config);
        let from = Some(cursor(epoch, head));
        bench.give(Input::Subscribe { channel: CHANNEL, from });
        bench.give(Input::Connect);
        bench.attach(1, epoch, head);
        assert!(bench.engine.info(bench.now).is_connected());
        bench.drain();
        bench
    }

    /// Opens a transport that attaches channel 1.
    pub(crate) fn attach(&mut self, transport: u32, epoch: u64, head: u64) {
        self.news(transport, News::Opened);
        self.frame(transport, welcome());
        self.frame(transport, sub_ok(1, epoch, head));
    }

    pub(crate) fn try_give(&mut self, input: Input<u32>) -> Result<(), InputError> {
        self.engine.handle_input(self.now, input)?;
        while let Some(output) = self.engine.poll_output() {
            if let (true, Output::Transmit { transport, .. }) = (self.writes, &output) {
                let written = News::Written { frames: 1 };
                self.engine.handle_input(self.now, Input::Transport(*transport, written))?;
            }
            self.out.push(output);
        }
        Ok(())
    }

    /// Writes every frame from now on at once, as a network does that works.
    pub(crate) fn writing(mut self) -> Self {
        self.writes = true;
        self.written(1, 10);
        self
    }

    /// Takes what came out; returns the number of the last ping in it.
    pub(crate) fn newest_ping(&mut self) -> u32 {
        let ping = |output: &Output<u32>| match output {
            Output::Transmit { frame: Transmit::Ping { nonce, .. }, .. } => Some(*nonce),
            _ => None,
        };
        self.outputs().iter().rev().find_map(ping).expect("a ping was sent")
    }

    pub(crate) fn give(&mut self, input: Input<u32>) {
        self.try_give(input).unwrap();
    }

    pub(crate) fn news(&mut self, transport: u32, news: News<u32>) {
        self.give(Input::Transport(TransportId(transport), news));
    }

    pub(crate) fn frame(&mut self, transport: u32, frame: Received<u32>) {
        self.news(transport, News::Frame(frame));
    }

    pub(crate) fn lost(&mut self, transport: u32, cause: Cause) {
        self.news(transport, News::Lost { failure: Failure::new(cause), verdict: None });
    }

    pub(crate) fn failed(&mut self, transport: u32, cause: Cause) {
        self.news(transport, News::Failed { failure: Failure::new(cause), verdict: None });
    }

    pub(crate) fn written(&mut self, transport: u32, frames: u32) {
        self.news(transport, News::Written { frames });
    }

    /// Sends the next message; its payload is its number.
    pub(crate) fn send(&mut self, channel: Option<u32>, policy: SendPolicy) -> MessageId {
        self.try_send(channel, policy, 10).unwrap()
    }

    pub(crate) fn try_send(
        &mut self,
        channel: Option<u32>,
        policy: SendPolicy,
        bytes: u32,
    ) -> Result<MessageId, InputError> {
        let id = MessageId(self.next_message);
        let channel = channel.map(ChannelId);
        let payload = self.next_message as u32;
        let key = Some(ValueKey(7));
        let message = Outgoing { key, ..Outgoing::new(id, channel, bytes, policy, payload) };
        self.try_give(Input::Send(message))?;
        self.next_message += 1;
        Ok(id)
    }

    /// Sends the next message, which asks for its answer.
    pub(crate) fn ask(&mut self, policy: SendPolicy) -> MessageId {
        let id = MessageId(self.next_message);
        self.give(Input::Ask(Outgoing::new(id, None, 10, policy, self.next_message as u32)));
        self.next_message += 1;
        id
    }

    /// Publishes to channel 1 with a number of the caller's choice as name and payload.
    pub(crate) fn publish(&mut self, id: u64) {
        let channel = Some(CHANNEL);
        let message = Outgoing::new(MessageId(id), channel, 1, SendPolicy::Wait, id as u32);
        self.give(Input::Send(message));
    }

    /// Lets time pass, firing each timer at its deadline.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now.after(time);
        for _ in 0..TIMERS_MAX {
            match self.engine.poll_timeout() {
                Some((at, _)) if at <= end => {
                    self.now = self.now.max(at);
                    self.give(Input::Timeout);
                }
                Some(_) | None => {
                    self.now = end;
                    return;
                }
            }
        }
        panic!("busy: {:?} at {:?}", self.engine.poll_timeout(), self.now);
    }

    /// Lets time pass without a timer being fired, as in a machine that sleeps.
    pub(crate) fn sleep(&mut self, time: Duration) {
        self.now = self.now.after(time);
    }

    pub(crate) fn outputs(&mut self) -> Vec<Output<u32>> {
        std::mem::take(&mut self.out)
    }

    pub(crate) fn drain(&mut self) {
        self.out.clear();
    }

    /// Takes what came out, in short words.
    pub(crate) fn words(&mut self) -> Vec<String> {
        self.outputs().iter().map(words::output).collect()
    }

    /// Takes what came out and compares it, in short words.
    #[track_caller]
    pub(crate) fn expect(&mut self, expected: &[&str]) {
        assert_eq!(self.words(), expected);
    }

    /// Takes what came out; returns the payloads of the messages that were delivered.
    pub(crate) fn delivered(&mut self) -> Vec<u32> {
        let payload = |output| match output {
            Output::Event(
                Event::Message { payload, .. }
                | Event::Volatile { payload, .. }
                | Event::Retained { payload, .. },
            ) => Some(payload),
            _ => None,
        };
        self.outputs().into_iter().filter_map(payload).collect()
    }

    /// Takes what came out; returns the fates that were told.
    pub(crate) fn settled(&mut self) -> Vec<(u64, u64, Outcome)> {
        let fate = |output| match output {
            Output::Event(Event::Settled { first, last, outcome }) => {
                Some((first.0, last.0, outcome))
            }
            _ => None,
        };
        self.outputs().into_iter().filter_map(fate).collect()
    }

    pub(crate) fn state(&self) -> ConnectionState {
        self.engine.state()
    }
}
