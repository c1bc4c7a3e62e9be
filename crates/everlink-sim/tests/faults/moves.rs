//! Planned moves: the successor stands before the old connection goes.

use everlink_engine::{ConnectionState, Profile};
use everlink_sim::{Fault, Scene};

use super::{HOUR, MINUTE, ms, s};

/// Returns the numbers of the events that were delivered.
fn delivered(told: &[String]) -> Vec<u64> {
    let numbers = told.iter().filter_map(|sentence| sentence.strip_prefix("< "));
    numbers.filter_map(|number| number.parse().ok()).collect()
}

/// The exchange cuts at 24 h; one channel, so that its events have no holes of their own.
#[test]
fn req_f09_the_connection_is_renewed_before_24_hours_and_no_event_is_missed_or_doubled() {
    for seed in 0..3 {
        let mut world = Scene::exchange(1).busy(s(2)).seed(seed).world();
        world.subscribe(1).connect().run_for(HOUR * 24 * 3);
        let told = world.told();
        assert!(!told.iter().any(|sentence| sentence.starts_with("lost")), "no outage");
        assert!(world.figures().moves >= 3, "{} moves", world.figures().moves);
        let events = delivered(&told);
        let expected: Vec<_> = (events[0]..events[0] + events.len() as u64).collect();
        assert_eq!(events, expected);
        assert!(events.len() > 100_000);
    }
}

#[test]
fn req_n05_a_server_that_asks_us_away_is_left_without_a_gap() {
    let mut world = Scene::everlink().busy(ms(20)).world();
    world.subscribe(1).connect().told();
    for _ in 0..20 {
        world.fault(Fault::Away(s(2))).run_for(s(10));
    }
    let told = world.told();
    assert_eq!(told.iter().filter(|sentence| *sentence == "moved").count(), 20);
    assert!(!told.iter().any(|sentence| sentence.starts_with("lost")));
    assert!(world.figures().delivered > 3000, "{}", world.figures().delivered);
}

#[test]
fn req_n05_messages_sent_during_a_move_arrive_once_and_in_order() {
    for profile in [Profile::Standard, Profile::Messenger] {
        let change = |builder: everlink_engine::ConfigBuilder| {
            builder.renew_after(Some(MINUTE)).queue_messages_max(1000)
        };
        let mut world = Scene::echo(profile).settings(change).world();
        world.connect().told();
        for _ in 0..3000 {
            world.send().unwrap();
            world.run_for(ms(100));
        }
        world.run_for(s(5));
        let told = world.told();
        assert!(world.figures().moves >= 4, "{profile:?}: {} moves", world.figures().moves);
        let arrived = told.iter().filter_map(|sentence| sentence.strip_prefix("> "));
        let arrived: Vec<u64> = arrived.map(|number| number.parse().unwrap()).collect();
        assert_eq!(arrived, (1..=3000).collect::<Vec<_>>(), "{profile:?}");
    }
}

#[test]
fn a_successor_that_fails_leaves_the_old_connection_alone() {
    let mut world = Scene::everlink().busy(s(1)).world();
    world.subscribe(1).connect();
    world.dials_meet(&[everlink_sim::Met::Mute]).fault(Fault::Away(s(1))).run_for(MINUTE * 3);
    assert_eq!(world.state(), ConnectionState::Connected);
    assert_eq!((world.figures().cuts, world.figures().moves), (0, 1), "the next one succeeds");
    world.expect_no_violation();
}
