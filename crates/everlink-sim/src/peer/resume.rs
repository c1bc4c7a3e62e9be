//! The server half of `everlink.v1`: logs, replay before live, cumulative acknowledgements.

use std::time::Duration;

use everlink_engine::{
    AwayReason, ChannelId, Epoch, GapCause, Kept, MessageId, Origin, Page, PageMessage, ProducerId,
    Received, Transmit, TransportId, Wanted,
};

use super::log::{Appended, Log, Record};
use crate::agenda::Due;
use crate::world::Core;

/// The client's number as a producer, as the engine sees itself.
const CLIENT: ProducerId = ProducerId(0);
/// Other producers write to the same channels.
const OTHERS: u64 = 3;
/// Frames on their way to a reader beyond which it is fed no more until it has taken some.
const BACKLOG_MAX: usize = 128;
/// The tag of the next group commit.
const COMMIT: u32 = 0;
/// The tag of the next message of another producer.
const OTHER: u32 = 1;
const MILLI: u64 = 1_000_000;

/// One channel of one reader.
#[derive(Clone, Copy, Debug)]
struct Reading {
    channel: ChannelId,
    next: u64,
    /// What was asked for has been sent once: from now on a loss is the reader's own slowness.
    live: bool,
}

#[derive(Clone, Debug)]
struct Session {
    transport: TransportId,
    readings: Vec<Reading>,
    /// Per channel, the highest number of the client that came on this connection, and whether
    /// an acknowledgement is due.
    published: Vec<(ChannelId, u64, bool)>,
    /// Refusals to be told when they are safe.
    refused: Vec<(ChannelId, Origin)>,
    lags: bool,
}

/// How a resuming peer behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    pub(crate) channels: u32,
    pub(crate) history_max: usize,
    /// Mean time between two messages of other producers; 0 is none.
    pub(crate) pace: u64,
    /// What `welcome` asks for.
    pub(crate) heartbeat: Option<(Duration, Duration)>,
    pub(crate) return_window: Option<Duration>,
    /// The longest back-off that `welcome` wishes for.
    pub(crate) backoff_max: Option<Duration>,
    /// How many frames a second `welcome` says that the peer bears.
    pub(crate) rate: Option<u32>,
    /// Whether pongs name other windows.
    pub(crate) window_drifts: bool,
    /// How long `welcome` says that a producer is remembered.
    pub(crate) origin_ttl: Option<Duration>,
    /// One message in this many is refused for good; 0 is none.
    pub(crate) refuses_in: u64,
}

/// The resuming peer.
#[derive(Debug)]
pub(crate) struct Resume {
    manner: Manner,
    logs: Vec<Log>,
    /// The last number of each other producer in each channel.
    others: Vec<[u64; OTHERS as usize]>,
    sessions: Vec<Session>,
    epochs: u64,
    commit_due: bool,
}

impl Resume {
    pub(crate) fn new(manner: Manner) -> Self {
        let channels = manner.channels as usize;
        let logs = (0..channels).map(|_| Log::new(Epoch(1), manner.history_max)).collect();
        let others = vec![[0; OTHERS as usize]; channels];
        Self { manner, logs, others, sessions: Vec::new(), epochs: 1, commit_due: false }
    }

    pub(crate) fn start(&mut self, core: &mut Core) {
        if self.manner.pace > 0 {
            let delay = core.dice.waiting(self.manner.pace);
            core.later(delay, Due::Peer(OTHER));
        }
    }

    pub(crate) fn opened(&mut self, transport: TransportId) {
        let (readings, published, refused) = (Vec::new(), Vec::new(), Vec::new());
        self.sessions.push(Session { transport, readings, published, refused, lags: false });
    }

    pub(crate) fn lost(&mut self, transport: TransportId) {
        self.sessions.retain(|session| session.transport != transport);
    }

    pub(crate) fn due(&mut self, core: &mut Core, tag: u32) {
        if tag == COMMIT {
            return self.commit(core);
        }
        if self.manner.pace == 0 {
            return;
        }
        self.other_publishes(core);
        let delay = core.dice.waiting(self.manner.pace);
        core.later(delay, Due::Peer(OTHER));
    }

    pub(crate) fn received(
        &mut self,
        core: &mut Core,
        transport: TransportId,
        frame: Transmit<u64>,
    ) {
        let known = |session: &Session| session.transport == transport;
        let Some(at) = self.sessions.iter().position(known) else {
            return;
        };
        match frame {
            Transmit::Hello { channels, .. } => self.greeted(core, at, &channels),
            Transmit::Subscribe { channels, .. } => {
                for wanted in &channels {
                    self.attach(core, at, *wanted);
                }
            }
            Transmit::Unsubscribe { request, channels } => {
                let readings = &mut self.sessions[at].readings;
                readings.retain(|reading| !channels.contains(&reading.channel));
                core.say(transport, Received::RequestOk { request });
            }
            Transmit::Publish { id, channel, origin, before, payload } => {
                debug_assert_eq!(id.0, payload);
                self.publish(core, at, channel, Record { origin, payload }, before);
            }
            Transmit::Ping { level, nonce } => {
                let drifts = self.manner.window_drifts && core.dice.one_in(50);
                let window = self.manner.return_window.filter(|_| drifts);
                let window = window.map(|window| window * core.dice.between(1, 3) as u32);
                core.say(transport, Received::Pong { level, nonce: Some(nonce), window });
            }
            Transmit::Message { id, .. } => core.arrived(id),
            Transmit::Volatile { id, channel, key, payload } => {
                core.arrived(id);
                core.say(transport, Received::Volatile { channel, key, payload });
            }
            Transmit::Read { request, channel, after, limit } => {
                self.read(core, transport, request, channel, (after, limit));
            }
            Transmit::Bye => {
                self.lost(transport);
            }
            Transmit::Pong { .. } => {}
        }
    }

