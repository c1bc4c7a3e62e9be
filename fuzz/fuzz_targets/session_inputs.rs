//! Arbitrary inputs for the server's half, at arbitrary times: the rules hold, and nothing panics or loops.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[expect(dead_code, reason = "the tests of the session use more of it")]
#[path = "../../crates/everlink-engine/tests/server/bench.rs"]
mod bench;
#[path = "../../crates/everlink-engine/tests/server/model.rs"]
mod model;

/// Longer sequences find nothing that shorter ones do not, and cost more.
const STEPS_MAX: usize = 300;

fuzz_target!(|data: &[u8]| {
    let (steps, _) = data.as_chunks::<3>();
    model::World::run(&steps[..steps.len().min(STEPS_MAX)]);
});
