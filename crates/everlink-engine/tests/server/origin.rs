//! Rule 1 of the protocol: at most once, and without a hole.

use everlink_engine::server::{LastStored, OriginVerdict, Refusals, judge_origin};

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
            judge_origin(Some(last), &Refusals::new(), sequence, before),
            expected,
            "{sequence} after {before}"
        );
    }
}

#[test]
fn a_producer_that_a_log_does_not_know_may_begin_anywhere() {
    for (sequence, before) in [(1, 0), (9, 8), (9, 3)] {
        let verdict = judge_origin(None, &Refusals::new(), sequence, before);
        assert_eq!(verdict, OriginVerdict::Append);
    }
}

#[test]
fn fault_28_what_was_refused_is_refused_again_with_its_code() {
    let last = LastStored { sequence: 5, offset: 40 };
    let mut refusals = Refusals::new();
    assert!(refusals.add(2, 1, 4403) && refusals.add(3, 2, 4403) && refusals.add(5, 4, 1009));
    for (sequence, expected) in [
        (1, OriginVerdict::Known(last)),
        (2, OriginVerdict::Refused(4403)),
        (3, OriginVerdict::Refused(4403)),
        (4, OriginVerdict::Known(last)),
        (5, OriginVerdict::Refused(1009)),
        (6, OriginVerdict::Append),
    ] {
        assert_eq!(judge_origin(Some(last), &refusals, sequence, sequence - 1), expected);
    }
    assert_eq!(refusals.entries().len(), 2, "those in a row are one entry");
}

#[test]
fn refusals_are_forgotten_when_the_client_has_their_answers() {
    let mut refusals = Refusals::new();
    (10..20).for_each(|sequence| assert!(refusals.add(sequence, sequence - 1, 4403)));
    assert!(refusals.add(30, 29, 4403));
    assert!(!refusals.forget_before(10), "nothing to forget");
    assert!(refusals.forget_before(15));
    assert_eq!((refusals.find(14), refusals.find(15)), (None, Some(4403)));
    assert!(refusals.forget_before(25));
    assert_eq!((refusals.find(19), refusals.find(30)), (None, Some(4403)));
    assert!(refusals.forget_before(31) && refusals.is_empty());
}

#[test]
fn refusals_are_bounded_and_nothing_that_is_remembered_makes_room() {
    let mut refusals = Refusals::new();
    let numbers = (1..).step_by(2).take(Refusals::ENTRIES_MAX);
    numbers.for_each(|sequence| assert!(refusals.add(sequence, sequence - 1, 4403)));
    let full = refusals.clone();
    assert!(refusals.is_full() && !refusals.add(9_999, 9_998, 4403));
    assert_eq!(refusals, full);
    // The newest entry still grows.
    let newest = full.entries().last().map_or(0, |entry| entry.last);
    assert!(refusals.add(newest + 1, newest, 4403));
    assert_eq!(refusals.find(1), Some(4403));
    assert_eq!(Refusals::from_entries(full.entries().to_vec()), Some(full));
}
