//! A small model of what a session may do, driven by any bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use everlink_engine::server::{
    Bounds, Code, Hello, Place, Publish, RateLimit, Reply, Request, Session, SessionInput,
    SessionOutput, SessionStage,
};
use everlink_engine::{AwayReason, Cursor, Epoch, Timestamp};

use crate::bench::{Input, Output, config, words};

const CHANNELS: [&str; 4] = ["a", "b", "c", "d"];
const PRODUCERS: [Option<&str>; 3] = [None, Some("tab"), Some("me")];
const CHANNELS_MAX: u32 = 3;
const PUBLISHES_MAX: u32 = 4;

/// More than what three channels and four publishes can need, whatever was there before.
const HEAP_BYTES_MAX: usize = 32 * 1024;

type Stream = (&'static str, Option<&'static str>);

/// A session, what surrounds it, and what its client knows.
#[derive(Debug)]
pub(crate) struct World {
    session: Session<&'static str, u64>,
    now: Timestamp,
    logs: [Bounds; 4],
    joins: Vec<(&'static str, u32, Bounds)>,
    /// The cursor that the last wish for a channel named.
    wishes: BTreeMap<&'static str, Option<Cursor>>,
    /// How far the client has read.
    cursors: BTreeMap<&'static str, Cursor>,
    /// Who has published what on this connection.
    published: BTreeSet<Stream>,
    /// Messages on their way to the log.
    pending: Vec<(Stream, u64)>,
    /// Stored, but not acknowledged yet: the highest number.
    stored: BTreeMap<Stream, u64>,
    attached: bool,
    welcomes: u32,
    over: bool,
    trace: Vec<String>,
}

impl World {
    /// Drives a session by these bytes; returns all it said.
    pub(crate) fn run(steps: &[[u8; 3]]) -> Vec<String> {
        let mut config = config();
        (config.channels_max, config.publishes_max) = (CHANNELS_MAX, PUBLISHES_MAX);
        config.pages_max = 1;
        config.rate = RateLimit::new(20, 10);
        config.lag_max = Some(6);
        let now = Timestamp::from_millis(500);
        let mut world = Self {
            session: Session::new(Arc::new(config), now),
            now,
            logs: [Bounds { epoch: Epoch(1), first: 1, head: 3 }; 4],
            joins: Vec::new(),
            wishes: BTreeMap::new(),
            cursors: BTreeMap::new(),
            published: BTreeSet::new(),
            pending: Vec::new(),
            stored: BTreeMap::new(),
            attached: false,
            welcomes: 0,
            over: false,
            trace: Vec::new(),
        };
        for step in steps {
            world.step(*step);
        }
        world.trace
    }

    fn step(&mut self, [what, a, b]: [u8; 3]) {
        let at = usize::from(a) % 4;
        let channel = CHANNELS[at];
        // Most connections get to stand, or little would be seen.
        match (self.session.info().stage, what) {
            (SessionStage::Opened, 0..240) => return self.hello(a, b),
            (SessionStage::Greeted, 0..160) => return self.admit(b),
            _ => {}
        }
        match what % 32 {
            0..=1 => self.hello(a, b),
            2..=3 => self.admit(b),
            4..=6 => self.pass(u64::from(b)),
            7..=9 => self.publish(channel, a, b),
            10..=11 => self.subscribe(channel, b),
            12..=13 => self.join(b),
            14..=16 => self.grow(at, b),
            17..=21 => self.read(b),
            22..=23 => self.answer(a, b),
            24 => self.pass(u64::from(a) * u64::from(b)),
            25 => self.give(SessionInput::Congested),
            26 => self.give(SessionInput::Relieved),
            27 => self.request(channel, b),
            28 => self.trim(at, b),
            29 if b < 32 => self.rare(a),
            30 => self.unasked(channel, a, b),
            _ => self.give(SessionInput::Heard),
        }
        self.pass(u64::from(b % 8));
    }

    fn hello(&mut self, a: u8, b: u8) {
        if self.welcomes > 0 && a > 4 {
            return;
        }
        let from =
            (!b.is_multiple_of(3)).then_some(Cursor { epoch: Epoch(1), offset: u64::from(b % 6) });
        let channels = vec![Place { channel: CHANNELS[usize::from(a) % 4], from }];
        if self.session.info().stage == SessionStage::Opened {
            self.wishes.insert(channels[0].channel, from);
        }
        self.frame(Request::Hello(Hello {
            version: 1,
            client: "client",
            producer: "me",
            auth: None,
            channels,
            frame_max: None,
            last: None,
        }));
    }

    fn admit(&mut self, b: u8) {
        let expires = (b % 16 == 1).then(|| Duration::from_secs(u64::from(b)));
        self.give(SessionInput::Admitted { suffix: None, expires });
    }

    fn publish(&mut self, channel: &'static str, a: u8, b: u8) {
        let producer = PRODUCERS[usize::from(a / 4) % 3];
        let (sequence, before, payload) = (u64::from(b) + 1, None, 0);
        self.frame(Request::Publish(Publish { channel, producer, sequence, before, payload }));
    }

