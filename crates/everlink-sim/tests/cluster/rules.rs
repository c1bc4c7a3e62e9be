//! The rules hold; and without any one of them they are seen not to.

use std::collections::BTreeMap;

use everlink_sim::cluster::{Broken, run_seed, survey};
use everlink_sim::{Kind, Run};

use super::days;

/// Seeds among which one must show that a rule is missing.
const SEEDS: u64 = 16;

#[test]
fn req_n01_nothing_is_lost_doubled_or_reordered_between_any_clients_on_any_nodes() {
    for seed in 0..SEEDS {
        let verdict = run_seed(seed, days(4), None);
        assert_eq!(verdict.violation, None, "seed {seed}");
        assert!(verdict.figures.cuts > 100, "seed {seed}: {:?}", verdict.figures);
    }
}

/// Runs seeds without a rule; returns the name of the rule of the model that is seen to be broken.
fn missed(broken: Broken) -> Option<&'static str> {
    (0..SEEDS).find_map(|seed| Some(run_seed(seed, days(4), Some(broken)).violation?.rule))
}

#[test]
fn req_n03_without_the_check_of_origins_a_message_is_stored_twice() {
    assert_eq!(missed(Broken::Dedupe), Some("stored once and in order"));
}

#[test]
fn req_n03_without_the_order_of_replay_and_live_entries_come_out_of_order() {
    assert_eq!(missed(Broken::ReplayBeforeLive), Some("replay, then live, without a seam"));
}

#[test]
fn req_n03_without_the_generation_of_transports_the_news_of_old_ones_ends_new_ones() {
    let seen = missed(Broken::Generation);
    let known = ["nothing is lost in the calm", "one socket", "everything stands"];
    assert!(seen.is_some_and(|rule| known.contains(&rule)), "{seen:?}");
}

#[test]
fn req_n03_without_acknowledging_after_the_commit_a_sender_believes_what_is_not_stored() {
    assert_eq!(missed(Broken::AckAfterCommit), Some("acknowledged is committed"));
}

#[test]
fn req_n03_without_delivering_after_the_commit_a_reader_sees_what_a_crash_takes_back() {
    assert_eq!(missed(Broken::DeliveryAfterCommit), Some("given is committed"));
}

#[test]
fn req_n03_without_a_new_epoch_for_a_lost_history_readers_miss_what_is_new() {
    let seen = missed(Broken::EpochChange);
    let known = ["no new life without a gap", "everything arrives", "given is committed"];
    assert!(seen.is_some_and(|rule| known.contains(&rule)), "{seen:?}");
}

#[test]
fn req_n03_without_remembering_refusals_a_message_is_acknowledged_that_was_refused() {
    assert_eq!(missed(Broken::Refusals), Some("refused is never acknowledged"));
}

#[test]
fn req_n03_the_same_seed_of_a_cluster_is_the_same_run_recorded_or_not() {
    for seed in 0..4 {
        let once = run_seed(seed, days(2), None);
        let again = run_seed(seed, Run { record: true, ..days(2) }, None);
        assert_eq!((once.trace_hash, &once.figures), (again.trace_hash, &again.figures));
        assert!(once.trace.is_empty() && !again.trace.is_empty());
        assert_ne!(once.trace_hash, run_seed(seed + 4, days(2), None).trace_hash);
    }
}

#[test]
fn req_n03_a_violation_comes_again_with_its_seed() {
    let run = |record| run_seed(0, Run { record, ..days(4) }, Some(Broken::Dedupe));
    let (once, again) = (run(false), run(true));
    assert!(once.violation.is_some());
    assert_eq!((once.violation, once.trace_hash), (again.violation, again.trace_hash));
}

#[test]
fn one_seed_in_eight_is_a_cluster() {
    let run = days(1);
    let cluster = run_seed(7, run, None).trace_hash;
    assert_eq!(everlink_sim::run_seed(7, run).trace_hash, cluster);
    let forced = Run { only: Some(Kind::Cluster), ..run };
    assert_eq!(everlink_sim::run_seed(7, forced).trace_hash, cluster);
    assert_ne!(everlink_sim::run_seed(6, run).trace_hash, run_seed(6, run, None).trace_hash);
}

/// A simulation that never gets to a rule does not test it.
#[test]
fn req_n03_a_few_seeds_meet_everything_that_is_rare() {
    let mut met: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in 0..SEEDS {
        for (what, count) in survey(seed, days(10)) {
            *met.entry(what).or_default() += count;
        }
    }
    let rare = [
        "asked by the server",
        "asked to go",
        "closed: bye",
        "closed: credentials ended",
        "closed: drained",
        "closed: nothing can be stored",
        "closed: replaced",
        "congested",
        "gap: epoch",
        "gap: expired",
        "gap: slow",
        "known already",
        "left a channel",
        "let go: silence",
        "let go: slow reader",
        "missing",
        "outbox drained",
        "reading paused",
        "refused",
        "refused already",
        "relieved",
        "took some",
        "volatile value",
    ];
    for what in rare {
        assert!(met.get(what).is_some_and(|count| *count >= 3), "{what}: {met:#?}");
    }
    for never in ["closed: otherwise", "gave up"] {
        assert!(!met.contains_key(never), "{met:#?}");
    }
}
