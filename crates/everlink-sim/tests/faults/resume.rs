//! The resuming dialect: nothing lost, doubled or reordered; what cannot be had is a gap.

use everlink_engine::ConnectionState;
use everlink_sim::{Fault, Met, Scene};

use super::{MINUTE, ms, s};

#[test]
fn fault_27_what_was_not_acknowledged_is_sent_again_and_handled_once() {
    for fault in [Fault::Reset, Fault::Cut, Fault::HalfOpenUp, Fault::HalfOpenDown] {
        for seed in 0..20 {
            let mut world = Scene::everlink().seed(seed).world();
            world.subscribe(1).connect().told();
            for _ in 0..10 {
                world.send().unwrap();
            }
            world.run_for(ms(seed * 5)).fault(fault).run_for(MINUTE * 2);
            let told = world.told();
            let got = told.iter().filter_map(|sentence| sentence.strip_prefix("< "));
            let got: Vec<u64> = got.map(|number| number.parse().unwrap()).collect();
            assert_eq!(got, (1..=10).collect::<Vec<_>>(), "{fault:?}, seed {seed}");
        }
    }
}

#[test]
fn fault_32_a_server_restart_with_a_durable_log_loses_nothing() {
    let mut world = Scene::everlink().busy(ms(200)).world();
    world.subscribe(3).connect();
    for _ in 0..20 {
        world.send().unwrap();
        world.fault(Fault::Crash { durable: true }).run_for(MINUTE);
    }
    assert_eq!((world.figures().cuts, world.figures().gaps), (20, 0));
    world.expect_no_violation();
}

#[test]
fn fault_33_a_restart_with_a_memory_log_is_a_gap_and_what_was_open_is_sent_again() {
    let mut world = Scene::everlink().world();
    world.subscribe(1).connect();
    world.send().unwrap();
    world.run_for(s(1)).told();
    world.send().unwrap();
    world.fault(Fault::Crash { durable: false }).run_for(s(5));
    world.expect(&[
        "lost, attempt 1 next",
        "subscribed 0",
        "all 1 subscribed",
        "gap 2 to 0: Epoch",
        "connected",
        "> 2",
        "< 2",
    ]);
}

#[test]
fn fault_35_expired_history_is_a_gap_with_its_range_and_then_what_is_left() {
    let mut world = Scene::everlink().busy(s(1)).history(20).world();
    world.subscribe(1).connect().all_dials_meet(Met::Stall).fault(Fault::Cut);
    world.run_for(MINUTE * 5).all_dials_meet(Met::Accept).run_for(MINUTE);
    let told = world.told();
    let gap = told.iter().position(|sentence| sentence.contains("Expired")).unwrap();
    let connected = told.iter().rposition(|sentence| sentence == "connected").unwrap();
    assert!(gap < connected, "caught up before it is told as connected: {told:?}");
    assert_eq!(world.state(), ConnectionState::Connected);
}

#[test]
fn fault_52_a_slow_handler_is_back_pressure_or_a_gap_and_never_a_kill() {
    let mut world = Scene::everlink().busy(ms(20)).history(200).world();
    world.subscribe(1).connect().run_for(s(5)).told();
    world.fault(Fault::ReadPause(MINUTE)).run_for(MINUTE * 2);
    let told = world.told();
    assert!(told.iter().any(|sentence| sentence.contains("Slow")), "a gap says so");
    assert!(!told.iter().any(|sentence| sentence.starts_with("lost")));
}
