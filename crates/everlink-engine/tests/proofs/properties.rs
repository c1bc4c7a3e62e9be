//! Whatever goes in, in whatever order and at whatever time: the rules hold.

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};

use crate::model::World;

/// As many cases as `PROPTEST_CASES` says, and otherwise many more than the library's default.
fn config() -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let cases = std::env::var_os("PROPTEST_CASES").map_or(5000, |_| default.cases);
    ProptestConfig { cases, ..default }
}

proptest! {
    #![proptest_config(config())]

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
