//! What the processes of the benchmark tell each other, one JSON line each.

use serde::{Deserialize, Serialize};

/// A client that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ClientKind {
    /// The codec and the dial of Everlink, with a plain loop around them.
    Bare,
    /// `everlink::Client`.
    Everlink,
    /// tokio-tungstenite as it comes.
    Tungstenite,
    /// tokio-tungstenite with buffers of 8 KiB instead of 128.
    TungsteniteSmall,
    /// The reconnecting client of `ezsockets`.
    Ezsockets,
    /// Python's `websockets`, on asyncio.
    Python,
}

impl ClientKind {
    pub(super) const ALL: [Self; 6] = [
        Self::Bare,
        Self::Everlink,
        Self::Tungstenite,
        Self::TungsteniteSmall,
        Self::Ezsockets,
        Self::Python,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Everlink => "everlink",
            Self::Tungstenite => "tungstenite",
            Self::TungsteniteSmall => "tungstenite-small",
            Self::Ezsockets => "ezsockets",
            Self::Python => "python",
        }
    }
}

/// Something a worker is to do, with a connection of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub(super) enum Job {
    /// Sends messages that come back, a number of them on their way at any time.
    Echo { url: String, size: usize, in_flight: usize, millis: u64 },
    /// Sends messages that are only counted, and awaits the count.
    Up { url: String, size: usize, millis: u64 },
    /// Takes messages.
    Down { url: String, size: usize, millis: u64 },
    /// Opens a connection, again and again.
    Dial { url: String, times: u32 },
    /// Is cut off and comes back, again and again.
    Restore { url: String, times: u32 },
    /// Holds connections that do nothing, and after a burst do nothing again.
    Idle { urls: Vec<String>, burst_url: String, clients: u32, settle_ms: u64 },
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(super) enum Outcome {
    /// Messages, and what they took.
    Messages { messages: u64, elapsed_ns: u64, cpu_ns: u64 },
    /// How long each time took.
    Times { ns: Vec<u64>, cpu_ns: u64 },
    /// Resident memory: before the clients, with them, and after a large message for each.
    Memory { before: u64, idle: u64, after_burst: u64 },
    /// The job failed.
    Failed { error: String },
}
