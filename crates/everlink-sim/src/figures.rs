//! What a simulation counted.

/// Kinds of faults, as they are counted and printed.
pub const FAULT_KINDS: [&str; 18] = [
    "cut",
    "reset",
    "close",
    "half_open_up",
    "half_open_down",
    "black_hole",
    "slow_reader",
    "read_pause",
    "away",
    "crash_durable",
    "crash_memory",
    "network_gone",
    "network_changed",
    "online_or_offline",
    "suspend",
    "noise",
    "history_expired",
    "dial_failed",
];

/// Counters of one or of many seeds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Simulated time, in nanoseconds.
    pub nanos: u64,
    /// Transports that opened.
    pub connects: u64,
    /// Connections that were lost.
    pub cuts: u64,
    /// Messages that the application sent and the engine took.
    pub sent: u64,
    /// Messages that the engine gave to the application.
    pub delivered: u64,
    /// Messages whose loss was announced as possible, and that did not arrive.
    pub in_doubt: u64,
    /// Gaps that were told.
    pub gaps: u64,
    /// Copies that were dropped.
    pub duplicates: u64,
    /// Planned moves without an outage.
    pub moves: u64,
    /// Closed by an exchange for its rate limit.
    pub rate_limited: u64,
    /// Inputs that the engine took.
    pub inputs: u64,
    /// Faults, in the order of [`FAULT_KINDS`].
    pub faults: [u64; FAULT_KINDS.len()],
}

impl Figures {
    /// Adds the counters of another simulation.
    pub fn add(&mut self, other: &Self) {
        self.nanos += other.nanos;
        self.connects += other.connects;
        self.cuts += other.cuts;
        self.sent += other.sent;
        self.delivered += other.delivered;
        self.in_doubt += other.in_doubt;
        self.gaps += other.gaps;
        self.duplicates += other.duplicates;
        self.moves += other.moves;
        self.rate_limited += other.rate_limited;
        self.inputs += other.inputs;
        for (mine, theirs) in self.faults.iter_mut().zip(other.faults) {
            *mine += theirs;
        }
    }

    /// Returns the simulated time in years of 365 days.
    #[must_use]
    pub fn years(&self) -> f64 {
        self.nanos as f64 / NANOS_A_YEAR
    }
}

/// Nanoseconds in a year of 365 days.
pub const NANOS_A_YEAR: f64 = 365.0 * 86_400.0 * 1e9;
