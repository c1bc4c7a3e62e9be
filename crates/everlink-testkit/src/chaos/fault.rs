//! The ways in which the proxy can misbehave.

use super::direction::{Direction, Refusal, Way};
use super::error::Rejected;
use super::limits::TIME_MAX;
use std::time::Duration;

/// One way of misbehaving. It stands until cleared.
///
/// A stream with a hole in it cannot be carried on. So a connection of which [`BlackHole`] or
/// [`HalfOpen`] has swallowed anything stays swallowed that way for the rest of its life, also after
/// the fault ends, as behind a router that has forgotten it. For an outage that TCP survives, take
/// [`Freeze`].
///
/// [`BlackHole`]: Self::BlackHole
/// [`HalfOpen`]: Self::HalfOpen
/// [`Freeze`]: Self::Freeze
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Holds bytes back. Order within a way is kept, and FIN waits its turn.
    Latency {
        /// Which way. Default in text: both.
        direction: Direction,
        /// Time each piece is held. Range: 0 to 24 h.
        delay: Duration,
        /// Most extra time, drawn evenly from 0 to this for each piece. Range: 0 to 24 h.
        jitter: Duration,
    },
    /// Limits the rate at which bytes are handed on.
    Bandwidth {
        /// Which way. Default in text: both.
        direction: Direction,
        /// Bytes a second. Range: 1 and more.
        bytes_per_second: u64,
    },
    /// Swallows both ways while sockets stay open; a new connection is accepted, and never reaches
    /// the upstream while this stands.
    BlackHole,
    /// Swallows one way, FIN and RST included, and carries the other.
    HalfOpen {
        /// The way that is swallowed.
        swallowed: Way,
    },
    /// Closes every connection (FIN, no word of the protocol above), and each new one at once.
    Drop,
    /// Resets every connection (RST), and each new one at once.
    Reset,
    /// Closes a connection after exactly this many bytes.
    CloseAfter {
        /// Bytes of which way are counted; of both: whichever comes first.
        direction: Direction,
        /// Bytes carried before the end.
        bytes: u64,
    },
    /// Resets a connection after this many bytes were handed on.
    ResetAfter {
        /// Bytes of which way are counted; of both: whichever comes first.
        direction: Direction,
        /// Bytes carried before the end.
        bytes: u64,
    },
    /// Refuses new connections.
    Refuse {
        /// How.
        how: Refusal,
    },
    /// Changes bytes at random.
    Corrupt {
        /// Which way. Default in text: both.
        direction: Direction,
        /// Chance of each byte. Range: 0.0 to 1.0.
        probability: f64,
    },
    /// Changes one byte.
    CorruptAt {
        /// Which way. Default in text: both.
        direction: Direction,
        /// Position, from 0, in the stream of that way.
        byte: u64,
    },
    /// Accepts new connections and never forwards them while this stands; nothing is read either.
    Stall,
    /// Reads slowly, so that the sender's writes pile up.
    SlowReader {
        /// Which way. Default in text: both.
        direction: Direction,
        /// Bytes a second. Range: 1 and more.
        bytes_per_second: u64,
    },
    /// Stops reading and writing; all goes on where it was when cleared.
    Freeze,
}

impl Fault {
    /// Returns the word for this fault in text and JSON, such as `half-open`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Latency { .. } => "latency",
            Self::Bandwidth { .. } => "bandwidth",
            Self::BlackHole => "blackhole",
            Self::HalfOpen { .. } => "half-open",
            Self::Drop => "drop",
            Self::Reset => "reset",
            Self::CloseAfter { .. } => "close-after",
            Self::ResetAfter { .. } => "reset-after",
            Self::Refuse { .. } => "refuse",
            Self::Corrupt { .. } => "corrupt",
            Self::CorruptAt { .. } => "corrupt-at",
            Self::Stall => "stall",
            Self::SlowReader { .. } => "slow-reader",
            Self::Freeze => "freeze",
        }
    }

    /// Reports whether this acts in one moment when a schedule gives it no length.
    #[must_use]
    pub fn is_momentary(&self) -> bool {
        matches!(self, Self::Drop | Self::Reset)
    }

    /// Reports whether setting this makes `other` moot: same kind, same ways.
    pub(crate) fn replaces(&self, other: &Self) -> bool {
        self.kind() == other.kind() && self.direction() == other.direction()
    }

    fn direction(&self) -> Direction {
        match self {
            Self::Latency { direction, .. }
            | Self::Bandwidth { direction, .. }
            | Self::CloseAfter { direction, .. }
            | Self::ResetAfter { direction, .. }
            | Self::Corrupt { direction, .. }
            | Self::CorruptAt { direction, .. }
            | Self::SlowReader { direction, .. } => *direction,
            Self::HalfOpen { swallowed: Way::Up } => Direction::Up,
            Self::HalfOpen { swallowed: Way::Down } => Direction::Down,
            Self::BlackHole
            | Self::Drop
            | Self::Reset
            | Self::Refuse { .. }
            | Self::Stall
            | Self::Freeze => Direction::Both,
        }
    }

    /// Checks that every value is in its range.
    ///
    /// # Errors
    ///
    /// Names the field, its value and its range.
    pub fn check(&self) -> Result<(), Rejected> {
        match self {
            Self::Latency { delay, jitter, .. } => {
                self.check_time("delay", *delay)?;
                self.check_time("jitter", *jitter)
            }
            Self::Bandwidth { bytes_per_second: 0, .. }
            | Self::SlowReader { bytes_per_second: 0, .. } => Err(Rejected::new(
                self.place(),
                "rate",
                0,
                "1 byte a second or more; to let nothing through, use freeze or blackhole",
            )),
            Self::Corrupt { probability, .. } if !(0.0..=1.0).contains(probability) => {
                Err(Rejected::new(self.place(), "probability", probability, "0.0 to 1.0"))
            }
            Self::Bandwidth { .. }
            | Self::SlowReader { .. }
            | Self::Corrupt { .. }
            | Self::BlackHole
            | Self::HalfOpen { .. }
            | Self::Drop
            | Self::Reset
            | Self::CloseAfter { .. }
            | Self::ResetAfter { .. }
            | Self::Refuse { .. }
            | Self::CorruptAt { .. }
            | Self::Stall
            | Self::Freeze => Ok(()),
        }
    }

    fn check_time(&self, field: &str, value: Duration) -> Result<(), Rejected> {
        check_time(&self.place(), field, value)
    }

    fn place(&self) -> String {
        format!("fault {}", self.kind())
    }
}

/// Checks that a time is one the proxy's clock can be set to.
pub(crate) fn check_time(place: &str, field: &str, value: Duration) -> Result<(), Rejected> {
    if value <= TIME_MAX {
        return Ok(());
    }
    let accepted = format!("0s to {}", humantime::format_duration(TIME_MAX));
    Err(Rejected::new(place, field, humantime::format_duration(value), accepted))
}
