//! Ten thousand clients dropped at once.

use everlink_engine::{Cause, Profile};
use everlink_sim::{Fault, Met, Scene};

use super::{MINUTE, s};

const CLIENTS: u64 = 10_000;

/// Returns when each client dials again after a cut, in seconds.
fn returns(scene: &Scene, fault: Fault) -> Vec<f64> {
    let one = |seed| {
        let mut world = scene.clone().seed(seed).world();
        world.connect().run_for(s(30)).fault(fault);
        let (cut, before) = (world.now(), world.dials().len());
        world.run_for(MINUTE + s(20));
        world.expect_no_violation();
        (world.dials()[before].at - cut).as_secs_f64()
    };
    (0..CLIENTS).map(one).collect()
}

/// Counts in how many clients fall into the fullest of so many equal parts of a time.
fn fullest(times: &[f64], parts: usize, width: f64) -> usize {
    let mut counts = vec![0; parts];
    for time in times {
        let part = (time / width * parts as f64) as usize;
        counts[part.min(parts - 1)] += 1;
    }
    counts.into_iter().max().unwrap_or_default()
}

#[test]
fn fault_50_returns_spread_over_the_window_that_the_server_named() {
    let scene = Scene::everlink().return_window(MINUTE);
    let times = returns(&scene, Fault::Reset);
    assert!(times.iter().all(|time| *time <= 60.1));
    let most = fullest(&times, 60, 60.0);
    assert!(most < 250, "{most} clients in one second, where 167 are even");
}

#[test]
fn fault_50_a_slot_is_kept_and_spread() {
    let scene = Scene::everlink();
    let one = |seed| {
        let mut world = scene.clone().seed(seed).world();
        world.connect().run_for(s(30)).fault(Fault::Away(s(20 + seed % 20)));
        let (asked, before) = (world.now(), world.dials().len());
        world.run_for(MINUTE);
        world.expect_no_violation();
        let early = s(20 + seed % 20);
        let slot = world.dials()[before].at - asked;
        assert!(slot >= early && slot <= early + s(5), "seed {seed}: {slot:?}");
    };
    (0..2000).for_each(one);
}

/// Everyone has failed for ten minutes: all are at the cap, and still none comes with the others.
#[test]
fn fault_50_jitter_holds_at_the_cap() {
    let scene = Scene::echo(Profile::Standard);
    let one = |seed| {
        let mut world = scene.clone().seed(seed).world();
        world.connect().all_dials_meet(Met::Fail(Cause::Refused)).fault(Fault::Reset);
        world.run_for(MINUTE * 10);
        world.expect_no_violation();
        let last = world.dials().last().map(|dial| dial.at).unwrap_or_default();
        (world.now() - last).as_secs_f64()
    };
    let times: Vec<_> = (0..2000).map(one).collect();
    let most = fullest(&times, 60, 60.0);
    assert!(most < 200, "{most} of 2,000 clients dialed in the same second");
}
