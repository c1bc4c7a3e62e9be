//! The engine for a web page: numbers in, numbers out, no logic.
//!
//! JavaScript writes an input as 64-bit floats into a scratch area in linear memory, calls one export, and
//! reads the answer from the same place. Every type of the engine says once, in one of the macros of
//! `words`, which words it is made of; the same line gives the TypeScript side its table
//! ([`shape::Shape`]), so that the two cannot disagree. Payloads never come here: the engine carries a
//! number for each, and JavaScript keeps the values.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod desk;
mod error;
#[cfg(target_arch = "wasm32")]
mod exports;
mod failure;
mod frame;
mod info;
mod input;
pub mod options;
mod output;
mod scratch;
pub mod shape;
mod words;

pub use desk::{Desk, ENGINES_MAX, Status, WORDS_MAX};
pub use scratch::{Reader, Writer};
pub use words::{Handle, Put, Take};
