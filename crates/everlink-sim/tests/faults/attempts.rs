//! Attempts: when they are made, when they are given up, and what the server says about it.

use everlink_engine::{BackoffKind, Cause, Config, ConnectionState, Input, Jitter, Profile};
use everlink_sim::{Fault, Met, Scene, World};

use super::{HOUR, MINUTE, ms, s};

const REFUSED: Met = Met::Fail(Cause::Refused);

/// Cuts a connection, lets every dial meet the same, and returns the whole seconds between dials.
fn pauses(mut world: World, met: Met, time: std::time::Duration) -> Vec<f64> {
    world.connect().all_dials_meet(met).fault(Fault::Cut).run_for(time);
    world.expect_no_violation();
    let dials = world.dials();
    dials.windows(2).map(|pair| (pair[1].at - pair[0].at).as_secs_f64()).collect()
}

#[test]
fn fault_05_refused_dials_back_off_with_jitter_to_the_cap() {
    let jittered = |seed| {
        let builder = |builder: everlink_engine::ConfigBuilder| builder.dials_per_minute(None);
        let scene = Scene::echo(Profile::Standard).settings(builder).seed(seed);
        pauses(scene.world(), REFUSED, HOUR)
    };
    let (one, other) = (jittered(1), jittered(2));
    assert_ne!(one, other, "two clients do not come at the same moments");
    let late = &one[10..];
    assert!(late.iter().all(|pause| (0.5..61.2).contains(pause)), "{late:?}");
    assert!(late.iter().any(|pause| *pause > 20.0), "it has grown: {late:?}");
}

#[test]
fn req_b01_the_chat_bot_tries_five_times_from_two_seconds_on_doubling() {
    let scene = Scene::echo(Profile::ChatBot);
    let pauses = pauses(scene.world(), REFUSED, s(100));
    let rounded: Vec<_> = pauses[1..5].iter().map(|pause| pause.round()).collect();
    assert_eq!(rounded, [4.0, 8.0, 16.0, 32.0]);
}

/// Above it the second level looks every 10 s, and starts anew ten times at most.
#[test]
fn req_b01_the_second_level_starts_anew_ten_times_and_no_more() {
    let mut world = Scene::echo(Profile::ChatBot).world();
    world.connect().all_dials_meet(REFUSED).fault(Fault::Cut).run_for(HOUR * 3);
    let told = world.told();
    let restarts = told.iter().filter(|sentence| sentence.starts_with("second level"));
    assert_eq!(restarts.count(), 10);
    assert_eq!(world.state(), ConnectionState::Error);
    let gave_up = told.iter().filter(|sentence| sentence.starts_with("gave up")).count();
    assert_eq!(gave_up, 11);
}

#[test]
fn fault_09_a_retry_after_of_ten_years_is_ten_minutes_and_jittered() {
    let first_pause = |seed| {
        let met = Met::FailUntil(Cause::HttpStatus(503), HOUR * 24 * 3650);
        let scene = Scene::echo(Profile::Standard).seed(seed);
        pauses(scene.world(), met, HOUR)[2]
    };
    let all: Vec<_> = (1..20).map(first_pause).collect();
    assert!(all.iter().all(|pause| (600.0..661.0).contains(pause)), "{all:?}");
    assert!(all.iter().any(|pause| (pause - all[0]).abs() > 5.0), "spread: {all:?}");
}

#[test]
fn fault_10_refused_credentials_are_refreshed_once_and_then_final() {
    let mut world =
        Scene::echo(Profile::Standard).settings(|builder| builder.credentials(true)).world();
    world.all_dials_meet(Met::Fail(Cause::HttpStatus(401))).give(Input::Connect).run_for(HOUR);
    world.expect(&["failed, attempt 1 next", "failed", "gave up after 1"]);
    let refreshed: Vec<_> = world.dials().iter().map(|dial| dial.refresh_credentials).collect();
    assert_eq!(refreshed, [false, true]);
}

