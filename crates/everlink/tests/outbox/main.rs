//! The durable outbox against real files, real disks and real crashes.

mod behaviour;
mod crash;
mod damage;
mod disk;
mod support;
