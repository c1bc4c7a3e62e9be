//! What the other side can do, as data. A dialect has no timers and no retries of its own.

use core::time::Duration;

use crate::frame::PingLevel;

/// What a peer can do and how much it bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The name in configuration and documentation.
    pub name: &'static str,
    /// At which level a heartbeat is sent unless the configuration says otherwise.
    pub ping: PingLevel,
    /// A hand-shake of its own after the upgrade: `Hello`, answered by `Welcome`.
    pub greets: bool,
    /// Messages are numbered and acknowledged; until then they are kept and sent again.
    pub acknowledges: bool,
    /// Channels have offsets and are read on from a cursor.
    pub resumes: bool,
    /// How channels are subscribed; `None` if the dialect knows no subscriptions.
    pub subscriptions: Option<SubscriptionRules>,
    /// How many frames a peer bears; `None` is without limit.
    pub rate: Option<Rate>,
}

/// How channels are subscribed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscriptionRules {
    /// Most channels in one request.
    pub batch_max: u16,
    /// Whether each request is answered.
    pub confirmed: bool,
}

/// A rate: `frames` in each `period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many frames.
    pub frames: u16,
    /// In which time.
    pub period: Duration,
}

/// What a client may promise its user about delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Guarantee {
    /// A cut can swallow what was on its way; the engine says when.
    BestEffort,
    /// Everything arrives, some of it perhaps twice.
    AtLeastOnce,
    /// Everything arrives, once and in order.
    ExactlyOnce,
}

impl Dialect {
    /// Any WebSocket server: messages as they are, WebSocket pings.
    pub const PLAIN: Self = Self {
        name: "plain",
        ping: PingLevel::Protocol,
        greets: false,
        acknowledges: false,
        resumes: false,
        subscriptions: None,
        rate: None,
    };

    /// A server that answers `{"type":"ping"}` with `{"type":"pong"}` (C02, M04).
    pub const JSON: Self = Self { name: "json", ping: PingLevel::Application, ..Self::PLAIN };

    /// A chat server that speaks `MSG {json}` lines (B07).
    pub const CHAT_TEXT: Self = Self { name: "chat_text", ..Self::PLAIN };

    /// An exchange: `SUBSCRIBE` batches with ids, at most five frames a second (F03).
    pub const EXCHANGE: Self = Self {
        name: "exchange",
        subscriptions: Some(SubscriptionRules { batch_max: 200, confirmed: true }),
        rate: Some(Rate { frames: 5, period: Duration::from_secs(1) }),
        ..Self::PLAIN
    };

    /// `everlink.v1`: logs, cursors, origins and acknowledgements.
    pub const EVERLINK: Self = Self {
        name: "everlink",
        ping: PingLevel::Application,
        greets: true,
        acknowledges: true,
        resumes: true,
        subscriptions: Some(SubscriptionRules { batch_max: 256, confirmed: true }),
        rate: None,
    };

    /// Every dialect that can be named in a configuration.
    pub const ALL: [Self; 5] =
        [Self::PLAIN, Self::JSON, Self::CHAT_TEXT, Self::EXCHANGE, Self::EVERLINK];

    /// Returns what a client of this dialect may promise.
    #[must_use]
    pub const fn guarantee(&self) -> Guarantee {
        match (self.acknowledges, self.resumes) {
            (true, true) => Guarantee::ExactlyOnce,
            (true, false) => Guarantee::AtLeastOnce,
            (false, _) => Guarantee::BestEffort,
        }
    }
}