#[test]
fn fault_10_without_a_source_of_credentials_a_refusal_is_final_at_once() {
    let mut world = Scene::echo(Profile::Standard).world();
    world.all_dials_meet(Met::Fail(Cause::HttpStatus(403))).give(Input::Connect).run_for(HOUR);
    assert_eq!(world.dials().len(), 1);
    assert_eq!(world.state(), ConnectionState::Error);
}

#[test]
fn fault_11_a_wrong_address_is_given_up_after_every_endpoint_was_tried() {
    let mut world = Scene::echo(Profile::Standard).settings(|builder| builder.endpoints(3)).world();
    world.all_dials_meet(Met::Fail(Cause::HttpStatus(404))).give(Input::Connect).run_for(HOUR);
    world.expect_no_violation();
    let endpoints: Vec<_> = world.dials().iter().map(|dial| dial.endpoint).collect();
    assert_eq!(endpoints, [0, 1, 2]);
    assert_eq!(world.state(), ConnectionState::Error);
}

#[test]
fn fault_11_an_address_that_once_worked_is_retried_slowly() {
    let scene = Scene::echo(Profile::Standard);
    let pauses = pauses(scene.world(), Met::Fail(Cause::HttpStatus(404)), HOUR);
    assert!(pauses[2..].iter().all(|pause| *pause >= 15.0), "{pauses:?}");
    assert!(pauses.len() > 4, "and for ever: {pauses:?}");
}

#[test]
fn fault_12_a_captive_portal_keeps_the_session_and_a_new_network_tries_at_once() {
    let mut world = Scene::everlink().world();
    world.subscribe(1).connect().all_dials_meet(Met::Fail(Cause::CaptivePortal));
    world.fault(Fault::Cut).run_for(s(10));
    world.send().unwrap();
    world.run_for(s(60));
    assert_ne!(world.state(), ConnectionState::Connected);
    let before = world.dials().len();
    world.all_dials_meet(Met::Accept).fault(Fault::NetworkChanged);
    assert_eq!(world.dials().len(), before + 1, "at once");
    world.run_for(s(5));
    let told = world.told();
    assert_eq!(&told[told.len() - 2..], ["> 1", "< 1"]);
}

#[test]
fn fault_17_a_server_that_drops_at_once_gets_ten_connects_in_two_minutes() {
    for profile in [Profile::Standard, Profile::ChatPage, Profile::Rooms, Profile::Messenger] {
        let mut world = Scene::echo(profile).settings(|builder| builder.attempts_max(None)).world();
        world.all_dials_meet(Met::Flap(ms(100))).give(Input::Connect).run_for(HOUR);
        world.expect_no_violation();
        let at: Vec<_> = world.dials().iter().map(|dial| dial.at).collect();
        for eleven in at.windows(11) {
            assert!(eleven[10] - eleven[0] >= s(119), "{profile:?}: {eleven:?}");
        }
        assert!(world.info().attempts > 20, "{profile:?}: attempts keep rising");
    }
}

#[test]
fn req_x02_attempts_count_anew_only_once_a_connection_has_proved_itself() {
    let mut world = Scene::echo(Profile::ChatPage).world();
    world.dials_meet(&[Met::Flap(s(4)), Met::Flap(s(4)), Met::Accept]);
    world.give(Input::Connect).run_for(s(10));
    assert_eq!(world.info().attempts, 2, "4 s are not stable");
    world.run_for(s(40));
    assert_eq!(world.info().attempts, 0, "5 s and one heartbeat are");
    world.expect_no_violation();
}

/// The model knows the range of each; here many draws must fill it, and stay in it.
#[test]
fn req_x02_every_kind_of_backoff_and_jitter_keeps_to_its_range() {
    let jitters = [
        Jitter::None,
        Jitter::Factor,
        Jitter::Scaled,
        Jitter::Full,
        Jitter::Equal,
        Jitter::Decorrelated,
    ];
    for kind in [BackoffKind::None, BackoffKind::Fixed, BackoffKind::Exponential] {
        for jitter in jitters {
            let change = |builder: everlink_engine::ConfigBuilder| {
                builder.backoff(kind).jitter(jitter).attempts_max(Some(200))
            };
            let mut world = Scene::echo(Profile::MarketFeed).settings(change).world();
            world.all_dials_meet(REFUSED).give(Input::Connect).run_for(HOUR);
            world.expect_no_violation();
            assert!(world.dials().len() > 20, "{kind:?} {jitter:?}");
        }
    }
}

