//! The command as its users run it: a process with options, pipes, signals and an exit code.
#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]

mod attempts;
mod certificates;
mod connect;
mod exit_codes;
mod fake;
mod logs;
mod outbox;
mod page;
mod serve;
mod status;
mod streams;
mod support;
