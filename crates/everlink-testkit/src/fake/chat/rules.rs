//! What a chat says about itself.

use crate::chaos::Rejected;
use crate::fake::limits::LINES_DEFAULT;
use std::time::Duration;

/// The limits of a chat. The defaults are those of destiny.gg, as its server (`destinygg/chat`) and the
/// table of errors of its page (`destinygg/chat-gui`) have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatRules {
    /// Longest message, in characters; a longer one is answered `ERR "msgtoolong"`. Default: 512.
    pub message_chars_max: usize,
    /// Longest frame of a client, in bytes; a longer one ends the connection with 1009. Default: 6,144.
    pub frame_bytes_max: usize,
    /// Shortest time between two messages of a nick. One that comes sooner doubles it for this nick and
    /// is answered `ERR "throttled"`. Default: 300 ms.
    pub delay: Duration,
    /// After so long without a message the delay is as in the beginning. Default: 5 min.
    pub delay_forgotten_after: Duration,
    /// Most connections of a nick; one more is answered `ERR "toomanyconnections"` and closed. Default: 5.
    pub connections_max: usize,
    /// How often the chat pings, with a ping of the WebSocket. Default: 10 s.
    pub ping_every: Duration,
    /// A connection that nothing came from for so long is ended. Default: 30 s.
    pub quiet_max: Duration,
    /// Most lines that wait for a client that does not read; beyond, it is disconnected. Default:
    /// [`LINES_DEFAULT`].
    pub lines_max: usize,
}

impl Default for ChatRules {
    fn default() -> Self {
        Self {
            message_chars_max: 512,
            frame_bytes_max: 6_144,
            delay: Duration::from_millis(300),
            delay_forgotten_after: Duration::from_secs(5 * 60),
            connections_max: 5,
            ping_every: Duration::from_secs(10),
            quiet_max: Duration::from_secs(30),
            lines_max: LINES_DEFAULT,
        }
    }
}

impl ChatRules {
    pub(super) fn check(&self) -> Result<(), Rejected> {
        let reject = |field: &str, value: String, accepted: &str| {
            Err(Rejected::new("chat rules", field, value, accepted))
        };
        for (field, value) in [
            ("message_chars_max", self.message_chars_max),
            ("frame_bytes_max", self.frame_bytes_max),
            ("connections_max", self.connections_max),
        ] {
            if !(1..=COUNT_MAX).contains(&value) {
                return reject(field, value.to_string(), "1 to 1,000,000");
            }
        }
        if !(LINES_MIN..=COUNT_MAX).contains(&self.lines_max) {
            return reject("lines_max", self.lines_max.to_string(), "4 to 1,000,000");
        }
        for (field, value) in [("ping_every", self.ping_every), ("quiet_max", self.quiet_max)] {
            if value.is_zero() || value > TIME_MAX {
                return reject(field, format!("{value:?}"), "more than 0 s and at most 30 days");
            }
        }
        for (field, value) in
            [("delay", self.delay), ("delay_forgotten_after", self.delay_forgotten_after)]
        {
            if value > TIME_MAX {
                return reject(field, format!("{value:?}"), "at most 30 days");
            }
        }
        Ok(())
    }
}

/// A newcomer is sent two lines at once.
const LINES_MIN: usize = 4;

const COUNT_MAX: usize = 1_000_000;
const TIME_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);
