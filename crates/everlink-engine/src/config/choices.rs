//! The settings that are one word of a few.

use super::value::choice;

choice! {
    /// How the delay grows from attempt to attempt.
    BackoffKind {
        /// No delay at all.
        None = "none",
        /// `backoff_min` each time.
        Fixed = "fixed",
        /// `backoff_min` × `backoff_multiplier` to the power of the attempt, up to `backoff_max`.
        Exponential = "exponential",
    }
}

choice! {
    /// How a delay is spread, always after the cap, so that a herd is spread there too.
    Jitter {
        /// Not at all: every client comes at the same moment.
        None = "none",
        /// Times 1 ± `jitter_factor`.
        Factor = "factor",
        /// Times 0.5 to 1.0.
        Scaled = "scaled",
        /// From `backoff_floor` to `backoff_floor` + delay.
        Full = "full",
        /// Half of it, and up to half of it on top.
        Equal = "equal",
        /// From `backoff_min` to three times the delay before, up to `backoff_max`.
        Decorrelated = "decorrelated",
    }
}

choice! {
    /// How a heartbeat is sent.
    Heartbeat {
        /// As the dialect can best: its own ping if it has one, else WebSocket pings.
        Auto = "auto",
        /// WebSocket ping frames (RFC 6455, section 5.5.2); a proxy can answer them.
        Protocol = "protocol",
        /// Messages of the dialect; only the application can answer them.
        Application = "application",
        /// None: silence is not noticed.
        None = "none",
    }
}

choice! {
    /// What becomes of a message when the outbox is full, unless its send says otherwise.
    Overflow {
        /// The send waits for room.
        Wait = "wait",
        /// The send fails.
        Fail = "fail",
        /// The oldest message that is not yet on its way is dropped, and the drop reported.
        DropOldest = "drop_oldest",
    }
}
