//! What is broken.

use everlink_testkit::chaos::{End, Fault, Way};

/// A kind of fault of the server or of the links; clients are killed meanwhile as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FaultKind {
    Cut,
    Reset,
    BlackHole,
    HalfOpenUp,
    HalfOpenDown,
    LinkFrozen,
    ServerFrozen,
    ServerKilled,
    ClientsKilled,
}

/// How a fault is brought about.
#[derive(Clone, Debug)]
pub(super) enum Means {
    /// Once, on every connection.
    Cut(End),
    /// For a time.
    Set(Fault),
    FreezeServer,
    KillServer,
    /// Only clients.
    Nothing,
}

impl FaultKind {
    /// As often as each stands here.
    pub(super) const ORDER: [Self; 12] = [
        Self::Cut,
        Self::Reset,
        Self::BlackHole,
        Self::HalfOpenUp,
        Self::HalfOpenDown,
        Self::LinkFrozen,
        Self::ServerFrozen,
        Self::ServerKilled,
        Self::ServerKilled,
        Self::ClientsKilled,
        Self::ClientsKilled,
        Self::ClientsKilled,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Cut => "links cut",
            Self::Reset => "links reset",
            Self::BlackHole => "black hole",
            Self::HalfOpenUp => "half-open, upwards silent",
            Self::HalfOpenDown => "half-open, downwards silent",
            Self::LinkFrozen => "links frozen",
            Self::ServerFrozen => "server frozen",
            Self::ServerKilled => "server killed with -9",
            Self::ClientsKilled => "only clients killed",
        }
    }

    pub(super) const fn means(self) -> Means {
        match self {
            Self::Cut => Means::Cut(End::Close),
            Self::Reset => Means::Cut(End::Reset),
            Self::BlackHole => Means::Set(Fault::BlackHole),
            Self::HalfOpenUp => Means::Set(Fault::HalfOpen { swallowed: Way::Up }),
            Self::HalfOpenDown => Means::Set(Fault::HalfOpen { swallowed: Way::Down }),
            Self::LinkFrozen => Means::Set(Fault::Freeze),
            Self::ServerFrozen => Means::FreezeServer,
            Self::ServerKilled => Means::KillServer,
            Self::ClientsKilled => Means::Nothing,
        }
    }
}
