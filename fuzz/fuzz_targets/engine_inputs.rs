//! Arbitrary inputs at arbitrary times: the rules hold, and nothing panics or loops.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/everlink-engine/tests/proofs/model/mod.rs"]
mod model;

/// Longer sequences find nothing that shorter ones do not, and cost more.
const STEPS_MAX: usize = 300;

fuzz_target!(|data: &[u8]| {
    let Some((number, steps)) = data.split_first() else { return };
    let (steps, _) = steps.as_chunks::<3>();
    let steps = &steps[..steps.len().min(STEPS_MAX)];
    model::World::run(*number, steps);
});
