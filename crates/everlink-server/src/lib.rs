//! The Everlink server: what must survive a connection stands in a log, so that every connection can
//! be replaced, on any node, after any crash.

pub mod log;