#[test]
fn req_x13_an_open_breaker_probes_each_minute_and_tests_before_use() {
    let change = |builder: everlink_engine::ConfigBuilder| builder.breaker_failures(Some(3));
    let mut world =
        Scene::echo(Profile::Rooms).settings(|builder| change(builder).attempts_max(None)).world();
    world.connect().all_dials_meet(REFUSED).fault(Fault::Cut).run_for(MINUTE * 10);
    world.expect_no_violation();
    let at: Vec<_> = world.dials().iter().map(|dial| dial.at).collect();
    let open = &at[at.len() - 5..];
    assert!(open.windows(2).all(|pair| pair[1] - pair[0] >= MINUTE), "{open:?}");
    world.all_dials_meet(Met::Mute).run_for(MINUTE * 3);
    assert_ne!(world.state(), ConnectionState::Connected, "a mute peer fails the test");
    world.all_dials_meet(Met::Accept).run_for(MINUTE * 3);
    assert!(world.told().contains(&"breaker closed".to_owned()));
}

#[test]
fn req_x14_the_servers_word_goes_before_the_backoff() {
    let hint = Met::FailUntil(Cause::HttpStatus(503), s(90));
    let pauses = pauses(Scene::echo(Profile::ChatPage).world(), hint, MINUTE * 5);
    assert!(pauses[2..].iter().all(|pause| (90.0..99.2).contains(pause)), "{pauses:?}");
}

#[test]
fn req_x14_delays_grow_up_to_twice_while_few_attempts_succeed() {
    let total = |adaptive| {
        let change = |builder: everlink_engine::ConfigBuilder| {
            builder.backoff_adaptive(adaptive).jitter(Jitter::None).return_window(None)
        };
        let scene = Scene::echo(Profile::Standard).settings(change);
        pauses(scene.world(), REFUSED, HOUR).len()
    };
    let (steady, adaptive) = (total(false), total(true));
    assert!(adaptive * 3 < steady * 2, "{adaptive} dials instead of {steady}");
}

#[test]
fn req_x06_reconnect_works_from_every_state_and_counts_anew() {
    let mut world = Scene::echo(Profile::ChatPage).world();
    world.give(Input::Reconnect).run_for(s(1)).expect(&["connected"]);
    world.give(Input::Reconnect).run_for(s(1));
    world.expect(&["lost, attempt 1 next", "connected"]);
    world.all_dials_meet(REFUSED).fault(Fault::Cut).run_for(MINUTE);
    assert_eq!(world.state(), ConnectionState::Error);
    world.told();
    world.all_dials_meet(Met::Accept).give(Input::Reconnect).run_for(s(1));
    world.expect(&["attempt 1 next", "connected"]);
}

#[test]
fn req_f04_every_kind_of_loss_leads_back_and_a_manual_stop_does_not() {
    let losses = [
        Fault::Cut,
        Fault::Reset,
        Fault::Close(1001),
        Fault::Close(1002),
        Fault::Close(1006),
        Fault::Close(1011),
        Fault::BlackHole,
    ];
    for loss in losses {
        let mut world = Scene::exchange(3).busy(s(1)).world();
        world.subscribe(3).connect().fault(loss).run_for(MINUTE * 2);
        assert_eq!(world.state(), ConnectionState::Connected, "{loss:?}");
        world.give(Input::Disconnect).run_for(HOUR);
        assert_eq!(world.state(), ConnectionState::Closed, "{loss:?}");
        world.expect_no_violation();
    }
    let mut world = Scene::exchange(3).world();
    world.dials_meet(&[Met::Stall, Met::Accept]).give(Input::Connect).run_for(s(40));
    assert_eq!(world.state(), ConnectionState::Connected, "after a connect time-out");
}

#[test]
fn a_setting_out_of_range_is_no_scene() {
    assert!(Config::builder(Profile::Standard).slow_min(ms(1)).build().is_err());
}
