//! Inputs in words.

use core::time::Duration;

use everlink_engine::{
    ChannelId, Cursor, Failure, Input, MessageId, News, Numbered, Outgoing, ProducerId, Received,
    SendPolicy, TransportId, ValueKey, Verdict,
};

use crate::words::{Handle, record, union};

union!(take: Input<Handle> {
    Connect [Input::Connect] {}
    Disconnect [Input::Disconnect] {}
    Reconnect [Input::Reconnect] {}
    Send [Input::Send(message)] { message: Outgoing<Handle> }
    Subscribe [Input::Subscribe { channel, from }] { channel: ChannelId, from: Option<Cursor> }
    Unsubscribe [Input::Unsubscribe { channel }] { channel: ChannelId }
    Read [Input::Read { request, channel, after, limit }] {
        request: u32, channel: ChannelId, after: u64, limit: u32
    }
    Pause [Input::Pause { channel }] { channel: ChannelId }
    Resume [Input::Resume { channel }] { channel: ChannelId }
    Transport [Input::Transport(transport, news)] { transport: TransportId, news: News<Handle> }
    NetworkChanged [Input::NetworkChanged] {}
    Online [Input::Online] {}
    Offline [Input::Offline] {}
    Woke [Input::Woke] {}
    Timeout [Input::Timeout] {}
    Withdraw [Input::Withdraw { message }] { message: MessageId }
});

union!(take: News<Handle> {
    Opened [News::Opened] {}
    Failed [News::Failed { failure, verdict }] { failure: Failure, verdict: Option<Verdict> }
    Lost [News::Lost { failure, verdict }] { failure: Failure, verdict: Option<Verdict> }
    Frame [News::Frame(frame)] { frame: Received<Handle> }
    Heard [News::Heard { data }] { data: bool }
    Written [News::Written { frames }] { frames: u32 }
    ReadPaused [News::ReadPaused] {}
    ReadResumed [News::ReadResumed] {}
});

record!(take: Outgoing<Handle> {
    id: MessageId,
    channel: Option<ChannelId>,
    bytes: u32,
    policy: SendPolicy,
    key: Option<ValueKey>,
    origin: Option<Numbered>,
    payload: Handle,
});

record!(take: Numbered {
    producer: ProducerId,
    sequence: u64,
    before: Option<u64>,
    age: Duration,
});

union!(take: SendPolicy {
    Configured [SendPolicy::Configured] {}
    Wait [SendPolicy::Wait] {}
    Fail [SendPolicy::Fail] {}
    DropOldest [SendPolicy::DropOldest] {}
    Coalesce [SendPolicy::Coalesce { key }] { key: u32 }
    Volatile [SendPolicy::Volatile] {}
});
