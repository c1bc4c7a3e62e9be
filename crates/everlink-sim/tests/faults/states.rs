//! States, events and figures.

use everlink_engine::{Cause, ConnectionState, Input, Profile, Quality};
use everlink_sim::{Fault, Met, Scene};

use super::{HOUR, MINUTE, ms, s};

const REFUSED: Met = Met::Fail(Cause::Refused);

#[test]
fn req_x01_a_cut_is_told_as_lost_then_connected_again() {
    let mut world = Scene::echo(Profile::Standard).world();
    world.connect().expect(&["connected"]);
    world.fault(Fault::Cut).run_for(s(5)).expect(&["lost, attempt 1 next", "connected"]);
    world.send().unwrap();
    world.run_for(s(1)).expect(&["> 1", "< 1"]);
}

#[test]
fn req_x01_each_of_the_six_states_is_seen() {
    let mut world = Scene::echo(Profile::ChatPage).world();
    let mut seen = vec![world.state()];
    world.all_dials_meet(Met::AcceptAfter(s(1))).give(Input::Connect);
    seen.push(world.state());
    world.run_for(s(3));
    seen.push(world.state());
    world.all_dials_meet(REFUSED).fault(Fault::Reset).run_for(ms(100));
    seen.push(world.state());
    world.run_for(s(2));
    seen.push(world.state());
    world.run_for(MINUTE);
    seen.push(world.state());
    use ConnectionState::{Closed, Connected, Connecting, Disconnected, Error, Reconnecting};
    assert_eq!(seen, [Closed, Connecting, Connected, Disconnected, Reconnecting, Error]);
    world.expect_no_violation();
}

#[test]
fn req_x05_a_disconnect_cancels_whatever_is_pending() {
    for met in [Met::Stall, Met::AcceptAfter(s(5)), REFUSED, Met::Accept] {
        let mut world = Scene::echo(Profile::Standard).world();
        world.all_dials_meet(met).give(Input::Connect).run_for(ms(700));
        world.give(Input::Disconnect);
        let dials = world.dials().len();
        world.run_for(HOUR);
        assert_eq!((world.state(), world.dials().len()), (ConnectionState::Closed, dials));
        assert_eq!(world.sockets(), 0, "{met:?}");
        world.expect_no_violation();
    }
}

#[test]
fn req_x05_a_disconnect_during_a_hand_over_leaves_no_socket() {
    let mut world = Scene::everlink().world();
    world.subscribe(1).connect().dials_meet(&[Met::AcceptAfter(s(3))]).fault(Fault::Away(s(1)));
    world.run_for(s(3));
    assert_eq!(world.sockets(), 2, "the successor is being dialed");
    world.give(Input::Disconnect).run_for(HOUR);
    assert_eq!((world.state(), world.sockets()), (ConnectionState::Closed, 0));
    world.expect_no_violation();
}

/// The dial is answered, or a timer goes off, in the same moment as the disconnect.
#[test]
fn fault_55_close_racing_a_dial_or_a_timer_opens_no_socket_afterwards() {
    for millis in 0..200 {
        let mut world = Scene::echo(Profile::Standard).world();
        world.dials_meet(&[REFUSED]).give(Input::Connect).run_for(ms(millis * 10));
        world.give(Input::Disconnect).give(Input::Timeout);
        let dials = world.dials().len();
        world.run_for(MINUTE);
        assert_eq!((world.dials().len(), world.sockets()), (dials, 0), "at {millis}0 ms");
        world.expect_no_violation();
    }
}

#[test]
fn req_x07_connection_info_tells_what_is_and_what_was() {
    let mut world = Scene::echo(Profile::Standard).world();
    world.connect().run_for(s(99));
    let info = world.info();
    assert!(info.is_connected() && !info.is_reconnecting());
    assert_eq!(info.quality, Quality::Good, "a round trip of 40 to 60 ms");
    assert!(info.latency.is_some_and(|latency| (ms(40)..=ms(60)).contains(&latency)));
    world.all_dials_meet(REFUSED).fault(Fault::Cut).run_for(s(100));
    let info = world.info();
    assert!(!info.is_connected() && info.is_reconnecting());
    assert_eq!(info.last_failure.map(|failure| failure.cause), Some(Cause::Refused));
    assert!(info.attempts > 2 && info.next_attempt.is_some() && info.success_rate < 0.8);
    assert_eq!(info.uptime.as_secs(), 99);
    assert_eq!(info.downtime.as_secs(), 100);
    world.send().unwrap();
    assert_eq!(world.info().queued_messages, 1);
}

#[test]
fn req_x08_a_whole_outage_is_told_once_and_in_order() {
    let mut world = Scene::echo(Profile::ChatPage).world();
    world.connect();
    world.dials_meet(&[REFUSED, REFUSED]).fault(Fault::Reset).run_for(s(10));
    world.expect(&[
        "connected",
        "lost, attempt 1 next",
        "failed, attempt 2 next",
        "failed, attempt 3 next",
        "connected",
    ]);
    world.all_dials_meet(REFUSED).fault(Fault::Reset).run_for(MINUTE);
    assert_eq!(world.told().last().map(String::as_str), Some("gave up after 5"));
}

#[test]
fn fault_18_a_clean_close_without_bye_is_no_end() {
    let mut world = Scene::echo(Profile::Standard).world();
    world.connect().fault(Fault::Close(1000)).run_for(s(5));
    world.expect(&["connected", "lost, attempt 1 next", "connected"]);
}

#[test]
fn fault_19_a_close_that_is_never_echoed_holds_the_socket_for_a_second() {
    let mut world = Scene::echo(Profile::Standard).world();
    world.connect().fault(Fault::BlackHole).give(Input::Disconnect).run_for(ms(900));
    assert_eq!(world.sockets(), 1, "the close frame is on its way");
    world.run_for(ms(200));
    assert_eq!(world.sockets(), 0);
    world.give(Input::Connect).run_for(s(1));
    assert_eq!((world.state(), world.sockets()), (ConnectionState::Connected, 1));
    world.expect_no_violation();
}
