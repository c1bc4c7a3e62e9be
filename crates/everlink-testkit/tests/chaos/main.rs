//! The chaos proxy against real sockets on the loopback interface. Timers run in virtual time where a
//! test is about time; no test sleeps.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod bed;
mod bytes;
mod control;
mod endings;
mod life;
mod schedule;
mod silence;
mod timing;
