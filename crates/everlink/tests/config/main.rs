//! Configuration: which source goes first, what each understands, and how mistakes are told.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails its test by panicking")]

mod aliases;
mod mistakes;
mod precedence;
mod reference;
mod samples;
mod texts;

use std::time::Duration;

use everlink::config::{LoadError, Loaded, Loader};
use everlink_engine::Settings;

/// The engine's settings that a loader arrives at.
#[track_caller]
fn settings(loader: Loader) -> Settings {
    engine(&load(loader))
}

#[track_caller]
fn load(loader: Loader) -> Loaded {
    loader.load().unwrap_or_else(|error| panic!("{error}"))
}

fn engine(loaded: &Loaded) -> Settings {
    loaded.engine.clone().build().unwrap().settings().clone()
}

/// The lines of the error that a loader arrives at.
#[track_caller]
fn lines(loader: Loader) -> Vec<String> {
    let error: LoadError = loader.load().unwrap_err();
    assert!(!error.problems.is_empty());
    error.problems.iter().map(ToString::to_string).collect()
}

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
