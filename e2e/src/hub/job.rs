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
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Outcome {
    Done { elapsed_ns: u64 },
    Failed { why: String },
}
