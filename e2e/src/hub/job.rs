//! What the generator is asked for, and what it answers.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What the server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Speech {
    /// `everlink.v1.json`.
    Everlink,
    /// Texts that go to everyone in the room.
    Plain,
    /// Socket.IO 5 over Engine.IO 4, by WebSocket alone.
    SocketIo,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Job {
    /// Opens so many more connections in the room, and keeps them.
    /// With TLS where a certificate is given.
    Gather { addresses: Vec<String>, speech: Speech, clients: u32, certificate: Option<PathBuf> },
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
    /// Connects a client by each of these addresses, and one that publishes.
    Attend { addresses: Vec<String>, publisher: String },
    /// Publishes for so long, and says what came when.
    Talk { millis: u64, every_ms: u64 },
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
    Heard(Heard),
    Failed {
        why: String,
    },
}

/// How a herd came back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Returned {
    pub(super) back: u32,
    /// The share that came of all that was published, before, meanwhile and after; `None` where nothing was.
    pub(super) delivered: Option<f64>,
    /// Messages out of order, gaps, and clients that gave up; `None` where they are not counted.
    pub(super) faults: Option<u64>,
    /// Seconds from the restart until so many were back.
    pub(super) half_s: Option<f64>,
    pub(super) most_s: Option<f64>,
    pub(super) all_s: Option<f64>,
    pub(super) attempts_each: f64,
    /// Most attempts that ended in one second.
    pub(super) peak_second: u32,
}

/// What clients heard of what was published.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Heard {
    /// When the first message was published, in milliseconds since 1970; the other times count from there.
    pub(super) began_ms: u64,
    pub(super) published_ms: Vec<u64>,
    /// For each client, when each message came, if it did.
    pub(super) arrived_ms: Vec<Vec<Option<u64>>>,
}
