//! Proofs of the engine, through its public interface alone.

mod bench;
mod outbox;
mod words;
