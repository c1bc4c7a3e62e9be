//! `everlink.v1` in both encodings, through its public API.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod bounds;
mod document;
mod properties;
mod readable;
mod sharing;
mod vectors;
mod words;
