//! Servers that nobody here wrote, set up and broken on purpose.
//!
//! [`Server`] runs an echo server on Python's `websockets` or `aiohttp` or on npm's `ws`; [`Nginx`] stands in
//! front of one and cuts idle connections; [`Probe`] is a client to look at them with, [`Program`] a command to talk to; [`Network`] joins two network namespaces by a cable that can be
//! cut. [`EverlinkServer`] is our own as a process, and [`OfficialClient`] a client of Socket.IO or of our package for
//! JavaScript that is told what to do. All of them are killed when dropped. What they need is put under `target/e2e` once, in one line each.

pub mod bench;
pub mod demo;
mod environment;
mod event;
mod everlink_server;
pub mod herd;
pub mod hub;
mod network;
mod nginx;
mod official;
mod probe;
mod process;
mod program;
mod server;
pub mod soak;
pub mod store;

pub use environment::Environment;
pub use event::{Event, EventKind};
pub use everlink_server::{EverlinkServer, Store};
pub use network::{Network, Side};
pub use nginx::Nginx;
pub use official::{Library, OfficialClient, OfficialSocket};
pub use probe::Probe;
pub use program::{Line, Program};
pub use server::{Server, ServerKind, ServerOptions};
