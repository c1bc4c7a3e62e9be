//! Whole worlds by seed.

use std::process::Command;

use everlink_sim::{Kind, Run, run_seed};

use super::s;

const DAY: u64 = 86_400;

fn hashes() -> Vec<u64> {
    let run = Run { time: s(DAY), only: None, record: false, stop: None };
    (0..8).map(|seed| run_seed(seed, run).trace_hash).collect()
}

#[test]
fn req_n03_the_same_seed_is_the_same_run_twice_in_one_process() {
    let (once, again) = (hashes(), hashes());
    assert_eq!(once, again);
    let distinct: std::collections::BTreeSet<_> = once.iter().collect();
    assert_eq!(distinct.len(), once.len(), "other seeds are other runs");
}

/// Prints the hashes for the process that started this one; by itself it checks nothing else.
#[test]
fn prints_hashes_for_another_process() {
    if std::env::var_os("EVERLINK_SIM_HASHES").is_some() {
        eprintln!("hashes {:?}", hashes());
    }
}

#[test]
fn req_n03_the_same_seed_is_the_same_run_in_another_process() {
    let child = || {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "seeds::prints_hashes_for_another_process", "--nocapture"])
            .env("EVERLINK_SIM_HASHES", "1")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        text.lines().find_map(|line| line.split_once("hashes ").map(|(_, it)| it.to_owned()))
    };
    assert_eq!(child(), Some(format!("{:?}", hashes())));
}

#[test]
fn req_n03_recording_a_trace_does_not_change_the_run() {
    let run = Run { time: s(DAY), only: None, record: false, stop: None };
    let recorded = run_seed(3, Run { record: true, ..run });
    assert_eq!(run_seed(3, run).trace_hash, recorded.trace_hash);
    assert!(!recorded.trace.is_empty());
}

#[test]
fn req_n01_no_rule_is_broken_in_worlds_of_every_kind() {
    for kind in Kind::ALL {
        let run = Run { time: s(5 * DAY), only: Some(kind), record: false, stop: None };
        for seed in 0..10 {
            let verdict = run_seed(seed, run);
            assert_eq!(verdict.violation, None, "seed {seed}, {}", kind.name());
            assert!(verdict.figures.cuts > 100, "seed {seed}, {}", kind.name());
        }
    }
}
