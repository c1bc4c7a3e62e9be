//! What goes wrong, one kind after the other.

use std::time::Duration;

/// One kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FaultKind {
    Cut,
    Reset,
    BlackHole,
    HalfOpenUp,
    HalfOpenDown,
    Frozen,
    Killed,
    Refused,
}

impl FaultKind {
    pub(crate) const COUNT: u32 = 8;

    const ALL: [Self; Self::COUNT as usize] = [
        Self::Cut,
        Self::Frozen,
        Self::Reset,
        Self::BlackHole,
        Self::Killed,
        Self::HalfOpenUp,
        Self::Refused,
        Self::HalfOpenDown,
    ];

    /// Returns the kind whose turn it is.
    pub(crate) fn of_turn(turn: u32) -> Self {
        Self::ALL[(turn % Self::COUNT) as usize]
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Cut => "closed without a word",
            Self::Reset => "reset",
            Self::BlackHole => "black hole",
            Self::HalfOpenUp => "half-open, server deaf",
            Self::HalfOpenDown => "half-open, client deaf",
            Self::Frozen => "server frozen (SIGSTOP)",
            Self::Killed => "server killed (kill -9)",
            Self::Refused => "refused for a while",
        }
    }

    /// Returns the time it stands at least; those that nobody is told of stand until they are noticed.
    pub(crate) const fn length_min(self) -> Duration {
        match self {
            Self::Cut | Self::Reset => Duration::ZERO,
            Self::BlackHole | Self::HalfOpenUp | Self::HalfOpenDown => Duration::from_millis(1200),
            Self::Frozen | Self::Killed => Duration::from_millis(1200),
            Self::Refused => Duration::from_millis(1500),
        }
    }
}
