//! The Everlink engine in a simulated world: a virtual clock, a network that breaks, peers by script,
//! and a reference model that judges every step.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

mod agenda;
pub mod cluster;
mod dice;
mod figures;
mod herd;
mod model;
mod network;
mod outage;
mod peer;
mod script;
mod soak;
mod trace;
mod world;

pub use figures::{FAULT_KINDS, Figures, NANOS_A_YEAR};
pub use herd::{Herd, Returned, Told};
pub use model::Violation;
pub use network::{Fault, Met, Network};
pub use outage::{Attempt, Outage};
pub use script::Scene;
pub use soak::{Kind, Run, Verdict, run_seed};
pub use world::{Dialed, World};
