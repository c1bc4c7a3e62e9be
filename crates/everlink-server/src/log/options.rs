//! What can be set about a log, and its bounds.

use std::time::Duration;

use super::clock::WallClock;
use super::error::LogError;
use super::retention::RetentionPolicy;

/// Most messages that one commit stores.
pub const BATCH_RECORDS_MAX: usize = 256;

/// Longest time for which a commit waits for messages that are expected to come along.
pub const BATCH_WAIT_MAX: Duration = Duration::from_millis(2);

/// Longest time for which dropping a log waits for its last commit.
pub const DROP_WAIT_MAX: Duration = Duration::from_secs(2);

/// Longest name of a channel, a producer, a user or a message, in bytes.
pub const NAME_BYTES_MAX: usize = 4096;

/// Largest payload, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 256 * 1024 * 1024;

/// What can be set about a log.
#[derive(Clone, Debug)]
pub struct LogOptions {
    pub(super) origin_ttl: Duration,
    pub(super) channels_max: u64,
    pub(super) producers_max: u64,
    pub(super) pending_max: usize,
    pub(super) pending_bytes_max: usize,
    pub(super) sweep_every: Duration,
    pub(super) retention: Vec<RetentionPolicy>,
    pub(super) clock: WallClock,
}

impl LogOptions {
    /// How long a producer is remembered after its last message.
    ///
    /// Unit: time. Default: 24 h. Range: 1 s to 10 years. Why: a client that comes back later than this
    /// cannot be told which of its messages were stored; each remembered producer costs some 100 bytes.
    #[must_use]
    pub const fn origin_ttl(mut self, value: Duration) -> Self {
        self.origin_ttl = value;
        self
    }

    /// Most channels.
    ///
    /// Default: 1,000,000. Range: from 1. Why: a channel is never forgotten, so that its numbers go on;
    /// beyond the limit a new one is refused with [`LogError::TooManyChannels`].
    #[must_use]
    pub const fn channels_max(mut self, value: u64) -> Self {
        self.channels_max = value;
        self
    }

    /// Most producers that are remembered, of all channels together.
    ///
    /// Default: 4,000,000. Range: from 1. Why: forgetting one early could store its message twice, so
    /// beyond the limit a new one is refused with [`LogError::TooManyProducers`] instead.
    #[must_use]
    pub const fn producers_max(mut self, value: u64) -> Self {
        self.producers_max = value;
        self
    }

    /// Most messages that wait to be stored; beyond it: [`LogError::Busy`].
    ///
    /// Default: 65,536. Range: from 1.
    #[must_use]
    pub const fn pending_max(mut self, value: usize) -> Self {
        self.pending_max = value;
        self
    }

    /// Most bytes of payload and names that wait to be stored; beyond it: [`LogError::Busy`]. A single
    /// larger message is taken while nothing else waits.
    ///
    /// Unit: bytes. Default: 64 MiB. Range: from 1.
    #[must_use]
    pub const fn pending_bytes_max(mut self, value: usize) -> Self {
        self.pending_bytes_max = value;
        self
    }

    /// How often all channels and producers are looked through for what is too old.
    ///
    /// Unit: time. Default: 60 s. Range: 1 ms to 1 day.
    #[must_use]
    pub const fn sweep_every(mut self, value: Duration) -> Self {
        self.sweep_every = value;
        self
    }

    /// What is kept of which channels: the first policy whose pattern matches counts. Without one
    /// that matches, everything is kept.
    ///
    /// Default: none. At most 1,000.
    #[must_use]
    pub fn retention(mut self, policies: impl IntoIterator<Item = RetentionPolicy>) -> Self {
        self.retention = policies.into_iter().collect();
        self
    }

    /// Where the time of messages comes from. Default: the system's clock.
    #[must_use]
    pub fn clock(mut self, clock: WallClock) -> Self {
        self.clock = clock;
        self
    }

    /// Names the first setting that is out of its range.
    pub(super) fn check(&self) -> Result<(), LogError> {
        let second = Duration::from_secs(1);
        let day = 24 * 3600 * second;
        let time = |setting, value: Duration, low: Duration, high: Duration| {
            let accepted = format!("{low:?} to {high:?}");
            let fits = (low..=high).contains(&value);
            fits.then_some(()).ok_or(refused(setting, format!("{value:?}"), accepted))
        };
        let count = |setting, value: u64| {
            (value > 0).then_some(()).ok_or(refused(setting, "0".to_owned(), "from 1".to_owned()))
        };
        time("origin_ttl", self.origin_ttl, second, 3650 * day)?;
        time("sweep_every", self.sweep_every, Duration::from_millis(1), day)?;
        count("channels_max", self.channels_max)?;
        count("producers_max", self.producers_max)?;
        count("pending_max", self.pending_max as u64)?;
        count("pending_bytes_max", self.pending_bytes_max as u64)?;
        let policies = self.retention.len();
        let fits = policies <= POLICIES_MAX;
        fits.then_some(()).ok_or_else(|| {
            refused("retention", format!("{policies} policies"), format!("up to {POLICIES_MAX}"))
        })
    }
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            origin_ttl: Duration::from_secs(24 * 3600),
            channels_max: 1_000_000,
            producers_max: 4_000_000,
            pending_max: 65_536,
            pending_bytes_max: 64 * 1024 * 1024,
            sweep_every: Duration::from_secs(60),
            retention: Vec::new(),
            clock: WallClock::system(),
        }
    }
}

fn refused(setting: &'static str, value: String, accepted: String) -> LogError {
    LogError::Setting { setting, value, accepted }
}

const POLICIES_MAX: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_out_of_its_range_is_named_with_the_range() {
        LogOptions::default().check().unwrap();
        let error = LogOptions::default().origin_ttl(Duration::ZERO).check().unwrap_err();
        assert_eq!(error.to_string(), "log setting origin_ttl is 0ns; accepted: 1s to 315360000s");
        for options in [
            LogOptions::default().channels_max(0),
            LogOptions::default().producers_max(0),
            LogOptions::default().pending_max(0),
            LogOptions::default().pending_bytes_max(0),
            LogOptions::default().sweep_every(Duration::MAX),
        ] {
            assert!(matches!(options.check(), Err(LogError::Setting { .. })), "{options:?}");
        }
    }
}
