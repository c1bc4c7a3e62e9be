//! The client against real sockets.

mod basics;
mod support;
