//! Rules of the protocol that can be taken out of a server's surroundings, to see that they matter.

/// A rule that is taken out: in the log, in the feed or in a driver, never in the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Broken {
    /// The log appends whatever comes, without asking whether it has it.
    Dedupe,
    /// A node hands new entries to the socket although the replay before them is not finished.
    ReplayBeforeLive,
    /// A client's driver takes news of a transport that was left for news of the present one.
    Generation,
    /// A message is acknowledged when it is appended, before it is committed.
    AckAfterCommit,
    /// Entries are shown to readers when they are appended, before they are committed.
    DeliveryAfterCommit,
    /// A log that lost its history goes on under the same epoch.
    EpochChange,
    /// The log forgets which numbers it refused: it only knows that they are used up.
    Refusals,
}

impl Broken {
    /// Every rule that can be taken out.
    pub const ALL: [Self; 7] = [
        Self::Dedupe,
        Self::ReplayBeforeLive,
        Self::Generation,
        Self::AckAfterCommit,
        Self::DeliveryAfterCommit,
        Self::EpochChange,
        Self::Refusals,
    ];
}
