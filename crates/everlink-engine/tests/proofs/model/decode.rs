//! From three bytes to a step.

use std::time::Duration;

use everlink_engine::{
    AwayReason, Cause, ChannelId, Cursor, Engine, Epoch, Failure, GapCause, Input, Kept, MessageId,
    News, Numbered, Origin, Outgoing, Page, PingLevel, ProducerId, Received, SendPolicy,
    TransportId, ValueKey, Verdict,
};

use super::judge::Judge;

pub(super) enum Step {
    Input(Input<u32>),
    /// Time passes, and timers fire when they are due.
    Pass(Duration),
    /// Time passes, and no timer fires.
    Sleep(Duration),
    ToDeadline,
}

pub(super) fn step([kind, a, b]: [u8; 3], judge: &Judge, engine: &Engine<u32>) -> Step {
    let millis = [0, 1, 50, 400, 2_000, 5_000, 10_000, 30_000, 200_000];
    let time = Duration::from_millis(millis[usize::from(a) % millis.len()] + u64::from(b) % 3);
    match kind % 32 {
        0 => Step::Input(Input::Disconnect),
        1 => Step::Input(Input::Reconnect),
        2 if a < 64 => Step::Input(Input::Withdraw { message: withdrawn(b, judge) }),
        2 => Step::Input(Input::NetworkChanged),
        3 => Step::Input([Input::Offline, Input::Woke, Input::Online][usize::from(a % 3)].clone()),
        4 => Step::Sleep(time),
        5..=7 => Step::Pass(time),
        8 => Step::ToDeadline,
        9 if a.is_multiple_of(2) && judge.answers() => {
            Step::Input(Input::Ask(message(a / 2, b, judge)))
        }
        9..=11 => Step::Input(Input::Send(message(a, b, judge))),
        12 => Step::Input(Input::Subscribe { channel: channel(a), from: from(b) }),
        13 if a < 64 => Step::Input(Input::Pause { channel: channel(a) }),
        13 if a < 128 => Step::Input(Input::Resume { channel: channel(a) }),
        13 => Step::Input(Input::Unsubscribe { channel: channel(a) }),
        14 if a < 128 => {
            let (channel, request) = (channel(a), judge.next_read());
            Step::Input(Input::Read { request, channel, after: u64::from(b), limit: 10 })
        }
        14 => Step::Input(Input::Connect),
        _ => {
            Step::Input(Input::Transport(transport(a, judge), news(kind, a / 4, b, judge, engine)))
        }
    }
}

fn channel(a: u8) -> ChannelId {
    ChannelId(u32::from(a % 2))
}

fn from(b: u8) -> Option<Cursor> {
    (b > 100).then(|| Cursor { epoch: Epoch(u64::from(b % 2)), offset: edge(b / 2, 3) })
}

/// Mostly a number near `near`, sometimes one at the edge of what there is.
fn edge(b: u8, near: u64) -> u64 {
    match b {
        0 => 0,
        1 => u64::MAX,
        2 => u64::MAX - 1,
        _ => near.saturating_add(u64::from(b % 5)).saturating_sub(2),
    }
}

fn message(a: u8, b: u8, judge: &Judge) -> Outgoing<u32> {
    let policies = [
        SendPolicy::Configured,
        SendPolicy::Wait,
        SendPolicy::Fail,
        SendPolicy::DropOldest,
        SendPolicy::Coalesce { key: u32::from(b % 2) },
        SendPolicy::Volatile,
    ];
    let id = MessageId(judge.next_message() + u64::from(a & 1));
    Outgoing {
        id,
        channel: (b != 0).then(|| channel(a / 2)),
        bytes: [1, 300, 700, 2000][usize::from(b / 64)],
        policy: policies[usize::from(a / 4) % policies.len()],
        key: (b % 16 != 1).then_some(ValueKey(1)),
        origin: origin(a, b),
        payload: id.0 as u32,
    }
}

/// Mostly one of the newest messages, sometimes one that is settled or was never sent.
fn withdrawn(b: u8, judge: &Judge) -> MessageId {
    MessageId(judge.next_message().saturating_sub(u64::from(b % 8)))
}

/// Sometimes the number of an earlier process, sometimes none that there can be.
fn origin(a: u8, b: u8) -> Option<Numbered> {
    let producer = ProducerId(u32::from(a % 64 / 8));
    let sequence = u64::from(b / 32);
    let before = (b & 1 == 1).then(|| u64::from(b / 64));
    let age = Duration::from_secs(u64::from(b) * 600);
    (a >= 192).then_some(Numbered { producer, sequence, before, age })
}

/// Mostly one of the newest transports, sometimes one that was left long ago or never dialed.
fn transport(a: u8, judge: &Judge) -> TransportId {
    TransportId(judge.newest_transport().saturating_sub([0, 0, 1, 2][usize::from(a % 4)]))
}

fn news(kind: u8, a: u8, b: u8, judge: &Judge, engine: &Engine<u32>) -> News<u32> {
    match kind % 32 {
        15..=17 => News::Opened,
        18 => News::Failed { failure: failure(a, b), verdict: hook(b) },
        19 => News::Lost { failure: failure(a, b), verdict: hook(b) },
        20 => News::Written { frames: [1, 2, 7, u32::MAX][usize::from(a % 4)] },
        21 => [News::ReadPaused, News::ReadResumed, News::Heard { data: b > 99 }]
            [usize::from(a % 3)]
        .clone(),
        22 | 23 => News::Frame(pong(a, b, judge)),
        24 | 25 => News::Frame(attached(a, b, engine)),
        26..=28 => News::Frame(from_log(a, b, judge, engine)),
        _ => News::Frame(plain(a, b, judge)),
    }
}