    fn greeted(&mut self, core: &mut Core, at: usize, channels: &[Wanted]) {
        let Manner { heartbeat, return_window, backoff_max, origin_ttl, rate, .. } = self.manner;
        let kept = Kept::Disk;
        let transport = self.sessions[at].transport;
        let welcome =
            Received::Welcome { heartbeat, return_window, backoff_max, origin_ttl, kept, rate };
        core.say(transport, welcome);
        for wanted in channels {
            self.attach(core, at, *wanted);
        }
    }

    /// Answers a wish for a channel: `sub_ok`, a gap if there is one, then replay.
    fn attach(&mut self, core: &mut Core, at: usize, wanted: Wanted) {
        let transport = self.sessions[at].transport;
        let Wanted { channel, from } = wanted;
        let Some(log) = self.logs.get(channel.0 as usize) else {
            core.say(transport, Received::SubscribeErr { channel, code: 404 });
            return;
        };
        let (epoch, head) = (log.epoch, log.head());
        core.say(transport, Received::SubscribeOk { channel, epoch, head });
        let next = match from {
            None => head + 1,
            Some(cursor) if cursor.epoch == epoch => cursor.offset + 1,
            Some(cursor) => {
                let (from, to) = (cursor.offset + 1, log.first() - 1);
                let (cause, epoch) = (GapCause::Epoch, Some(epoch));
                core.say(transport, Received::Gap { channel, from, to, cause, epoch });
                to + 1
            }
        };
        let session = &mut self.sessions[at];
        session.readings.retain(|reading| reading.channel != channel);
        session.readings.push(Reading { channel, next, live: false });
        feed(core, session, &self.logs);
    }

    /// Answers a question for a page of history.
    fn read(
        &self,
        core: &mut Core,
        transport: TransportId,
        request: u32,
        channel: ChannelId,
        (after, limit): (u64, u32),
    ) {
        let Some(log) = self.logs.get(channel.0 as usize) else {
            return core.say(transport, Received::ReadErr { request, code: 404 });
        };
        let (epoch, first, head) = (log.epoch, log.first(), log.head());
        let offsets = (after + 1).max(first)..=head;
        let message = |offset| {
            let Record { origin, payload } = log.get(offset)?;
            Some(PageMessage { offset, origin, payload })
        };
        let messages = offsets.take(limit as usize).filter_map(message).collect();
        let page = Page { epoch, first, head, messages };
        core.say(transport, Received::Page { request, channel, page });
    }

    fn publish(
        &mut self,
        core: &mut Core,
        at: usize,
        channel: ChannelId,
        record: Record,
        before: Option<u64>,
    ) {
        let transport = self.sessions[at].transport;
        let Some(log) = self.logs.get_mut(channel.0 as usize) else {
            let origin = record.origin;
            core.say(transport, Received::Nack { channel, origin, code: 404 });
            return;
        };
        let refuses_in = self.manner.refuses_in;
        if refuses_in > 0 && record.payload.is_multiple_of(refuses_in) {
            log.skip(record.origin);
            core.judge.refused_at_peer(core.now, MessageId(record.payload));
            // Told only when it is safe that the number is used up, or a crash would leave a hole.
            self.sessions[at].refused.push((channel, record.origin));
            self.commit_soon(core);
            return;
        }
        let sequence = record.origin.sequence;
        if log.append(record, before.unwrap_or(sequence - 1)) == Appended::Hole {
            core.judge.hole_at_peer(core.now, channel, sequence);
        }
        let published = &mut self.sessions[at].published;
        match published.iter_mut().find(|(known, ..)| *known == channel) {
            Some((_, highest, due)) => (*highest, *due) = (sequence.max(*highest), true),
            None => published.push((channel, sequence, true)),
        }
        self.commit_soon(core);
    }

    fn other_publishes(&mut self, core: &mut Core) {
        let at = core.dice.below(self.logs.len() as u64) as usize;
        let other = core.dice.below(OTHERS) as usize;
        let sequence = self.others[at][other] + 1;
        self.others[at][other] = sequence;
        let producer = ProducerId(other as u32 + 1);
        let origin = Origin { producer, sequence };
        let payload = payload_of(ChannelId(at as u32), origin);
        self.logs[at].append(Record { origin, payload }, sequence - 1);
        self.commit_soon(core);
    }

