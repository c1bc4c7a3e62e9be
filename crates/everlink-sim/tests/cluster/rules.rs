//! The rules hold; and without any one of them they are seen not to.

use everlink_sim::cluster::{Broken, run_seed};

use super::days;

/// Seeds among which one must show that a rule is missing.
const SEEDS: u64 = 12;

#[test]
fn req_n01_nothing_is_lost_doubled_or_reordered_between_any_clients_on_any_nodes() {
    for seed in 0..SEEDS {
        let verdict = run_seed(seed, days(4), None);
        assert_eq!(verdict.violation, None, "seed {seed}");
        assert!(verdict.figures.cuts > 100, "seed {seed}: {:?}", verdict.figures);
    }
}

#[test]
fn req_n03_without_any_one_rule_some_seed_fails() {
    for broken in Broken::ALL {
        let first = (0..SEEDS).find_map(|seed| {
            let violation = run_seed(seed, days(4), Some(broken)).violation;
            violation.map(|violation| (seed, violation))
        });
        let Some((seed, violation)) = first else {
            panic!("nobody misses {broken:?}");
        };
        eprintln!("{broken:?}: seed {seed}: {violation}");
    }
}

#[test]
fn survey_it() {
    let mut all = std::collections::BTreeMap::new();
    for seed in 0..30 {
        for (what, count) in everlink_sim::cluster::survey(seed, days(10)) {
            *all.entry(what).or_insert(0) += count;
        }
    }
    eprintln!("{all:#?}");
}
