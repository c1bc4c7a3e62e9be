//! Many real clients on several real server nodes with one log, in virtual time.

mod rules;

use std::time::Duration;

use everlink_sim::Run;

/// A run of so many simulated days of connections.
fn days(days: u64) -> Run<'static> {
    Run { time: Duration::from_secs(days * 86_400), only: None, record: false, stop: None }
}
