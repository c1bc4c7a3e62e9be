//! Anything that can go in, drawn from a seed; numbers are small, so that they meet.

use std::time::Duration;

use everlink_engine::{
    AwayReason, Cause, ChannelId, Cursor, Epoch, Failure, GapCause, Input, Kept, MessageId, News,
    Numbered, Origin, Outgoing, Page, PageMessage, PingLevel, ProducerId, Random, Received,
    SendPolicy, TransportId, ValueKey, Verdict,
};
use everlink_wasm::shape::{Shape, Shaped as _};

/// A generator, and the numbers that must not come twice.
pub(crate) struct Dice {
    random: Random,
    next_id: u64,
    next_request: u32,
    next_payload: u64,
}

impl Dice {
    pub(crate) fn new(seed: u32) -> Self {
        Self { random: Random::new(seed), next_id: 0, next_request: 0, next_payload: 0 }
    }

    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        self.random.next_u32() % limit
    }

    pub(crate) fn one_in(&mut self, count: u32) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn maybe<T>(&mut self, draw: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.one_in(2) { Some(draw(self)) } else { None }
    }

    fn of<T: Copy, const N: usize>(&mut self, all: [T; N]) -> T {
        all[self.below(N as u32) as usize]
    }

    pub(crate) fn payload(&mut self) -> u64 {
        self.next_payload += 1;
        self.next_payload
    }

    /// A time of whole microseconds, most of them short.
    pub(crate) fn time(&mut self) -> Duration {
        let scale = self.of([1000, 100_000, 10_000_000, 1_000_000_000]);
        Duration::from_micros(u64::from(self.below(scale)))
    }

    pub(crate) fn channel(&mut self) -> ChannelId {
        ChannelId(self.below(4))
    }

    fn offset(&mut self) -> u64 {
        u64::from(self.below(8))
    }

    fn epoch(&mut self) -> Epoch {
        Epoch(u64::from(self.below(2)))
    }

    fn cursor(&mut self) -> Cursor {
        Cursor { epoch: self.epoch(), offset: self.offset() }
    }

    fn origin(&mut self) -> Origin {
        Origin { producer: ProducerId(self.below(3)), sequence: self.offset() }
    }

    /// Any cause, by its number in the table of words.
    pub(crate) fn failure(&mut self) -> Failure {
        let Shape::Union(variants) = Cause::SHAPE else {
            unreachable!("a cause is one of several")
        };
        let tag = self.below(variants.len() as u32);
        let code = self
            .of([2, 5, 302, 401, 404, 429, 503, 1000, 1006, 1008, 1009, 1012, 1013, 4100, 4300]);
        let words = [f64::from(tag), f64::from(code)];
        let words = if variants[tag as usize].1.is_empty() { &words[..1] } else { &words[..] };
        let cause = everlink_wasm::Reader::new(words).read();
        Failure { cause: cause.unwrap_or(Cause::Local), retry_after: self.maybe(Self::time) }
    }

    /// Any verdict; most failures have none of their own.
    pub(crate) fn verdict(&mut self) -> Option<Verdict> {
        let all = [
            Verdict::Retry,
            Verdict::RetrySlowly,
            Verdict::RetrySlowlyOnceProven,
            Verdict::RefreshCredentials,
            Verdict::RetryThrice,
            Verdict::GiveUp,
        ];
        if self.one_in(6) { Some(self.of(all)) } else { None }
    }

    pub(crate) fn outgoing(&mut self) -> Outgoing<u64> {
        if !self.one_in(16) {
            self.next_id += 1 + u64::from(self.one_in(8));
        }
        let policy = match self.below(8) {
            0 => SendPolicy::Wait,
            1 => SendPolicy::Fail,
            2 => SendPolicy::DropOldest,
            3 | 4 => SendPolicy::Coalesce { key: 0 },
            5 => SendPolicy::Volatile,
            _ => SendPolicy::Configured,
        };
        let bytes = if self.one_in(40) { u32::MAX } else { self.below(400) };
        Outgoing {
            id: MessageId(self.next_id),
            channel: if self.one_in(8) { None } else { Some(self.channel()) },
            bytes,
            policy,
            key: self.maybe(|dice| ValueKey(dice.below(3))),
            origin: if self.one_in(6) { Some(self.numbered()) } else { None },
            payload: self.payload(),
        }
    }

    /// Mostly one of the last messages, sometimes one that there is not yet.
    fn sent_lately(&mut self) -> MessageId {
        MessageId((self.next_id + 1).saturating_sub(u64::from(self.below(6))))
    }

    fn numbered(&mut self) -> Numbered {
        let sequence = u64::from(self.below(60));
        Numbered {
            producer: ProducerId(self.below(4)),
            sequence,
            before: if self.one_in(3) { Some(sequence / 2) } else { None },
            age: self.time(),
        }
    }

    /// What the application or the platform does.
    pub(crate) fn wish(&mut self) -> Input<u64> {
        match self.below(30) {
            0 if self.one_in(3) => Input::Disconnect,
            1 if self.one_in(2) => Input::Reconnect,
            2 | 3 => Input::Connect,
            4..=6 => Input::Subscribe { channel: self.channel(), from: self.maybe(Self::cursor) },
            7 => Input::Unsubscribe { channel: self.channel() },
            8 | 9 => self.read(),
            10 => Input::Pause { channel: self.channel() },
            11 => Input::Resume { channel: self.channel() },
            12 => Input::NetworkChanged,
            13 => Input::Online,
            14 => Input::Offline,
            15 => Input::Woke,
            16 => Input::Withdraw { message: self.sent_lately() },
            _ => Input::Send(self.outgoing()),
        }
    }

    pub(crate) fn read(&mut self) -> Input<u64> {
        self.next_request += 1;
        let (channel, after) = (self.channel(), self.offset());
        Input::Read { request: self.next_request, channel, after, limit: 1 + self.below(3) }
    }

    /// Anything at all.
    pub(crate) fn input(&mut self) -> Input<u64> {
        match self.below(8) {
            0 | 1 => self.wish(),
            2 => Input::Timeout,
            _ => Input::Transport(TransportId(self.below(6)), self.news()),
        }
    }

    pub(crate) fn news(&mut self) -> News<u64> {
        match self.below(16) {
            0..=2 => News::Opened,
            3 => News::Failed { failure: self.failure(), verdict: self.verdict() },
            4 => News::Lost { failure: self.failure(), verdict: self.verdict() },
            5 => News::Heard { data: self.one_in(2) },
            6 | 7 => News::Written { frames: self.below(3) },
            8 => News::ReadPaused,
            9 => News::ReadResumed,
            _ => News::Frame(self.frame()),
        }
    }

    pub(crate) fn page(&mut self) -> Page<u64> {
        let count = self.below(4);
        let messages = (0..count)
            .map(|at| PageMessage {
                offset: u64::from(at) + 1,
                origin: self.origin(),
                payload: self.payload(),
            })
            .collect();
        Page { epoch: self.epoch(), first: 1, head: u64::from(count), messages }
    }

    pub(crate) fn frame(&mut self) -> Received<u64> {
        let (channel, code, request) = (self.channel(), self.below(500), self.below(12));
        match self.below(18) {
            0 => Received::Message {
                channel: self.maybe(Self::channel),
                key: self.maybe(|dice| u64::from(dice.below(6)) << 50),
                payload: self.payload(),
            },
            1 => Received::Delivery {
                channel,
                offset: self.offset(),
                epoch: self.maybe(Self::epoch),
                origin: self.origin(),
                payload: self.payload(),
            },
            2 => self.welcome(),
            3 => Received::Ack { channel, origin: self.origin(), offset: self.offset() },
            4 => Received::Nack { channel, origin: self.origin(), code },
            5 => Received::RequestOk { request },
            6 => Received::RequestErr { request, code },
            7 => Received::SubscribeOk { channel, epoch: self.epoch(), head: self.offset() },
            8 => Received::SubscribeErr { channel, code },
            9 => {
                let from = self.offset();
                let cause = self.of([GapCause::Expired, GapCause::Epoch, GapCause::Slow]);
                let (to, epoch) = (from + self.offset(), self.maybe(Self::epoch));
                Received::Gap { channel, from, to, cause, epoch }
            }
            10 => {
                let key = ValueKey(self.below(3));
                Received::Volatile { channel, key, payload: self.payload() }
            }
            11 => {
                let (key, version) = (ValueKey(self.below(3)), self.offset());
                Received::Retained { channel, key, version, payload: self.payload() }
            }
            12 => Received::Ping { nonce: self.maybe(|dice| dice.below(9)) },
            13 => Received::Pong {
                level: self.of([PingLevel::Protocol, PingLevel::Application]),
                nonce: self.maybe(|dice| dice.below(9)),
                window: self.maybe(Self::time),
            },
            14 => Received::Page { request, channel, page: self.page() },
            15 => Received::ReadErr { request, code },
            16 => Received::Away {
                reason: self.of([
                    AwayReason::Drain,
                    AwayReason::Age,
                    AwayReason::Rebalance,
                    AwayReason::Overload,
                ]),
                slot: self.time(),
                endpoint: self.maybe(|dice| dice.below(4) as u16),
            },
            _ => Received::Bye,
        }
    }

    pub(crate) fn welcome(&mut self) -> Received<u64> {
        Received::Welcome {
            heartbeat: self.maybe(|dice| (dice.time(), dice.time())),
            return_window: self.maybe(Self::time),
            backoff_max: self.maybe(Self::time),
            rate: self.maybe(|dice| 1 + dice.below(500)),
            origin_ttl: self.maybe(Self::time),
            kept: self.of([Kept::Memory, Kept::Disk, Kept::Replicated]),
        }
    }
}