    fn subscribe(&mut self, channel: &'static str, b: u8) {
        let epoch = Epoch(u64::from(b % 2) + 1);
        let from = (!b.is_multiple_of(5)).then_some(Cursor { epoch, offset: u64::from(b % 9) });
        if self.is_heard() {
            self.wishes.insert(channel, from);
        }
        self.frame(Request::Subscribe { channels: vec![Place { channel, from }] });
    }

    fn join(&mut self, b: u8) {
        if self.joins.is_empty() {
            return;
        }
        let (channel, join, bounds) = self.joins.remove(usize::from(b) % self.joins.len());
        if b.is_multiple_of(7) {
            let (code, why) = (Code::Forbidden, "no");
            return self.give(SessionInput::JoinRefused { channel, join, code, why });
        }
        self.give(SessionInput::Joined { channel, join, bounds });
    }

    fn grow(&mut self, at: usize, b: u8) {
        let log = &mut self.logs[at];
        if b > 250 {
            *log = Bounds { epoch: Epoch(log.epoch.0 + 1), first: 1, head: 0 };
        } else {
            log.head += u64::from(b % 8);
        }
        let bounds = *log;
        self.give(SessionInput::Advanced { channel: CHANNELS[at], bounds });
    }

    fn trim(&mut self, at: usize, b: u8) {
        let log = &mut self.logs[at];
        log.first = (log.first + u64::from(b % 16)).min(log.head + 1);
    }

    /// Reads as a driver does.
    fn read(&mut self, b: u8) {
        let Some(order) = self.session.next_read() else {
            return self.listen();
        };
        let channel = order.channel;
        assert!(self.session.is_current(&order));
        let cursor = Cursor { epoch: order.epoch, offset: order.after };
        assert_eq!(self.cursors.get(channel), Some(&cursor), "not where its client is");
        assert!(order.after < order.head, "nothing to read");
        let at = CHANNELS.iter().position(|known| *known == channel).unwrap();
        let bounds = self.logs[at];
        if bounds.epoch != order.epoch
            || bounds.first > order.after + 1
            || bounds.head <= order.after
        {
            return self.give(SessionInput::Missing { channel, bounds });
        }
        let (first, epoch) = (order.after + 1, order.epoch);
        let through = bounds.head.min(order.after + u64::from(b % 4) + 1);
        self.cursors.insert(channel, Cursor { epoch, offset: through });
        self.give(SessionInput::Sent { channel, epoch, first, through });
        assert!(self.session.info().stage != SessionStage::Closed || self.over);
    }

    fn answer(&mut self, a: u8, b: u8) {
        if self.pending.is_empty() {
            return;
        }
        let (stream, sequence) = self.pending.remove(usize::from(a) % self.pending.len());
        let ((channel, producer), offset) = (stream, u64::from(b));
        if b % 16 == 7 {
            let (code, why) = (Code::Forbidden, "no");
            return self.give(SessionInput::Refused { channel, producer, sequence, code, why });
        }
        let stored = self.stored.entry(stream).or_default();
        *stored = sequence.max(*stored);
        self.give(SessionInput::Stored { channel, producer, sequence, offset });
    }

    fn request(&mut self, channel: &'static str, b: u8) {
        match b % 8 {
            0 => {
                if self.is_heard() {
                    self.wishes.remove(channel);
                    self.cursors.remove(channel);
                }
                self.frame(Request::Unsubscribe { request: 1, channels: vec![channel] });
            }
            1 => self.frame(Request::Auth { token: "token" }),
            2 => self.frame(Request::Volatile { channel, key: "k", payload: 1 }),
            3 => self.frame(Request::Read { request: 1, channel, after: 0, limit: 9 }),
            4 => self.give(SessionInput::PageSent),
            5 => self.frame(Request::Pong { nonce: 1 }),
            _ => self.frame(Request::Ping { nonce: 1 }),
        }
    }

    fn rare(&mut self, a: u8) {
        let slot = Duration::from_secs(u64::from(a));
        let input = match a % 8 {
            0 => SessionInput::TakenOver,
            1 => SessionInput::GoAway { reason: AwayReason::Drain, slot, url: None },
            2 => SessionInput::Unavailable { retry: None },
            3 => SessionInput::Gone,
            4 => SessionInput::End { code: Code::Unauthorized, why: "no" },
            5 => SessionInput::Rejected { code: Code::Unauthorized, retry: None, why: "no" },
            6 => SessionInput::Hole { channel: "a", producer: None, sequence: u64::from(a) },
            _ => return self.frame(Request::Bye),
        };
        self.give(input);
    }

