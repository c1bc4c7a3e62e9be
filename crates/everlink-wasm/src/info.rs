//! What a client can be asked, in words.

use core::time::Duration;

use everlink_engine::{ConnectionInfo, ConnectionState, Failure, Guarantee, Quality};

use crate::words::record;

record!(put: ConnectionInfo {
    state: ConnectionState,
    attempts: u32,
    next_attempt: Option<Duration>,
    last_failure: Option<Failure>,
    endpoint: u16,
    reconnects: u32,
    dials: u32,
    queued_messages: usize,
    queued_bytes: usize,
    connected_for: Duration,
    uptime: Duration,
    downtime: Duration,
    success_rate: f64,
    latency: Option<Duration>,
    quality: Quality,
    guarantee: Guarantee,
    messages_sent: u64,
    messages_received: u64,
    messages_replayed: u64,
    duplicates: u64,
});
