//! Which way bytes go, and how a connection can end.

/// The way or ways that a fault acts on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// From client to server.
    Up,
    /// From server to client.
    Down,
    /// Both ways.
    #[default]
    Both,
}

impl Direction {
    /// Reports whether this covers `way`.
    #[must_use]
    pub fn covers(self, way: Way) -> bool {
        match self {
            Self::Up => way == Way::Up,
            Self::Down => way == Way::Down,
            Self::Both => true,
        }
    }

    /// Returns the word used in text and JSON: `up`, `down` or `both`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Both => "both",
        }
    }
}

/// One way through the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From client to server.
    Up,
    /// From server to client.
    Down,
}

impl Way {
    /// Returns the word used in text and JSON: `up` or `down`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }

    /// Returns the opposite way.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }
}

/// How the proxy ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// An orderly FIN, without any word of the protocol above.
    Close,
    /// A RST (`SO_LINGER` 0): the peer sees "connection reset".
    Reset,
}

/// How the proxy refuses a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Accepts, then resets at once.
    Reset,
    /// Closes the listener, so that the kernel answers "connection refused"; it opens again, on the
    /// same port, when the fault ends.
    Closed,
}

impl Refusal {
    /// Returns the word used in text and JSON: `reset` or `closed`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Closed => "closed",
        }
    }
}
