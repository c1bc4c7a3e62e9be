//! Whatever goes in, in whatever order and at whatever time: the rules hold.

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};

use crate::model::World;

proptest! {
    #![proptest_config(ProptestConfig { cases: 5000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Legal transitions only, one outage told once, one voice, one fate for each message, order,
    /// bounds, no panic, no busy loop, early time-outs harmless, failed inputs without effect; and
    /// the same inputs give the same outputs.
    #[test]
    fn the_rules_hold_for_any_inputs_at_any_time(
        number in any::<u8>(),
        steps in vec(any::<[u8; 3]>(), 0..200),
    ) {
        assert_eq!(World::run(number, &steps), World::run(number, &steps));
    }
}
