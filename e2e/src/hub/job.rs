//! What the generator is asked for, and what it answers.

use serde::{Deserialize, Serialize};

/// What the server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Speech {
    /// `everlink.v1.json`.
    Everlink,
    /// Texts that go to everyone in the room.
    Plain,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Job {
    /// Opens so many more connections in the room, and keeps them.
    Gather { addresses: Vec<String>, speech: Speech, clients: u32 },
    /// Publishes and waits until everyone has had all.
    Broadcast { messages: u32, in_flight: u32, size: usize },
    /// Lets each connection send one message of that size.
    Up { size: usize },
    /// Publishes one by one from so many connections for so long.
    Publish { addresses: Vec<String>, publishers: u32, size: usize, millis: u64 },
    /// Publishes so many messages at once.
    Fill { addresses: Vec<String>, messages: u64, size: usize },
    /// Reads the room's history.
    Replay { addresses: Vec<String>, messages: u64, client: String },
    /// Takes what a bare server sends.
    Stream { addresses: Vec<String>, messages: u64, size: usize },
    /// Connects clients that come back when they are cut off.
    Herd { addresses: Vec<String>, speech: Speech, clients: u32 },
    /// Waits until all of them are back; the server serves again since then.
    Return { restarted_ms: u64 },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Outcome {
    Done {
        elapsed_ns: u64,
    },
    /// Times from publish to acknowledgement, in microseconds.
    Published {
        us: Vec<f64>,
    },
    Returned(Returned),
    Failed {
        why: String,
    },
}

/// How a herd came back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Returned {
    pub(super) back: u32,
    /// Each has all that was published, before, meanwhile and after; only Everlink publishes.
    pub(super) delivered: bool,
    /// Messages out of order, gaps, and clients that gave up.
    pub(super) faults: u64,
    /// Seconds from the restart until so many were back.
    pub(super) half_s: Option<f64>,
    pub(super) most_s: Option<f64>,
    pub(super) all_s: Option<f64>,
    pub(super) attempts_each: f64,
    /// Most attempts that ended in one second.
    pub(super) peak_second: u32,
}
