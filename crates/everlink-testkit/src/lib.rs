//! Chaos proxy and scripted WebSocket server, for anyone's tests.
//!
//! - [`chaos`] stands between a client and a server and breaks their connections on purpose.

pub mod chaos;
