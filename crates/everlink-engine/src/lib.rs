//! The engine.
#![no_std]
#![forbid(unsafe_code)]
extern crate alloc;

mod failure;
pub use failure::{Cause, Causes, Failure, FailureClass, Rule, TABLE, Verdict, verdict};
