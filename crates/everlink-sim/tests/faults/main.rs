//! Faults and requirements in virtual time: what the network does, and the sentences that follow.
//! Every step of every test is judged by the reference model as well.

mod attempts;
mod herd;
mod moves;
mod outbox;
mod platform;
mod resume;
mod seeds;
mod silence;
mod states;
mod subscriptions;

use std::time::Duration;

/// Seconds.
fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Milliseconds.
fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
