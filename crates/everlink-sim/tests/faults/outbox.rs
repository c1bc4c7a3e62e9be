//! The outbox: bounds, policies, order.

use everlink_engine::{Cause, Input, InputError, Overflow, Profile, SendPolicy};
use everlink_sim::{Fault, Met, Scene};

use super::{MINUTE, s};

const REFUSED: Met = Met::Fail(Cause::Refused);

#[test]
fn fault_37_a_full_outbox_follows_the_policy_and_stays_flat() {
    for (overflow, taken) in [(Overflow::Wait, 8), (Overflow::Fail, 8), (Overflow::DropOldest, 100)]
    {
        let change = |builder: everlink_engine::ConfigBuilder| {
            builder.queue_messages_max(8).overflow(overflow)
        };
        let mut world = Scene::everlink().settings(change).world();
        world.connect().all_dials_meet(REFUSED).fault(Fault::Cut).run_for(s(5));
        let mut ok = 0;
        for _ in 0..100 {
            match world.send() {
                Ok(_) => ok += 1,
                Err(error) => assert!(matches!(error, InputError::QueueFull { .. }), "{error}"),
            }
            assert!(world.info().queued_messages <= 8);
        }
        assert_eq!(ok, taken, "{overflow:?}");
        world.all_dials_meet(Met::Accept).give(Input::Reconnect).run_for(MINUTE);
        let told = world.told();
        let arrived = told.iter().filter(|sentence| sentence.starts_with("> ")).count();
        assert_eq!(arrived, 8, "{overflow:?}");
        let room = told.contains(&"room".to_owned());
        assert_eq!(room, overflow == Overflow::Wait, "{overflow:?}");
    }
}

#[test]
fn req_m05_a_hundred_wait_the_oldest_goes_first_and_is_reported() {
    let mut world = Scene::echo(Profile::Messenger).world();
    world.connect().all_dials_meet(REFUSED).fault(Fault::Reset).run_for(s(2)).told();
    for _ in 0..103 {
        world.send().unwrap();
    }
    let dropped = ["1 DroppedOldest", "2 DroppedOldest", "3 DroppedOldest"];
    world.expect(&dropped);
    assert_eq!(world.info().queued_messages, 100);
    world.all_dials_meet(Met::Accept).give(Input::Reconnect).run_for(s(2));
    let told = world.told();
    let arrived: Vec<_> = told.iter().filter_map(|sentence| sentence.strip_prefix("> ")).collect();
    let expected: Vec<_> = (4..=103).map(|id: u32| id.to_string()).collect();
    assert_eq!(arrived, expected, "drained in order");
}

#[test]
fn req_m05_a_disconnect_clears_the_queue() {
    let mut world = Scene::echo(Profile::Messenger).world();
    world.connect().all_dials_meet(REFUSED).fault(Fault::Reset).run_for(s(2)).told();
    world.send().unwrap();
    world.send().unwrap();
    world.give(Input::Disconnect).expect(&["1-2 Cleared", "closed"]);
    assert_eq!(world.info().queued_messages, 0);
}

#[test]
fn a_volatile_message_goes_now_or_not_at_all() {
    let mut world = Scene::echo(Profile::Standard).world();
    world.connect();
    world.send_by(SendPolicy::Volatile).unwrap();
    world.run_for(s(1)).expect(&["connected", "> 1", "< 1"]);
    world.all_dials_meet(REFUSED).fault(Fault::Reset).run_for(s(1)).told();
    world.send_by(SendPolicy::Volatile).unwrap();
    world.expect(&["2 DroppedVolatile"]);
}

#[test]
fn what_a_best_effort_server_never_got_is_in_doubt_and_told() {
    let mut world = Scene::echo(Profile::Standard).world();
    world.connect().fault(Fault::BlackHole);
    world.send().unwrap();
    world.send().unwrap();
    world.run_for(MINUTE);
    let told = world.told();
    assert!(told.contains(&"1-2 in doubt".to_owned()), "{told:?}");
    assert_eq!(world.figures().in_doubt, 2);
}
