//! Outputs in words.

use core::time::Duration;

use everlink_engine::{
    ChannelId, ConnectionState, Dial, Epoch, Event, Failure, GapCause, Guarantee, HangUp,
    MessageId, Origin, Outcome, Output, Page, Position, Quality, ReadFailure, Supervision, Timer,
    Transmit, TransportId, ValueKey,
};

use crate::words::{Handle, record, union, word};

union!(put: Output<Handle> {
    Dial [Output::Dial(Dial { transport, endpoint, refresh_credentials, attempt })] {
        transport: TransportId, endpoint: u16, refresh_credentials: bool, attempt: u32
    }
    HangUp [Output::HangUp { transport, how }] { transport: TransportId, how: HangUp }
    Transmit [Output::Transmit { transport, frame }] {
        transport: TransportId, frame: Transmit<Handle>
    }
    Event [Output::Event(event)] { event: Event<Handle> }
});

union!(put: HangUp {
    Close [HangUp::Close(code)] { code: u16 }
    Abandon [HangUp::Abandon] {}
});

word!(put: ConnectionState { Closed, Connecting, Connected, Disconnected, Reconnecting, Error });
word!(put: Quality { Excellent, Good, Poor, Unusable });
word!(put: Guarantee { BestEffort, AtLeastOnce, ExactlyOnce });
word!(put_open: Supervision { Stale, Surrender, Age });
word!(put_open: Timer {
    Backoff, Dial, Greeting, Heartbeat, Pong, Suspicion, Write, Stable, Close, Stale, Age, Surrender,
    Overlap, Rate, Read
});

union!(put_open: Event<Handle> {
    StateChanged [Event::StateChanged { from, to }] { from: ConnectionState, to: ConnectionState }
    Connected [Event::Connected { guarantee }] { guarantee: Guarantee }
    Disconnected [Event::Disconnected { failure, uptime }] { failure: Failure, uptime: Duration }
    Reconnecting [Event::Reconnecting { attempt, delay }] { attempt: u32, delay: Duration }
    AttemptFailed [Event::AttemptFailed { attempt, failure }] { attempt: u32, failure: Failure }
    Reconnected [Event::Reconnected { attempts, downtime }] { attempts: u32, downtime: Duration }
    ReconnectFailed [Event::ReconnectFailed { attempts, failure }] {
        attempts: u32, failure: Failure
    }
    Moved [Event::Moved] {}
    Supervised [Event::Supervised { cause, attempt }] { cause: Supervision, attempt: u32 }
    QualityChanged [Event::QualityChanged { from, to }] { from: Quality, to: Quality }
    HealthCheck [Event::HealthCheck { latency, quality }] { latency: Duration, quality: Quality }
    Breaker [Event::Breaker { open }] { open: bool }
    Message [Event::Message { channel, position, payload }] {
        channel: Option<ChannelId>, position: Option<Position>, payload: Handle
    }
    Volatile [Event::Volatile { channel, key, payload }] {
        channel: ChannelId, key: ValueKey, payload: Handle
    }
    Retained [Event::Retained { channel, key, version, payload }] {
        channel: ChannelId, key: ValueKey, version: u64, payload: Handle
    }
    Gap [Event::Gap { channel, from, to, cause, epoch }] {
        channel: ChannelId, from: u64, to: u64, cause: GapCause, epoch: Epoch
    }
    DuplicateDropped [Event::DuplicateDropped { channel }] { channel: Option<ChannelId> }
    Subscribed [Event::Subscribed { channel }] { channel: ChannelId }
    SubscriptionRejected [Event::SubscriptionRejected { channel, code }] {
        channel: ChannelId, code: u32
    }
    Resubscribed [Event::Resubscribed { channels }] { channels: u32 }
    Settled [Event::Settled { first, last, outcome }] {
        first: MessageId, last: MessageId, outcome: Outcome
    }
    InDoubt [Event::InDoubt { first, last }] { first: MessageId, last: MessageId }
    MaybeDoubled [Event::MaybeDoubled { first, last }] { first: MessageId, last: MessageId }
    Page [Event::Page { request, channel, page }] {
        request: u32, channel: ChannelId, page: Page<Handle>
    }
    ReadFailed [Event::ReadFailed { request, why }] { request: u32, why: ReadFailure }
    OutboxRoom [Event::OutboxRoom] {}
    Away [Event::Away { slot }] { slot: Duration }
});

union!(put_open: ReadFailure {
    Refused [ReadFailure::Refused { code }] { code: u32 }
    Lost [ReadFailure::Lost] {}
    TimedOut [ReadFailure::TimedOut] {}
});

record!(put: Position { epoch: Epoch, offset: u64, origin: Origin });

union!(put_open: Outcome {
    Written [Outcome::Written] {}
    Acknowledged [Outcome::Acknowledged { offset }] { offset: u64 }
    DroppedOldest [Outcome::DroppedOldest] {}
    Coalesced [Outcome::Coalesced] {}
    DroppedVolatile [Outcome::DroppedVolatile] {}
    Cleared [Outcome::Cleared] {}
    Refused [Outcome::Refused { code }] { code: u32 }
    TooBig [Outcome::TooBig] {}
    Withdrawn [Outcome::Withdrawn] {}
});

/// When to come back, and which timer asks for it.
pub(crate) struct Deadline {
    pub(crate) at: f64,
    pub(crate) timer: Timer,
}

record!(put: Deadline { at: f64, timer: Timer });
