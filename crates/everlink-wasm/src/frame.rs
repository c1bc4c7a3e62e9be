//! Frames in words.

use alloc::vec::Vec;
use core::time::Duration;

use everlink_engine::server::Last;
use everlink_engine::{
    AwayReason, ChannelId, Cursor, Epoch, GapCause, Kept, MessageId, Origin, Page, PageMessage,
    PingLevel, ProducerId, Received, Transmit, ValueKey, Wanted,
};

use crate::words::{Handle, record, union, word};

word!(put take: PingLevel { Protocol, Application });
word!(put take: GapCause { Expired, Epoch, Slow });
word!(take: Kept { Memory, Disk, Replicated });
word!(take: AwayReason { Drain, Age, Rebalance, Overload });

record!(put take: Cursor { epoch: Epoch, offset: u64 });
record!(put take: Origin { producer: ProducerId, sequence: u64 });
record!(put: Last { code: u16, up: Duration, attempts: u32 });
record!(put: Wanted { channel: ChannelId, from: Option<Cursor> });
record!(put take: Page<Handle> {
    epoch: Epoch,
    first: u64,
    head: u64,
    messages: Vec<PageMessage<Handle>>,
});
record!(put take: PageMessage<Handle> { offset: u64, origin: Origin, payload: Handle });

union!(put: Transmit<Handle> {
    Message [Transmit::Message { id, channel, payload }] {
        id: MessageId, channel: Option<ChannelId>, payload: Handle
    }
    Publish [Transmit::Publish { id, channel, origin, before, payload }] {
        id: MessageId, channel: ChannelId, origin: Origin, before: Option<u64>, payload: Handle
    }
    Volatile [Transmit::Volatile { id, channel, key, payload }] {
        id: MessageId, channel: ChannelId, key: ValueKey, payload: Handle
    }
    Read [Transmit::Read { request, channel, after, limit }] {
        request: u32, channel: ChannelId, after: u64, limit: u32
    }
    Hello [Transmit::Hello { channels, last }] { channels: Vec<Wanted>, last: Option<Last> }
    Subscribe [Transmit::Subscribe { request, channels }] { request: u32, channels: Vec<Wanted> }
    Unsubscribe [Transmit::Unsubscribe { request, channels }] {
        request: u32, channels: Vec<ChannelId>
    }
    Ping [Transmit::Ping { level, nonce }] { level: PingLevel, nonce: u32 }
    Pong [Transmit::Pong { nonce }] { nonce: Option<u32> }
    Bye [Transmit::Bye] {}
});

union!(take: Received<Handle> {
    Message [Received::Message { channel, key, payload }] {
        channel: Option<ChannelId>, key: Option<u64>, payload: Handle
    }
    Delivery [Received::Delivery { channel, offset, epoch, origin, payload }] {
        channel: ChannelId, offset: u64, epoch: Option<Epoch>, origin: Origin, payload: Handle
    }
    Welcome [Received::Welcome {
        heartbeat: heartbeat.map(|Heartbeat { interval, timeout }| (interval, timeout)),
        return_window, backoff_max, rate, origin_ttl, kept
    }] {
        heartbeat: Option<Heartbeat>,
        return_window: Option<Duration>,
        backoff_max: Option<Duration>,
        rate: Option<u32>,
        origin_ttl: Option<Duration>,
        kept: Kept
    }
    Ack [Received::Ack { channel, origin, offset }] {
        channel: ChannelId, origin: Origin, offset: u64
    }
    Nack [Received::Nack { channel, origin, code }] {
        channel: ChannelId, origin: Origin, code: u32
    }
    RequestOk [Received::RequestOk { request }] { request: u32 }
    RequestErr [Received::RequestErr { request, code }] { request: u32, code: u32 }
    SubscribeOk [Received::SubscribeOk { channel, epoch, head }] {
        channel: ChannelId, epoch: Epoch, head: u64
    }
    SubscribeErr [Received::SubscribeErr { channel, code }] { channel: ChannelId, code: u32 }
    Gap [Received::Gap { channel, from, to, cause, epoch }] {
        channel: ChannelId, from: u64, to: u64, cause: GapCause, epoch: Option<Epoch>
    }
    Volatile [Received::Volatile { channel, key, payload }] {
        channel: ChannelId, key: ValueKey, payload: Handle
    }
    Retained [Received::Retained { channel, key, version, payload }] {
        channel: ChannelId, key: ValueKey, version: u64, payload: Handle
    }
    Ping [Received::Ping { nonce }] { nonce: Option<u32> }
    Pong [Received::Pong { level, nonce, window }] {
        level: PingLevel, nonce: Option<u32>, window: Option<Duration>
    }
    Page [Received::Page { request, channel, page }] {
        request: u32, channel: ChannelId, page: Page<Handle>
    }
    ReadErr [Received::ReadErr { request, code }] { request: u32, code: u32 }
    Away [Received::Away { reason, slot, endpoint }] {
        reason: AwayReason, slot: Duration, endpoint: Option<u16>
    }
    Bye [Received::Bye] {}
});

/// What a server asks for about heartbeats; a pair in the engine.
struct Heartbeat {
    interval: Duration,
    timeout: Duration,
}

record!(take: Heartbeat { interval: Duration, timeout: Duration });
