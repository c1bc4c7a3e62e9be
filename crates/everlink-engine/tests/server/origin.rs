//! Rule 1 of the protocol: at most once, and without a hole.

use everlink_engine::server::{LastStored, OriginVerdict, judge_origin};

#[test]
fn fault_28_a_number_is_appended_once_and_only_behind_what_it_follows() {
    let last = LastStored { sequence: 5, offset: 40 };
    let (known, hole) = (OriginVerdict::Known(last), OriginVerdict::Hole(last));
    for (sequence, before, expected) in [
        (1, 0, known),
        (5, 4, known),
        (6, 5, OriginVerdict::Append),
        (7, 6, hole),
        (9, 8, hole),
        // Numbers between were dropped by policy.
        (9, 5, OriginVerdict::Append),
        (9, 3, OriginVerdict::Append),
    ] {
        assert_eq!(
            judge_origin(Some(last), sequence, before),
            expected,
            "{sequence} after {before}"
        );
    }
}

#[test]
fn a_producer_that_a_log_does_not_know_may_begin_anywhere() {
    for (sequence, before) in [(1, 0), (9, 8), (9, 3)] {
        assert_eq!(judge_origin(None, sequence, before), OriginVerdict::Append);
    }
}