    /// What a driver says of something that nobody asked for, or not any more.
    fn unasked(&mut self, channel: &'static str, a: u8, b: u8) {
        let producer = PRODUCERS[usize::from(a / 4) % 2];
        let (sequence, offset) = (u64::from(b) + 1, 9);
        if self.pending.contains(&((channel, producer), sequence)) {
            return;
        }
        let (code, why) = (Code::Forbidden, "no");
        let bounds = Bounds { epoch: Epoch(9), first: 1, head: 9 };
        self.give(match a % 5 {
            0 => SessionInput::Stored { channel, producer, sequence, offset },
            1 => SessionInput::Refused { channel, producer, sequence, code, why },
            2 => SessionInput::Joined { channel, join: u32::MAX, bounds },
            3 => SessionInput::JoinRefused { channel, join: u32::MAX, code, why },
            _ => SessionInput::ReturnWindow(Duration::from_secs(u64::from(b))),
        });
    }

    fn pass(&mut self, millis: u64) {
        let until = self.now.after(Duration::from_millis(millis));
        let mut idle = 0;
        while let Some((at, timer)) = self.session.poll_timeout().filter(|(at, _)| *at <= until) {
            self.now = at.max(self.now);
            let said = self.trace.len();
            self.give(SessionInput::Timeout);
            idle = if self.trace.len() == said { idle + 1 } else { 0 };
            assert!(idle < 2, "a busy loop at {timer:?}");
        }
        self.now = until;
    }

    /// Whether the session takes a frame from a client that stands.
    fn is_heard(&self) -> bool {
        let stage = self.session.info().stage;
        let stands = matches!(stage, SessionStage::Attached | SessionStage::TakenOver);
        stands && !self.session.is_paused()
    }

    /// A driver hands in no frames while it is told not to.
    fn frame(&mut self, frame: Request<&'static str, u64>) {
        if !self.session.is_paused() {
            self.give(SessionInput::Frame { frame, bytes: 10 });
        }
    }

    fn give(&mut self, input: Input) {
        self.session.handle_input(self.now, input);
        self.listen();
        let info = self.session.info();
        assert!(info.channels <= CHANNELS_MAX as usize);
        assert!(info.publishes <= PUBLISHES_MAX, "{info:?}");
        assert!(info.behind <= info.channels);
        assert!(info.heap_bytes <= HEAP_BYTES_MAX, "{info:?}");
        if self.over {
            assert_eq!((info.stage, self.session.poll_timeout()), (SessionStage::Closed, None));
        }
    }

    fn listen(&mut self) {
        let mut count = 0;
        while let Some(output) = self.session.poll_output() {
            assert!(!self.over, "said after the end: {output:?}");
            count += 1;
            assert!(count <= 16, "one input has a bounded answer");
            self.trace.push(words(&output));
            self.said(output);
        }
    }

    fn said(&mut self, output: Output) {
        match output {
            SessionOutput::Attached => {
                assert!(!self.attached);
                self.attached = true;
            }
            SessionOutput::Detached => {
                assert!(self.attached, "detached only what was attached, and once");
                self.attached = false;
            }
            SessionOutput::Join { channel, join } => {
                let at = CHANNELS.iter().position(|known| *known == channel).unwrap();
                self.joins.push((channel, join, self.logs[at]));
                self.cursors.remove(channel);
            }
            SessionOutput::Append { channel, producer, sequence, first, .. } => {
                assert_ne!(producer, Some("me"), "the greeting's producer needs no name");
                let is_new = self.published.insert((channel, producer));
                assert!(is_new || !first, "{channel}: {producer:?} has published before");
                self.pending.push(((channel, producer), sequence));
            }
            SessionOutput::Transmit(reply) => self.replied(reply),
            SessionOutput::Close(_) | SessionOutput::Abandon(_) => {
                assert!(!self.attached, "the end takes it out of presence");
                self.over = true;
            }
            _ => {}
        }
    }

    fn replied(&mut self, reply: Reply<&'static str, u64>) {
        let is_early = matches!(reply, Reply::Err { .. } | Reply::Pong { .. } | Reply::Welcome(_));
        assert!(self.welcomes == 1 || is_early, "said before the welcome: {reply:?}");
        match reply {
            Reply::Welcome(_) => {
                self.welcomes += 1;
                assert_eq!(self.welcomes, 1);
            }
            Reply::SubscribeOk { channel, epoch, head, .. } => {
                let from = self.wishes[channel].unwrap_or(Cursor { epoch, offset: head });
                self.cursors.insert(channel, from);
            }
            Reply::Gap { channel, from, to, epoch, .. } => {
                let cursor = self.cursors.get_mut(channel).expect("a gap follows sub_ok");
                match epoch {
                    Some(epoch) => *cursor = Cursor { epoch, offset: to },
                    None => {
                        assert_eq!(from, cursor.offset + 1, "a gap begins where reading ended");
                        assert!(to >= from);
                        cursor.offset = to;
                    }
                }
            }
            Reply::Ack { channel, producer, sequence, .. } => {
                let stored = self.stored.remove(&(channel, producer));
                assert_eq!(stored, Some(sequence), "acknowledged what was stored, and once");
            }
            _ => {}
        }
    }
}
