//! Named sets of defaults, one for each source system, and ours.

use super::choices::{Heartbeat, Jitter, Overflow};
use super::setting::Settings;
use super::value::choice;
use crate::dialect::Dialect;
use crate::time::Span;

choice! {
    /// A named set of defaults; every one can be overridden.
    Profile {
        /// Ours: no attempt limit, full jitter, a window for the first return.
        Standard = "standard",
        /// A chat bot with a second level above the connection (B01).
        ChatBot = "chat_bot",
        /// A chat page with JSON pings (C01, C02).
        ChatPage = "chat_page",
        /// Rooms with a reconnection manager (R01).
        Rooms = "rooms",
        /// A messenger with a queue of 100 (M03 to M05).
        Messenger = "messenger",
        /// Market data from an exchange (F01, F03, F09).
        MarketFeed = "market_feed",
    }
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 6] = [
        Self::Standard,
        Self::ChatBot,
        Self::ChatPage,
        Self::Rooms,
        Self::Messenger,
        Self::MarketFeed,
    ];

    /// Returns its settings.
    #[must_use]
    pub fn settings(self) -> Settings {
        match self {
            Self::Standard => Settings::STANDARD,
            Self::ChatBot => CHAT_BOT,
            Self::ChatPage => CHAT_PAGE,
            Self::Rooms => ROOMS,
            Self::Messenger => MESSENGER,
            Self::MarketFeed => MARKET_FEED,
        }
    }

    /// Returns the dialect that its peers speak.
    #[must_use]
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::Standard | Self::Rooms => Dialect::PLAIN,
            Self::ChatBot => Dialect::CHAT_TEXT,
            Self::ChatPage | Self::Messenger => Dialect::JSON,
            Self::MarketFeed => Dialect::EXCHANGE,
        }
    }
}

const fn s(secs: u64) -> Span {
    Span::from_secs(secs)
}

/// What the five source systems have in common, where ours differs.
const CLASSIC: Settings = Settings {
    return_window: None,
    backoff_floor: s(0),
    backoff_adaptive: false,
    stable_after: s(5),
    ..Settings::STANDARD
};

const CHAT_BOT: Settings = Settings {
    backoff_min: s(2),
    backoff_max: s(60),
    jitter: Jitter::None,
    attempts_max: Some(5),
    stale_after: Some(s(300)),
    check_interval: s(10),
    supervisor_attempts_max: 10,
    ..CLASSIC
};

const CHAT_PAGE: Settings = Settings {
    backoff_min: s(1),
    backoff_max: s(16),
    jitter: Jitter::None,
    attempts_max: Some(5),
    heartbeat: Heartbeat::Application,
    heartbeat_interval: s(30),
    heartbeat_timeout: s(10),
    queue: false,
    ..CLASSIC
};

const ROOMS: Settings = Settings {
    backoff_min: s(1),
    backoff_max: s(5),
    jitter: Jitter::Equal,
    attempts_max: Some(5),
    heartbeat_interval: s(5),
    heartbeat_timeout: s(3),
    ..CLASSIC
};

const MESSENGER: Settings = Settings {
    backoff_min: s(1),
    backoff_max: s(60),
    backoff_multiplier: 1.5,
    jitter: Jitter::Scaled,
    attempts_max: Some(10),
    heartbeat: Heartbeat::Application,
    heartbeat_interval: s(30),
    heartbeat_timeout: s(10),
    queue_messages_max: 100,
    overflow: Overflow::DropOldest,
    ..CLASSIC
};

const MARKET_FEED: Settings = Settings {
    backoff_min: s(1),
    backoff_max: s(60),
    jitter: Jitter::Factor,
    jitter_factor: 0.25,
    attempts_max: Some(10),
    stale_after: Some(s(60)),
    renew_after: Some(s(23 * 3600 + 1800)),
    ..CLASSIC
};