fn failure(a: u8, b: u8) -> Failure {
    let causes = [
        Cause::Refused,
        Cause::EndedAbruptly,
        Cause::HttpStatus(401),
        Cause::HttpStatus(404),
        Cause::HttpStatus(429),
        Cause::Closed(1000),
        Cause::Closed(1002),
        Cause::Closed(1008),
        Cause::Closed(1009),
        Cause::Closed(1012),
        Cause::Closed(4101),
        Cause::CredentialsUnavailable,
    ];
    let retry_after = match b % 16 {
        0 => Some(Duration::ZERO),
        1 => Some(Duration::from_secs(90)),
        2 => Some(Duration::MAX),
        _ => None,
    };
    Failure { cause: causes[usize::from(a) % causes.len()], retry_after }
}

fn hook(b: u8) -> Option<Verdict> {
    match b {
        200..=210 => Some(Verdict::GiveUp),
        211..=255 => Some(Verdict::Retry),
        _ => None,
    }
}

fn pong(a: u8, b: u8, judge: &Judge) -> Received<u32> {
    let level = if b.is_multiple_of(8) { PingLevel::Application } else { judge.ping_level() };
    let nonce = (a != 1).then(|| judge.newest_ping().saturating_sub(u32::from(a % 3 / 2)));
    let window = (a % 8 == 3).then(|| Duration::from_secs(u64::from(b) * 4));
    Received::Pong { level, nonce, window }
}

fn attached(a: u8, b: u8, engine: &Engine<u32>) -> Received<u32> {
    let at = engine.cursor(channel(b)).unwrap_or(Cursor { epoch: Epoch(1), offset: 0 });
    match a % 4 {
        0 if engine.config().dialect().recovers => Received::Entered {
            silence_max: (b > 20).then(|| Duration::from_secs(u64::from(b / 2))),
            recovered: b.is_multiple_of(2),
        },
        0 => Received::Welcome {
            heartbeat: (b > 128).then(|| (Duration::from_secs(u64::from(b)), Duration::ZERO)),
            return_window: (b > 64).then_some(Duration::from_secs(u64::from(b) * 5)),
            backoff_max: b.is_multiple_of(3).then_some(Duration::from_millis(u64::from(b) * 100)),
            origin_ttl: (!b.is_multiple_of(4)).then(|| Duration::from_secs(u64::from(b))),
            kept: Kept::Disk,
            rate: b.is_multiple_of(5).then_some(u32::from(b)),
        },
        1 | 2 => Received::SubscribeOk {
            channel: channel(b),
            epoch: Epoch(at.epoch.0.wrapping_add(u64::from(b > 230))),
            head: edge(b / 2, at.offset),
        },
        _ => Received::SubscribeErr { channel: channel(b), code: 1 },
    }
}

fn from_log(a: u8, b: u8, judge: &Judge, engine: &Engine<u32>) -> Received<u32> {
    let channel = channel(b);
    let at = engine.cursor(channel).unwrap_or(Cursor { epoch: Epoch(1), offset: 0 });
    let producer = ProducerId(if b % 8 == 7 { u32::from(b % 3) } else { 0 });
    let own = Origin { producer, sequence: edge(b / 2, judge.sequence(channel)) };
    let epoch = (b > 240).then(|| Epoch(u64::from(b % 4)));
    let near = edge(b / 2, at.offset);
    match a % 10 {
        0..=3 => Received::Delivery {
            channel,
            offset: if a % 10 < 3 { at.offset.saturating_add(1) } else { near },
            epoch,
            origin: Origin { producer: ProducerId(1), sequence: at.offset.saturating_add(1) },
            payload: u32::from(b),
        },
        4 => {
            let cause = if epoch.is_some() { GapCause::Epoch } else { GapCause::Expired };
            let from = at.offset.saturating_add(1);
            Received::Gap { channel, from, to: near, cause, epoch }
        }
        5..=7 => Received::Ack { channel, origin: own, offset: near },
        8 => Received::Nack { channel, origin: own, code: 3 },
        _ => Received::Retained { channel, key: ValueKey(1), version: near, payload: 0 },
    }
}

fn plain(a: u8, b: u8, judge: &Judge) -> Received<u32> {
    let slot = Duration::from_secs(u64::from(b));
    match a % 8 {
        0 | 1 => Received::Message { channel: None, key: (b > 9).then_some(b.into()), payload: 0 },
        2 => Received::Ping { nonce: None },
        6 if judge.answers() => Received::Answer { id: MessageId(edge(b, judge.next_message())) },
        3 => Received::Away { reason: AwayReason::Drain, slot, endpoint: (a > 128).then_some(9) },
        4 => Received::RequestOk { request: u32::from(b % 8) },
        5 => Received::RequestErr { request: u32::from(b % 8), code: 1 },
        6 if b > 200 => Received::Bye,
        7 if b > 200 => Received::ReadErr { request: judge.newest_read(), code: 5 },
        7 if b > 100 => page(judge.newest_read(), channel(b)),
        _ => Received::Volatile { channel: channel(b), key: ValueKey(1), payload: 0 },
    }
}

fn page(request: u32, channel: ChannelId) -> Received<u32> {
    let page = Page { epoch: Epoch(1), first: 1, head: 0, messages: Vec::new() };
    Received::Page { request, channel, page }
}
