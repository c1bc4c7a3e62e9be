//! The logs against their contract, real files, real disks and real crashes.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails its test by panicking")]

mod bounds;
mod contract;
mod copies;
mod crash;
mod damage;
mod disk;
mod model;
mod opening;
mod support;
