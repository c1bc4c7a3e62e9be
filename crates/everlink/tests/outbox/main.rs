//! The durable outbox against real files, real disks and real crashes.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails its test by panicking")]

mod behaviour;
mod crash;
mod damage;
mod disk;
mod support;
