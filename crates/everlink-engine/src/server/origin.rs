//! Rule 1 of the protocol: a log appends each message of a producer at most once, and without a hole.

use super::refusals::Refusals;

/// What a log knows of a producer in a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LastStored {
    /// The highest number that was stored, or used up by a refusal.
    pub sequence: u64,
    /// The offset of the last message of his that was stored; 0 if none was.
    pub offset: u64,
}

/// What becomes of a numbered message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OriginVerdict {
    /// It is new: append it.
    Append,
    /// It was stored before: acknowledge what is known.
    Known(LastStored),
    /// It was refused before, with this code: refuse it again.
    Refused(u32),
    /// A number before it is missing: whoever sends it has lost one.
    Hole(LastStored),
}

/// Judges a numbered message by what the log knows of its producer.
///
/// `before` is the producer's number before it: `sequence - 1`, unless numbers between were dropped
/// by policy. A producer that the log does not know, or no longer, may begin anywhere.
#[must_use]
pub fn judge_origin(
    last: Option<LastStored>,
    refusals: &Refusals,
    sequence: u64,
    before: u64,
) -> OriginVerdict {
    match last {
        Some(last) if sequence <= last.sequence => match refusals.find(sequence) {
            Some(code) => OriginVerdict::Refused(code),
            None => OriginVerdict::Known(last),
        },
        Some(last) if before > last.sequence => OriginVerdict::Hole(last),
        Some(_) | None => OriginVerdict::Append,
    }
}
