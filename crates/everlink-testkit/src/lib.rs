//! Chaos proxy, scripted WebSocket server, fake exchange and fake chat, for anyone's tests.
//!
//! - [`chaos`] stands between a client and a server and breaks their connections on purpose.
//! - [`server`] is a WebSocket server that does what a test tells it to, well or badly.
//! - [`fake`] has an exchange and a chat with the limits that public ones document.

pub mod chaos;
pub mod fake;
pub mod server;
mod socket;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/how-to/break-connections-on-purpose.md")]
struct HowTo;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/how-to/fake-servers.md")]
struct HowToFake;
