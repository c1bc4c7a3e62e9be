//! The six states that an application sees, and the transitions that can happen.

/// What an application sees of the connection (X01).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum ConnectionState {
    /// Not wanted: never connected, or disconnected on purpose.
    #[default]
    Closed,
    /// The first attempt since `connect` is under way.
    Connecting,
    /// The connection stands, and what was missed has been caught up.
    Connected,
    /// Lost, and not yet retrying: the first delay runs.
    Disconnected,
    /// Retrying: an attempt is under way, or a delay between attempts runs.
    Reconnecting,
    /// Gave up: only the application or the second level can start anew.
    Error,
}

impl ConnectionState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Closed,
        Self::Connecting,
        Self::Connected,
        Self::Disconnected,
        Self::Reconnecting,
        Self::Error,
    ];

    /// Every transition that can happen, with what brings it about: the source of the diagram.
    pub const TRANSITIONS: &'static [(Self, Self, &'static str)] = &[
        (Self::Closed, Self::Connecting, "connect, reconnect"),
        (Self::Connecting, Self::Connected, "opened and caught up"),
        (Self::Connecting, Self::Reconnecting, "attempt failed"),
        (Self::Connecting, Self::Error, "cannot succeed, or attempts spent"),
        (Self::Connecting, Self::Closed, "disconnect"),
        (Self::Connected, Self::Disconnected, "lost"),
        (Self::Connected, Self::Closed, "disconnect, or the peer's bye"),
        (Self::Disconnected, Self::Reconnecting, "delay over, reconnect"),
        (Self::Disconnected, Self::Error, "cannot succeed, or attempts spent"),
        (Self::Disconnected, Self::Closed, "disconnect"),
        (Self::Reconnecting, Self::Connected, "opened and caught up"),
        (Self::Reconnecting, Self::Error, "cannot succeed, or attempts spent"),
        (Self::Reconnecting, Self::Closed, "disconnect"),
        (Self::Error, Self::Reconnecting, "reconnect, second level"),
        (Self::Error, Self::Connecting, "connect"),
        (Self::Error, Self::Closed, "disconnect"),
    ];

    /// Returns whether this state can be followed by `next`.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        Self::TRANSITIONS.iter().any(|(from, to, _)| *from == self && *to == next)
    }

    /// Returns the state's name as applications print it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::Reconnecting => "reconnecting",
            Self::Error => "error",
        }
    }
}
