//! What all sessions of a node have in common.

use core::time::Duration;

use super::rate::RateLimit;
use crate::frame::Kept;

/// What all sessions of a node have in common: times, bounds, and what a `welcome` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionConfig<N> {
    /// The node's name.
    pub node: N,
    /// How often a client should ping. Default: 20 s.
    pub heartbeat_interval: Duration,
    /// How long a pong may take, in either direction. Default: 10 s.
    pub heartbeat_timeout: Duration,
    /// How long the greeting may take from the opening on. Default: 5 s.
    pub hello_timeout: Duration,
    /// How long the answer to a greeting's credentials may take. Default: 10 s.
    pub admission_timeout: Duration,
    /// How long nothing may be taken from a full socket. Default: 10 s.
    pub write_timeout: Duration,
    /// How long a session that was taken over may read on. Default: 10 s.
    pub overlap: Duration,
    /// How long after its slot a client that was asked to go is waited for. Default: 10 s.
    pub away_grace: Duration,
    /// How long a log remembers a producer. Default: 24 h.
    pub origin_ttl: Duration,
    /// The longest back-off that the node wishes for. Default: the window for returns, 5 s at least.
    pub backoff_max: Option<Duration>,
    /// How safe a stored message is. Default: in memory.
    pub kept: Kept,
    /// The largest frame that is taken, in bytes. Default: 1 MiB.
    pub frame_max: u32,
    /// Most channels of a connection. Default: 1,024.
    pub channels_max: u32,
    /// Most publishes of a connection that are not stored yet; beyond it reading pauses. Default: 1,024.
    pub publishes_max: u32,
    /// Most bytes in them. Default: 4 MiB.
    pub publish_bytes_max: u64,
    /// Most pages of history on their way. Default: 8.
    pub pages_max: u8,
    /// Most messages in a page. Default: 500.
    pub page_messages_max: u32,
    /// How fast a client may send frames, heartbeats apart; beyond it reading pauses. Default: without limit.
    pub rate: Option<RateLimit>,
    /// How fast a client may send volatile values; beyond it they are dropped. Default: 100 a second.
    pub volatile_rate: Option<RateLimit>,
    /// How many messages a reader that has once been level may fall behind while its socket is full,
    /// before it is told of a gap instead. Default: any number.
    pub lag_max: Option<u64>,
}

impl<N> SessionConfig<N> {
    /// Makes the configuration with every default.
    #[must_use]
    pub const fn new(node: N) -> Self {
        Self {
            node,
            heartbeat_interval: Duration::from_secs(20),
            heartbeat_timeout: Duration::from_secs(10),
            hello_timeout: Duration::from_secs(5),
            admission_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            overlap: Duration::from_secs(10),
            away_grace: Duration::from_secs(10),
            origin_ttl: Duration::from_secs(24 * 60 * 60),
            backoff_max: None,
            kept: Kept::Memory,
            frame_max: 1024 * 1024,
            channels_max: 1024,
            publishes_max: 1024,
            publish_bytes_max: 4 * 1024 * 1024,
            pages_max: 8,
            page_messages_max: 500,
            rate: None,
            volatile_rate: RateLimit::new(100, 200),
            lag_max: None,
        }
    }
}
