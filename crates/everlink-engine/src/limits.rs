//! Every bound of the engine that is not a setting, by name.

use core::time::Duration;

use crate::time::Span;

/// Longest time that a server's hint (`Retry-After`, a slot, a return window) is obeyed for.
pub const HINT_MAX: Duration = Duration::from_secs(600);

/// Most bytes handed to a transport and not yet written by it; what is beyond stays in the outbox.
pub const UNWRITTEN_BYTES_MAX: usize = 1024 * 1024;

/// Most frames handed to a transport and not yet written by it.
pub const UNWRITTEN_FRAMES_MAX: usize = 4096;

/// Most channels that can be in use at once: subscribed, or published to.
pub const CHANNELS_MAX: usize = 65_536;

/// Most producers remembered for each channel, to know a repeated message across a change of epoch;
/// the one that was silent longest is forgotten first.
pub const ORIGINS_MAX: usize = 1024;

/// Most producers of earlier processes in one channel whose messages can be sent on.
pub const FOREIGN_PRODUCERS_MAX: usize = 1024;

/// Most questions for pages of history that can be open at once.
pub const READS_MAX: usize = 64;

/// Retained values of one channel whose versions are remembered; beyond that the one that was told
/// longest ago is forgotten, and may be told again at the next attach.
pub const RETAINED_MAX: usize = 256;

/// Least time between two probes that suspicion starts (a lying `online` event costs at most this).
pub const PROBE_SPACING: Duration = Duration::from_secs(5);

/// A time-out that is reported later than this after its deadline says that we were asleep, not
/// that the peer is dead.
pub const LATE_TIMER: Duration = Duration::from_secs(1);

/// Unstable connections allowed in [`FLAP_PERIOD`] before the next one has to wait.
pub const FLAP_CONNECTS_MAX: usize = 10;

/// The period over which unstable connections are counted.
pub const FLAP_PERIOD: Duration = Duration::from_secs(120);

/// Duplicates from one attach that a resuming peer may send before it counts as a protocol error.
pub const DUPLICATES_MAX: u32 = 100;

/// Most messages held back from a successor while the old transport still has its voice.
pub const OVERLAP_MESSAGES_MAX: usize = 65_536;

/// Transports that may be in their closing hand-shake at once; the oldest is abandoned beyond that.
pub const LEAVING_MAX: usize = 2;

/// Failures of that verdict since the connection was last stable at which [`Verdict::RetryThrice`](crate::Verdict) gives up.
pub const RETRY_THRICE: u32 = 3;

/// A time-out that is reported later than this after its deadline says that the machine slept:
/// fresh credentials and, where allowed, a second transport beside the probe.
pub const ASLEEP: Duration = Duration::from_secs(90);

/// The limits that are times, as the engine itself reckons.
pub(crate) mod spans {
    use super::Span;

    pub(crate) const HINT_MAX: Span = Span::of(super::HINT_MAX);
    pub(crate) const PROBE_SPACING: Span = Span::of(super::PROBE_SPACING);
    pub(crate) const LATE_TIMER: Span = Span::of(super::LATE_TIMER);
    pub(crate) const FLAP_PERIOD: Span = Span::of(super::FLAP_PERIOD);
    pub(crate) const ASLEEP: Span = Span::of(super::ASLEEP);
}
