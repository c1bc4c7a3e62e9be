//! How a crowd is spread: slots of a drain, the window for returns, rates.

use std::time::Duration;

use everlink_engine::Timestamp;
use everlink_engine::limits::HINT_MAX;
use everlink_engine::server::{DrainPlan, RateLimit, ReturnWindow, TokenBucket};

use crate::bench::secs;

#[test]
fn req_n04_the_slots_of_a_drain_fill_the_window_evenly() {
    // One more than there may be, as a plan without an end must fail and not fill the memory.
    let slots_of = |seed| DrainPlan::new(1_000, secs(100), seed).take(1_001).collect::<Vec<_>>();
    let slots = slots_of(7);
    assert_eq!(slots.len(), 1_000);
    for (at, slot) in slots.iter().enumerate() {
        let share = Duration::from_millis(100 * at as u64);
        assert!(share <= *slot && *slot < share + Duration::from_millis(100), "{at}: {slot:?}");
    }
    let spread: std::collections::BTreeSet<_> =
        slots.iter().map(|slot| slot.as_millis() % 100).collect();
    assert!(spread.len() > 50, "not in step: {}", spread.len());
    assert_ne!(slots, slots_of(8));
    assert_eq!(slots, slots_of(7));
}

#[test]
fn a_drain_knows_how_many_slots_are_left() {
    let mut plan = DrainPlan::new(3, secs(30), 7);
    for left in [3, 2, 1, 0, 0] {
        assert_eq!((plan.len(), plan.size_hint()), (left, (left, Some(left))));
        assert_eq!(plan.next().is_some(), left > 0);
    }
}

#[test]
fn a_drain_of_nobody_has_no_slots_and_no_slot_is_beyond_what_clients_obey() {
    assert_eq!(DrainPlan::new(0, secs(10), 1).next(), None);
    assert!(DrainPlan::new(10, secs(100_000), 1).take(11).all(|slot| slot <= HINT_MAX));
}

#[test]
fn req_n04_the_window_for_returns_follows_from_clients_and_the_accepts_that_were_seen() {
    let mut window = ReturnWindow::new(1_000);
    assert_eq!(window.window(10_000), secs(15));
    for at in 0..2_000 {
        window.accepted(Timestamp::from_nanos(at * 400_000));
    }
    assert_eq!((window.rate(), window.window(10_000)), (2_000, Duration::from_millis(7_500)));
    window.accepted(Timestamp::from_millis(60_000));
    assert_eq!(window.rate(), 2_000, "a quiet second says nothing");
    assert_eq!(ReturnWindow::new(0).window(u32::MAX), HINT_MAX);
    assert_eq!(window.window(0), Duration::ZERO);
    assert_eq!(window.window(1), Duration::from_millis(10), "whoever is alone comes back at once");
    for few in [100, 500, 1_000] {
        assert_eq!(window.window(few), secs(1), "few may be many in a moment");
    }
    assert_eq!(ReturnWindow::backoff_max(secs(1)), secs(5));
    assert_eq!(ReturnWindow::backoff_max(secs(40)), secs(40));
}

#[test]
fn a_bucket_gives_what_it_holds_at_once_and_then_as_fast_as_it_fills() {
    let mut bucket = TokenBucket::new(RateLimit::new(10, 5).unwrap());
    let start = Timestamp::from_millis(1_000);
    assert!((0..5).all(|_| bucket.take(start, 1)));
    assert!(!bucket.take(start, 1));
    assert_eq!(bucket.ready_at(1), Timestamp::from_millis(1_100));
    assert!(!bucket.take(Timestamp::from_millis(1_099), 1));
    assert!(bucket.take(Timestamp::from_millis(1_100), 1));
    assert!(bucket.take(Timestamp::from_millis(10_000), 5), "it holds no more than a burst");
    assert!(!bucket.take(Timestamp::from_millis(10_000), 1));
}

#[test]
fn a_bucket_can_be_owed_and_counts_its_debt() {
    let mut bucket = TokenBucket::new(RateLimit::new(10, 5).unwrap());
    let start = Timestamp::from_millis(1_000);
    bucket.owe(start, 8);
    assert_eq!(bucket.debt(start), 3);
    assert_eq!(bucket.debt(Timestamp::from_millis(1_100)), 2);
    assert_eq!(bucket.debt(Timestamp::from_millis(1_300)), 0);
    assert_eq!(bucket.ready_at(1), Timestamp::from_millis(1_400));
}

#[test]
fn a_rate_of_nothing_is_none() {
    assert!(RateLimit::new(0, 5).is_none() && RateLimit::new(5, 0).is_none());
}

#[test]
fn the_highest_rate_and_the_latest_time_do_not_overflow() {
    let mut bucket = TokenBucket::new(RateLimit::new(u32::MAX, u32::MAX).unwrap());
    assert!(bucket.take(Timestamp::from_nanos(u64::MAX), 1));
    bucket.owe(Timestamp::from_nanos(u64::MAX), u32::MAX);
    assert!(bucket.debt(Timestamp::from_nanos(u64::MAX)) < u64::MAX);
}
