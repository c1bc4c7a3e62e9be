//! Whatever goes in, in whatever order and at whatever time: the rules hold.

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};

use crate::model::World;

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    /// No panic, no busy loop, one welcome, nothing after the end, bounded; each channel is read from where
    /// its client is, without a hole that no gap named; nothing is acknowledged that was not stored, and
    /// nothing twice; the same inputs give the same outputs.
    #[test]
    fn req_n01_the_rules_of_a_session_hold_for_any_inputs_at_any_time(
        steps in vec(any::<[u8; 3]>(), 0..300),
    ) {
        assert_eq!(World::run(&steps), World::run(&steps));
    }
}

/// The property would hold as well for sessions that never come to anything.
#[test]
fn the_inputs_of_the_property_lead_everywhere() {
    let mut random = everlink_engine::Random::new(7);
    let mut said = Vec::new();
    for _ in 0..400 {
        let step = |random: &mut everlink_engine::Random| random.next_u32().to_le_bytes();
        let steps: Vec<[u8; 3]> =
            (0..300).map(|_| step(&mut random)).map(|[a, b, c, _]| [a, b, c]).collect();
        said.extend(World::run(&steps));
    }
    let begins = [
        "> welcome",
        "> ack",
        "> nack",
        "> sub_ok",
        "> sub_err",
        "> gap",
        "> away",
        "pause",
        "resume",
        "> ping",
        "close 1000",
        "close 4303",
        "close 4102",
        "abandon",
        "> read_err",
        "> auth_ok",
    ];
    for begin in begins {
        assert!(said.iter().any(|said| said.starts_with(begin)), "never: {begin}");
    }
    assert!(said.iter().any(|said| said.contains("Slow")), "never too slow");
}
