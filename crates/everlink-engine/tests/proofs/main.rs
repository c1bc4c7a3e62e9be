//! Proofs of the engine, through its public interface alone.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a proof that meets the unexpected must fail, and it looks at a few outputs of many"
)]

mod bench;
mod catchup;
mod channels;
mod exhaustive;
mod figures;
mod greeting;
mod liveness;
mod model;
mod moves;
mod origins;
mod outbox;
mod overlap;
mod pauses;
mod properties;
mod reads;
mod requests;
mod retry;
mod returning;
mod sessions;
mod settings;
mod table;
mod timers;
mod withdrawal;
mod words;
