//! Every bound of the chaos proxy, by name.

use std::time::Duration;

/// Most bytes of one direction of one connection that the proxy holds back (delay line).
///
/// When they are reached the proxy stops reading, and the sender feels back-pressure. With a delay
/// `d`, one direction carries at most this many bytes in each `d`.
pub const IN_FLIGHT_BYTES_MAX: usize = 1024 * 1024;

/// Most separate pieces of one direction of one connection that the proxy holds back.
pub const IN_FLIGHT_PIECES_MAX: usize = 4096;

/// Most bytes taken by one read or handed over by one write.
pub const PIECE_BYTES_MAX: usize = 16 * 1024;

/// Connections carried at once unless the builder says otherwise; more wait in the accept queue.
pub const CONNECTIONS_DEFAULT: usize = 10_000;

/// Most faults in force at once.
pub const FAULTS_IN_FORCE_MAX: usize = 256;

/// Most items of one schedule.
pub const SCHEDULE_ITEMS_MAX: usize = 1024;

/// Most bytes of a schedule file.
pub const SCHEDULE_FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Most schedules that run at once.
pub const SCHEDULES_MAX: usize = 16;

/// Longest delay, jitter, or time in a schedule.
pub const TIME_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Longest wait for the upstream to accept.
pub const DIAL_TIME_MAX: Duration = Duration::from_secs(10);

/// Time between two tries to listen again after a refusal, and after a failed accept.
pub const RETRY_EVERY: Duration = Duration::from_millis(50);

/// Most connections to the control port at once; more wait in the accept queue.
pub const CONTROL_CONNECTIONS_MAX: usize = 64;

/// Most bytes of a request body at the control port.
pub const CONTROL_BODY_BYTES_MAX: usize = 64 * 1024;

/// Longest time for the head, and again for the body, of a request at the control port.
pub const CONTROL_REQUEST_TIME_MAX: Duration = Duration::from_secs(5);
