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
    /// The peer pings by itself and says how often: silence beyond that is a loss.
    pub pinged: bool,
    /// The peer answers, one by one, the messages that ask for it ([`Input::Ask`](crate::Input::Ask));
    /// until then they are kept and sent again.
    pub answers: bool,
    /// The peer may take up the session of a connection that was lost, with all that was subscribed in it
    /// ([`Received::Entered`](crate::Received::Entered)). A session belongs to one transport at a time: none
    /// is dialed beside one that works.
    pub recovers: bool,
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
        pinged: false,
        answers: false,
        recovers: false,
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
        ..Self::PLAIN
    };

    /// Socket.IO 5 over Engine.IO 4: the peer pings, answers what asks for it, and may recover a session.
    ///
    /// Heartbeats of our own are WebSocket pings: they measure, and probe what looks dead, while the
    /// peer's pings say that it is there.
    #[cfg(feature = "socketio")]
    pub const SOCKETIO: Self = Self {
        name: "socketio",
        greets: true,
        subscriptions: Some(SubscriptionRules { batch_max: 1, confirmed: true }),
        pinged: true,
        answers: true,
        recovers: true,
        ..Self::PLAIN
    };

    /// Every dialect that can be named in a configuration.
    #[cfg(feature = "socketio")]
    pub const ALL: [Self; 6] =
        [Self::PLAIN, Self::JSON, Self::CHAT_TEXT, Self::EXCHANGE, Self::EVERLINK, Self::SOCKETIO];

    /// Every dialect that can be named in a configuration.
    #[cfg(not(feature = "socketio"))]
    pub const ALL: [Self; 5] =
        [Self::PLAIN, Self::JSON, Self::CHAT_TEXT, Self::EXCHANGE, Self::EVERLINK];

    /// Returns what a client of this dialect may promise at best; where messages ask for their answer one
    /// by one, of those that do.
    #[must_use]
    pub const fn guarantee(&self) -> Guarantee {
        match (self.acknowledges, self.resumes) {
            (true, true) => Guarantee::ExactlyOnce,
            (true, false) => Guarantee::AtLeastOnce,
            (false, _) if self.has_answers() => Guarantee::AtLeastOnce,
            (false, _) => Guarantee::BestEffort,
        }
    }

    /// Whether messages can ask for an answer: never, and known to the compiler, without the feature.
    pub(crate) const fn has_answers(&self) -> bool {
        cfg!(feature = "socketio") && self.answers
    }

    /// Whether there are sessions to recover: never, and known to the compiler, without the feature.
    pub(crate) const fn has_sessions(&self) -> bool {
        cfg!(feature = "socketio") && self.recovers
    }
}
