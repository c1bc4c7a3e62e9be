//! What a platform does to a client: sleep, clocks, tabs, networks.

use everlink_engine::{ConnectionState, Input, Profile};
use everlink_sim::{Fault, Scene};

use super::{HOUR, MINUTE, ms, s};

#[test]
fn fault_40_after_eight_hours_asleep_it_is_back_within_seconds_with_fresh_credentials() {
    for seed in 0..20 {
        let scene = Scene::everlink().settings(|builder| builder.credentials(true)).seed(seed);
        let mut world = scene.world();
        world.subscribe(1).connect().fault(Fault::Suspend(HOUR * 8)).run_for(HOUR * 8);
        world.give(Input::Woke);
        let dials = world.dials().len();
        world.run_for(s(10));
        assert_eq!(world.state(), ConnectionState::Connected, "seed {seed}");
        let first = world.dials().get(dials.saturating_sub(1)..).and_then(<[_]>::last);
        assert!(first.is_some_and(|dial| dial.refresh_credentials), "seed {seed}");
        world.expect_no_violation();
    }
}

#[test]
fn fault_41_a_jump_of_the_wall_clock_changes_nothing() {
    let run = |jumps: bool| {
        let mut world = Scene::everlink().busy(s(3)).world();
        world.subscribe(2).connect().run_for(MINUTE);
        if jumps {
            world.wall_clock_jumps(HOUR);
        }
        world.run_for(HOUR).trace_hash()
    };
    assert_eq!(run(false), run(true));
}

#[test]
fn fault_42_one_timer_a_minute_does_not_kill_a_live_link() {
    for profile in [Profile::Standard, Profile::Messenger, Profile::Rooms] {
        let mut world = Scene::echo(profile).world();
        world.connect().timers_every(MINUTE).run_for(HOUR * 3);
        world.expect(&["connected"]);
    }
}

#[test]
fn fault_43_a_page_that_is_hidden_and_shown_has_one_socket_and_resumes() {
    for seed in 0..20 {
        let mut world = Scene::everlink().busy(s(20)).seed(seed).world();
        world.subscribe(1).connect().fault(Fault::Suspend(MINUTE * 10)).run_for(MINUTE * 10);
        world.give(Input::Woke).give(Input::Online).run_for(s(8));
        assert_eq!((world.state(), world.sockets()), (ConnectionState::Connected, 1), "{seed}");
        world.expect_no_violation();
    }
}

#[test]
fn fault_44_another_network_moves_the_connection_and_loses_nothing() {
    for seed in 0..30 {
        let mut world = Scene::everlink().busy(ms(500)).seed(seed).world();
        world.subscribe(1).connect().run_for(s(10));
        world.send().unwrap();
        world.fault(Fault::NetworkGone);
        world.send().unwrap();
        world.run_for(s(10));
        let told = world.told();
        for message in ["> 1", "> 2", "< 1", "< 2"] {
            let times = told.iter().filter(|sentence| *sentence == message).count();
            assert_eq!(times, 1, "seed {seed}: {message} in {told:?}");
        }
        assert_eq!(world.state(), ConnectionState::Connected);
    }
}

#[test]
fn fault_45_online_and_offline_lie_a_probe_answers_and_nothing_is_cut() {
    let mut world = Scene::echo(Profile::Standard).world();
    world.connect().run_for(s(4));
    let before = world.pings();
    for _ in 0..50 {
        world.fault(Fault::Offline).fault(Fault::Online).run_for(ms(90));
    }
    assert_eq!(world.pings() - before, 1, "at most one probe in 5 s");
    world.run_for(MINUTE).expect(&["connected"]);
    assert_eq!(world.sockets(), 1, "what suspicion dialed is gone");
}