    fn commit_soon(&mut self, core: &mut Core) {
        if !self.commit_due {
            self.commit_due = true;
            let delay = core.dice.between(2 * MILLI, 30 * MILLI);
            core.later(delay, Due::Peer(COMMIT));
        }
    }

    /// What was appended is safe now: it is acknowledged and shown.
    fn commit(&mut self, core: &mut Core) {
        self.commit_due = false;
        for log in self.logs.iter_mut().filter(|log| log.has_pending()) {
            log.make_durable(|record| {
                if record.origin.producer == CLIENT {
                    core.stored(MessageId(record.payload));
                }
            });
        }
        for session in &mut self.sessions {
            acknowledge(core, session, &self.logs);
            feed(core, session, &self.logs);
        }
    }

    pub(crate) fn drained(&mut self, core: &mut Core, transport: TransportId) {
        let known = |session: &&mut Session| session.transport == transport && session.lags;
        if let Some(session) = self.sessions.iter_mut().find(known)
            && core.backlog(transport) <= BACKLOG_MAX / 2
        {
            feed(core, session, &self.logs);
        }
    }

    /// The process dies: connections end, what was not safe is gone, or all of it.
    pub(crate) fn crash(&mut self, core: &mut Core, durable: bool) {
        self.sessions.clear();
        self.commit_due = false;
        if !durable {
            self.epochs += 1;
        }
        for (at, log) in self.logs.iter_mut().enumerate() {
            if durable {
                log.lose_tail();
            } else {
                *log = Log::new(Epoch(self.epochs), self.manner.history_max);
            }
            for (other, last) in self.others[at].iter_mut().enumerate() {
                // Whoever was not acknowledged sends again, under the same numbers; a number that an
                // earlier life of the log has seen is never given to another message.
                *last = if durable {
                    log.last_of(ProducerId(other as u32 + 1)).map_or(*last, |(last, _)| last)
                } else {
                    last.saturating_sub(core.dice.below(4))
                };
            }
        }
    }

    pub(crate) fn expire(&mut self) {
        self.logs.iter_mut().for_each(Log::expire);
    }

    pub(crate) fn hush(&mut self) {
        self.manner.pace = 0;
    }

    pub(crate) fn ask_away(core: &mut Core, transport: TransportId, slot: Duration) {
        core.say(transport, Received::Away { reason: AwayReason::Rebalance, slot, endpoint: None });
    }

    /// Returns what is stored at a place, if it is still kept.
    pub(crate) fn record(&self, channel: ChannelId, epoch: Epoch, offset: u64) -> Option<Record> {
        let log = self.logs.get(channel.0 as usize).filter(|log| log.epoch == epoch)?;
        log.get(offset)
    }

    /// Returns the life and the end of a channel's log.
    pub(crate) fn head(&self, channel: ChannelId) -> Option<(Epoch, u64)> {
        self.logs.get(channel.0 as usize).map(|log| (log.epoch, log.head()))
    }
}

/// What another producer says under a number: a judge can tell it without a record of it.
pub(crate) fn payload_of(channel: ChannelId, origin: Origin) -> u64 {
    let key = u64::from(channel.0) << 48 ^ u64::from(origin.producer.0) << 40 ^ origin.sequence;
    key.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1 << 63
}

/// Sends a reader what it has not been sent, as far as it keeps up.
fn feed(core: &mut Core, session: &mut Session, logs: &[Log]) {
    let transport = session.transport;
    session.lags = false;
    let mut room = BACKLOG_MAX.saturating_sub(core.backlog(transport));
    for reading in &mut session.readings {
        let Some(log) = logs.get(reading.channel.0 as usize) else {
            continue;
        };
        let channel = reading.channel;
        if reading.next < log.first() {
            let cause = if reading.live { GapCause::Slow } else { GapCause::Expired };
            let (from, to, epoch) = (reading.next, log.first() - 1, None);
            core.say(transport, Received::Gap { channel, from, to, cause, epoch });
            reading.next = log.first();
        }
        while reading.next <= log.head() && room > 0 {
            if let Some(Record { origin, payload }) = log.get(reading.next) {
                let (offset, epoch) = (reading.next, None);
                core.say(transport, Received::Delivery { channel, offset, epoch, origin, payload });
            }
            reading.next += 1;
            room -= 1;
        }
        let level = reading.next > log.head();
        reading.live |= level;
        session.lags |= !level;
    }
}

/// Acknowledges what came on this connection and is safe.
fn acknowledge(core: &mut Core, session: &mut Session, logs: &[Log]) {
    for (channel, origin) in session.refused.drain(..) {
        core.say(session.transport, Received::Nack { channel, origin, code: 403 });
    }
    for (channel, highest, due) in &mut session.published {
        if !std::mem::take(due) {
            continue;
        }
        let Some(log) = logs.get(channel.0 as usize) else {
            continue;
        };
        let Some((last, offset)) = log.last_of(CLIENT) else {
            continue;
        };
        let sequence = last.min(*highest);
        let offset = if sequence == last { offset } else { 0 };
        let origin = Origin { producer: CLIENT, sequence };
        core.say(session.transport, Received::Ack { channel: *channel, origin, offset });
    }
}
