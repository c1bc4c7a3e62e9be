//! How much of which channel is kept.

use std::sync::Arc;
use std::time::Duration;

use crate::hooks::pattern_matches;

/// How much of a channel is kept. What is not limited is kept for ever.
///
/// Messages go oldest first, in the log's idle time; under load a little with each commit. So a
/// channel can be above a limit for a moment. The knowledge of producers does not go with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    pub(super) max_age: Option<Duration>,
    pub(super) max_records: Option<u64>,
    pub(super) max_bytes: Option<u64>,
}

impl Retention {
    /// Keeps everything.
    pub const ALL: Self = Self { max_age: None, max_records: None, max_bytes: None };

    /// Drops messages that are older. Looked for at each sweep
    /// ([`LogOptions::sweep_every`](super::LogOptions::sweep_every)).
    #[must_use]
    pub const fn max_age(mut self, value: Duration) -> Self {
        self.max_age = Some(value);
        self
    }

    /// Keeps so many messages at most; 0 keeps none.
    #[must_use]
    pub const fn max_records(mut self, value: u64) -> Self {
        self.max_records = Some(value);
        self
    }

    /// Keeps messages of so many bytes at most, payloads and names counted; 0 keeps none.
    #[must_use]
    pub const fn max_bytes(mut self, value: u64) -> Self {
        self.max_bytes = Some(value);
        self
    }
}

/// What is kept of the channels whose name matches a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionPolicy {
    pattern: Arc<str>,
    retention: Retention,
}

impl RetentionPolicy {
    /// Makes a policy; in the pattern each `*` stands for any number of characters.
    #[must_use]
    pub fn new(pattern: impl Into<Arc<str>>, retention: Retention) -> Self {
        Self { pattern: pattern.into(), retention }
    }
}

/// Returns what is kept of a channel: the first policy that matches counts.
pub(super) fn retention_of(policies: &[RetentionPolicy], channel: &str) -> Retention {
    let policy = policies.iter().find(|policy| pattern_matches(&policy.pattern, channel));
    policy.map_or(Retention::ALL, |policy| policy.retention)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_policy_that_matches_counts_and_without_one_everything_is_kept() {
        let one = Retention::ALL.max_records(1);
        let two = Retention::ALL.max_records(2);
        let policies =
            [RetentionPolicy::new("logs:*:raw", one), RetentionPolicy::new("logs:*", two)];
        for (channel, expected) in [
            ("logs:a:raw", one),
            ("logs:a:b:raw", one),
            ("logs:a", two),
            ("logs:", two),
            ("log", Retention::ALL),
            ("logs", Retention::ALL),
        ] {
            assert_eq!(retention_of(&policies, channel), expected, "{channel}");
        }
    }
}
