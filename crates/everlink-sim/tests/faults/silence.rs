//! Silence: what is noticed, in which time, and what is no silence.

use everlink_engine::{ConnectionState, Heartbeat, Profile};
use everlink_sim::{Fault, Network, Scene};

use super::{HOUR, MINUTE, ms, s};

#[test]
fn fault_20_a_half_open_connection_is_noticed_within_interval_and_deadline() {
    for fault in [Fault::HalfOpenUp, Fault::HalfOpenDown, Fault::BlackHole] {
        for wait in [0, 7, 13, 19] {
            let scene = Scene::echo(Profile::Standard);
            let mut world = scene.settings(|builder| builder.probe_dials(false)).world();
            world.connect().run_for(s(60 + wait)).fault(fault);
            let noticed = world.until("lost", MINUTE);
            assert!(noticed <= s(30), "{fault:?}: {noticed:?}");
            world.expect_no_violation();
        }
    }
}

#[test]
fn fault_20_under_suspicion_it_is_noticed_within_two_seconds() {
    let scene = Scene::everlink().settings(|builder| builder.probe_dials(false));
    let mut world = scene.world();
    world.subscribe(1).connect().fault(Fault::NetworkGone);
    world.send().unwrap();
    let noticed = world.until("lost", MINUTE);
    assert!(noticed <= ms(2010), "{noticed:?}");
    world.run_for(s(10));
    let told = world.told();
    let arrived = told.iter().filter(|sentence| *sentence == "> 1").count();
    assert_eq!(arrived, 1, "what was not acknowledged is sent again: {told:?}");
}

#[test]
fn fault_22_a_peer_that_reads_nothing_is_left_after_ten_seconds_with_memory_bounded() {
    let heartbeat = |builder: everlink_engine::ConfigBuilder| builder.heartbeat(Heartbeat::None);
    let mut world = Scene::everlink().settings(heartbeat).world();
    world.subscribe(1).connect().fault(Fault::SlowReader);
    let taken = (0..5000).filter(|_| world.send().is_ok()).count();
    assert_eq!(taken, 1024, "the outbox is full: back-pressure");
    let noticed = world.until("lost", MINUTE);
    assert!((s(9)..=s(11)).contains(&noticed), "{noticed:?}");
    world.run_for(MINUTE);
    assert_eq!(world.info().queued_messages, 0);
    let told = world.told();
    let arrived = told.iter().filter(|sentence| sentence.starts_with("> ")).count();
    assert_eq!(arrived, taken, "all of them, once");
}

#[test]
fn fault_24_data_without_pongs_is_life() {
    let mut world = Scene::exchange(1).busy(s(2)).world();
    world.subscribe(1).connect().fault(Fault::HalfOpenUp).run_for(s(29));
    assert_eq!(world.state(), ConnectionState::Connected, "events still come");
    world.expect_no_violation();
}

#[test]
fn fault_25_control_frames_of_a_proxy_do_not_answer_for_a_dead_application() {
    let scene = Scene::echo(Profile::Messenger).settings(|builder| builder.probe_dials(false));
    let mut world = scene.world();
    world.connect().fault(Fault::HalfOpenUp);
    for _ in 0..45 {
        world.run_for(s(1)).fault(Fault::Noise { data: false });
    }
    assert!(world.told().iter().any(|sentence| sentence.starts_with("lost")), "within 30 s + 10 s");
}

#[test]
fn req_x03_with_protocol_pings_a_control_frame_is_life() {
    let scene = Scene::echo(Profile::Rooms).settings(|builder| builder.probe_dials(false));
    let mut world = scene.world();
    world.connect().fault(Fault::HalfOpenUp);
    for _ in 0..20 {
        world.run_for(s(1)).fault(Fault::Noise { data: false });
    }
    world.expect(&["connected"]);
}

#[test]
fn req_x03_both_levels_of_heartbeat_keep_and_lose_a_connection() {
    for level in [Heartbeat::Protocol, Heartbeat::Application] {
        let scene = Scene::echo(Profile::Messenger).settings(|builder| builder.heartbeat(level));
        let mut world = scene.world();
        world.connect().run_for(HOUR).expect(&["connected"]);
        assert!(world.pings() >= 118, "one each 30 s");
        world.fault(Fault::BlackHole).run_for(MINUTE);
        assert!(world.told()[0].starts_with("lost"), "{level:?}");
    }
}

#[test]
fn fault_26_five_seconds_of_latency_are_no_loss() {
    let mut world = Scene::echo(Profile::Standard).network(Network::steady(2500, 2400)).world();
    world.connect().run_for(HOUR);
    world.expect(&["connected"]);
}

#[test]
fn req_x04_silence_in_data_reconnects_although_pings_are_answered() {
    let mut world = Scene::echo(Profile::ChatBot).world();
    world.connect().run_for(s(295)).expect(&["connected"]);
    world.run_for(s(30));
    world.expect(&["second level 1: Stale", "lost, attempt 1 next", "connected"]);
}

#[test]
fn fault_57_heartbeats_leave_no_minute_of_silence_and_a_cut_is_mended_in_two_seconds() {
    for profile in Profile::ALL {
        let mut world = Scene::echo(profile).settings(|builder| builder.stale_after(None)).world();
        world.connect().run_for(HOUR).expect(&["connected"]);
        assert!(world.longest_silence() < MINUTE, "{profile:?}: {:?}", world.longest_silence());
    }
    for seed in 0..50 {
        let mut world = Scene::echo(Profile::Standard).seed(seed).world();
        world.connect().run_for(MINUTE).fault(Fault::Cut);
        let back = world.until("connected", s(10));
        assert!(back < ms(2200), "seed {seed}: {back:?}");
    }
}
