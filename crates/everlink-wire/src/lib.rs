//! Codecs between bytes and Everlink's typed frames, sans-IO.
//!
//! [`ws`] is the WebSocket protocol itself: bytes to messages and back, for both roles.

pub mod ws;
